"""Tracklets of two people, cut by looks where one of the two is seen elsewhere as well."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.types import Appearance, Tracklet, TrackletKey
from pipeline.association import AssociateConfig, identify
from pipeline.association.conflicts import find_conflicts
from pipeline.camera_tracks import CameraTracks
from tests.association.worlds import cameras, cosine, descriptors, tracklet

Stretch = tuple[int, range]  # who, and in which frames


def seen(camera: str, local_id: int, *stretches: Stretch, every: int = 5) -> tuple[Tracklet, Appearance]:
    """A tracklet of one person after the other, with a crop every so many frames."""
    frames = [frame for _, span in stretches for frame in span]
    who = np.array([person for person, span in stretches for _ in span])
    crops = np.arange(2, len(frames), every)
    looks = np.eye(6)[who[crops]] if len(crops) else np.zeros((0, 6))
    one = tracklet(camera, local_id, frames)
    return one, Appearance(one.key, np.array(frames)[crops], descriptors(looks))


def mirrored(one: Tracklet, look: Appearance, length: int = 100) -> tuple[Tracklet, Appearance]:
    """The same with time the other way."""
    frames = length - 1 - one.frames[::-1]
    crops = replace(look, frames=length - 1 - look.frames[::-1], descriptors=look.descriptors[::-1])
    return replace(one, frames=frames, times_s=frames / 10), crops


# In camera a the track of a bystander, 1, takes over 0 at frame 50, with whom another has gone on up to frame 43.
TAKEN_OVER = [
    seen("a", 1, (0, range(44))),
    seen("a", 2, (1, range(20, 50)), (0, range(50, 100))),
    seen("b", 1, (0, range(100))),
    seen("b", 2, (1, range(20, 60))),
]
LABEL = [0, 2, 0, 1]  # the two of camera a share frames, so the second is nobody else's


def conflicts(
    world: Sequence[tuple[Tracklet, Appearance]], label: Sequence[int], config: AssociateConfig | None = None
) -> dict[int, int]:
    looks = {look.key: look for _, look in world if len(look.frames)}
    return find_conflicts([one for one, _ in world], looks, np.array(label), config or AssociateConfig(), cosine)


def test_the_half_that_another_tracklet_is_kept_from_is_cut_off() -> None:
    found = conflicts(TAKEN_OVER, LABEL)
    assert list(found) == [1]
    one, crops = TAKEN_OVER[1]
    last = crops.frames[crops.descriptors.global_[:, 1] > 0.5][-1]
    assert last < one.frames[found[1]] <= 52, "between the last crop of 1 and the first of 0"


def test_backwards_it_is_the_first_half() -> None:
    world = [mirrored(*one) for one in TAKEN_OVER]
    found = conflicts(world, LABEL)
    assert list(found) == [1]
    assert world[1][0].frames[found[1]] == pytest.approx(50, abs=4)


def test_it_is_cut_where_the_other_track_ended() -> None:
    """Crops are far apart; that the person was lost elsewhere at 55 tells when they were taken over."""
    world = [
        seen("a", 1, (0, range(55))),
        seen("a", 2, (1, range(20, 55)), (0, range(55, 140)), every=15),
        seen("b", 1, (0, range(140))),
    ]
    found = conflicts(world, [0, 1, 0])
    assert world[1][0].frames[found[1]] == 55


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({0: seen("a", 1, (0, range(100)))}, "the other one is seen beside both halves"),
        ({0: seen("c", 1, (0, range(44)))}, "nobody is in the way"),
        ({1: seen("a", 2, (1, range(20, 100)))}, "it looks the same all along"),
        ({1: seen("a", 2, (1, range(20, 50)), (3, range(50, 100)))}, "the second half is a third person"),
        ({1: seen("a", 2, (1, range(20, 50)), (0, range(50, 54)))}, "one crop is not enough"),
        ({1: seen("a", 2, (1, range(20, 50)), (0, range(50, 100)), every=200)}, "there is no crop"),
    ],
)
def test_what_is_left_whole(change: dict[int, tuple[Tracklet, Appearance]], why: str) -> None:
    world = [change.get(row, one) for row, one in enumerate(TAKEN_OVER)]
    assert conflicts(world, LABEL) == {}, why


def test_a_half_that_fits_its_own_group_stays() -> None:
    """Both look like 0, but the rest of its own group is nearer."""
    looks = np.array([[1.0, 0.3], [1.0, 0.0], [0.0, 1.0]])
    world = [seen("a", 1, (0, range(44))), *TAKEN_OVER[1:3], seen("c", 1, (0, range(60, 100)))]
    world[0] = (world[0][0], replace(world[0][1], descriptors=descriptors(looks[[0] * len(world[0][1].frames)])))
    of = [looks[[2] * 6 + [1] * 10], looks[[0] * 20], looks[[1] * 8]]
    world[1:] = [
        (one, replace(look, descriptors=descriptors(new))) for (one, look), new in zip(world[1:], of, strict=True)
    ]
    assert conflicts(world, [0, 1, 0, 1]) == {}
    assert list(conflicts(world[:3], [0, 1, 0])) == [1]


@pytest.mark.parametrize("config", [AssociateConfig(conflict_unlike=2.0), AssociateConfig(conflict_like=0.0)])
def test_it_can_be_left_out(config: AssociateConfig) -> None:
    assert conflicts(TAKEN_OVER, LABEL, config) == {}


def test_nobody_and_somebody_alone() -> None:
    assert conflicts([], []) == {}
    assert conflicts(TAKEN_OVER[:1], [0]) == {}


def tracks(world: Sequence[tuple[Tracklet, Appearance]]) -> list[CameraTracks]:
    found = []
    for camera in cameras(*sorted({one.key.camera for one, _ in world})):
        mine = [pair for pair in world if pair[0].key.camera == camera.id]
        found.append(CameraTracks(camera, [one for one, _ in mine], [look for _, look in mine]))
    return found


@pytest.mark.parametrize("rounds", [0, 2])
def test_a_run_without_calibration_keeps_both_people_whole(rounds: int) -> None:
    found = identify(tracks(TAKEN_OVER), AssociateConfig(switch_rounds=rounds), {}, (), looks=cosine)
    groups = {frozenset(one.tracklets) for one in found.identities}
    first, second = TrackletKey("a", 1), TrackletKey("a", 2)
    if not rounds:
        assert not any({first, second} <= group for group in groups)
        return
    piece = TrackletKey("a", 3)
    assert frozenset({first, piece, TrackletKey("b", 1)}) in groups
    assert frozenset({second, TrackletKey("b", 2)}) in groups
    (camera_a,) = [one for one in found.tracks if one.camera.id == "a"]
    lengths = {one.key: len(one) for one in camera_a.tracklets}
    assert lengths[second] + lengths[piece] == 80, "nothing is lost"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_whoever_stays_one_person_is_left_whole(seed: int) -> None:
    """Whatever the groups are that people were put into, and whoever is seen when."""
    rng = np.random.default_rng(seed)
    world = []
    for number in range(8):
        begin = int(rng.integers(0, 60))
        one, look = seen("ab"[number % 2], number, (int(rng.integers(0, 4)), range(begin, begin + 40)))
        noisy = look.descriptors.global_ + rng.normal(0, 0.08, look.descriptors.global_.shape)
        world.append((one, replace(look, descriptors=descriptors(noisy))))
    assert conflicts(world, rng.integers(0, 4, 8).tolist()) == {}


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6))
def test_what_is_cut_off_no_longer_shares_a_frame(seed: int) -> None:
    """One piece of each cut shares no frame with the tracklets of some other group, and both hold something."""
    rng = np.random.default_rng(seed)
    world = []
    for number in range(6):
        begin, change, end = np.sort(rng.choice(80, 3, replace=False)).tolist()
        stretches = [
            (int(who), span)
            for who, span in zip(rng.integers(0, 3, 2), (range(begin, change), range(change, end)), strict=True)
        ]
        world.append(seen("ab"[number % 2], number, *stretches, every=3))
    label = rng.integers(0, 3, 6)
    for row, begin in conflicts(world, label.tolist()).items():
        one = world[row][0]
        assert 0 < begin < len(one)
        beside = [
            {frame for at, (other, _) in enumerate(world) for frame in other.frames.tolist()
             if at != row and label[at] == group and other.key.camera == one.key.camera}
            for group in set(label.tolist()) - {int(label[row])}
        ]  # fmt: skip
        pieces = [set(one.frames[:begin].tolist()), set(one.frames[begin:].tolist())]
        assert any(
            not piece & frames and (pieces[1 - k] & frames) for frames in beside for k, piece in enumerate(pieces)
        )
