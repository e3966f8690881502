"""Tracklets that change person, and the pieces they are cut into."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import SettingError
from core.types import Appearance, Tracklet, TrackletKey
from pipeline.association import AssociateConfig, identify
from pipeline.association.corrections import Corrections
from pipeline.association.cut import cut
from pipeline.association.floor import floor_paths
from pipeline.association.switches import find_switches, likeliest
from pipeline.camera_tracks import CameraTracks
from tests.association.test_floor import CALIBRATIONS, line, walker
from tests.association.worlds import cameras, cosine, descriptors

CROSSED_S = 4.0
# The first two meet after 4 s, in the middle.
WAYS = [
    line((-2, -1.5), (2, 1.5), 80),
    line((-2, 1.5), (2, -1.5), 80),
    line((-2.5, 2.5), (1, 3), 80),
    line((2.5, -2.5), (-0.5, -3), 80),
]


def spliced(key: TrackletKey, one: Tracklet, other: Tracklet, row: int) -> Tracklet:
    """One tracklet up to a row, from there on another."""
    boxes = np.concatenate([one.boxes_xyxy[:row], other.boxes_xyxy[row:]])
    return replace(one, key=key, boxes_xyxy=boxes)


def crossing(exchanged: str) -> list[Tracklet]:
    """Four people, two of whom cross, seen by three cameras; those of `exchanged` exchange these two."""
    tracklets = []
    for name in "abc":
        one, other, *bystanders = (walker(name, 1 + person, way) for person, way in enumerate(WAYS))
        row = int(CROSSED_S * 10) if name in exchanged else len(one)
        tracklets += [spliced(one.key, one, other, row), spliced(other.key, other, one, row), *bystanders]
    return tracklets


def switches(tracklets: Sequence[Tracklet], label: Sequence[int]) -> dict[int, list[float]]:
    paths = floor_paths(tracklets, cameras("a", "b", "c"), CALIBRATIONS, AssociateConfig())
    return find_switches(tracklets, paths, np.array(label), AssociateConfig())


@pytest.mark.parametrize("exchanged", ["a", "b", "c"])
def test_who_crosses_and_is_exchanged_is_found(exchanged: str) -> None:
    found = switches(crossing(exchanged), [0, 1, 2, 3] * 3)
    rows = ["abc".index(exchanged) * 4 + k for k in (0, 1)]
    assert sorted(found) == rows
    for row in rows:
        assert found[row] == pytest.approx([CROSSED_S], abs=1.0)


def test_nobody_is_exchanged() -> None:
    assert switches(crossing(""), [0, 1, 2, 3] * 3) == {}
    assert switches(crossing("")[:1], [0]) == {}
    assert switches([], []) == {}
    assert find_switches(crossing("a"), {}, np.zeros(12, int), AssociateConfig()) == {}


def test_whoever_is_seen_in_a_wrong_place_for_a_while_is_left_whole() -> None:
    """Feet that a table hides, say: away from one's group to where nobody is, and back, is no change of person."""
    tracklets = crossing("")
    away = walker("a", 1, np.tile([-2.5, -3.0], (80, 1)))
    for begin, end in ((25, 60), (0, 40), (40, 80)):
        back = spliced(away.key, spliced(away.key, tracklets[0], away, begin), tracklets[0], end)
        assert switches([back, *tracklets[1:]], [0, 1, 2, 3] * 3) == {}


@pytest.mark.parametrize("unlike", [True, False])
def test_what_the_floor_alone_does_not_settle_is_settled_by_looks(unlike: bool) -> None:
    """The exchange costs more than the floor says for it, unless those before and after look like two people."""
    tracklets, asked = crossing("a"), []
    paths = floor_paths(tracklets, cameras("a", "b", "c"), CALIBRATIONS, AssociateConfig())
    config = AssociateConfig(switch_nats=1000.0)

    def looks(row: int, begin_s: float, change_s: float, end_s: float) -> bool:
        asked.append((row, begin_s, end_s))
        assert change_s == pytest.approx(CROSSED_S, abs=1.0)
        return unlike

    found = find_switches(tracklets, paths, np.array([0, 1, 2, 3] * 3), config, looks)
    assert sorted(found) == ([0, 1] if unlike else [])
    assert asked == [(0, -np.inf, np.inf), (1, -np.inf, np.inf)]


def test_looks_are_not_asked_about_what_the_floor_settles() -> None:
    tracklets = crossing("a")
    paths = floor_paths(tracklets, cameras("a", "b", "c"), CALIBRATIONS, AssociateConfig())

    def looks(*_: float) -> bool:
        raise AssertionError("asked")

    label = np.array([0, 1, 2, 3] * 3)
    assert find_switches(tracklets, paths, label, AssociateConfig(), looks) == switches(tracklets, label.tolist())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_whoever_stays_one_person_is_left_whole(seed: int) -> None:
    """Whatever way people go and whoever is thought to be whom, as long as each is seen right by two cameras."""
    rng = np.random.default_rng(seed)
    ways = [line(*rng.uniform(-2, 2, (2, 2)), 60) + rng.normal(0, 0.05, (60, 2)) for _ in range(4)]
    tracklets = [walker(name, 1 + k, way) for name in "abc" for k, way in enumerate(ways)]
    assert switches(tracklets, [0, 1, 2, 3] * 3) == {}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 6), st.sampled_from([0.0, 0.5, 3.0]))
def test_likeliest_equals_all_sequences(seed: int, states: int, steps: int, cost: float) -> None:
    nats = np.random.default_rng(seed).normal(0, 2, (states, steps))

    def worth(way: Sequence[int]) -> float:
        return sum(nats[state, step] for step, state in enumerate(way)) - cost * np.count_nonzero(np.diff(way))

    best = max(worth(way) for way in product(range(states), repeat=steps))
    assert worth(likeliest(nats, cost)) == pytest.approx(best)


def test_of_equals_the_one_with_fewer_changes() -> None:
    assert likeliest(np.array([[1.0, 0], [0, 1]]), 1.0).tolist() == [0, 0]
    assert likeliest(np.zeros((3, 5)), 0.0).tolist() == [0] * 5


def dressed(exchanged: str) -> list[CameraTracks]:
    """As `crossing`, with a crop each second, in which each person looks like themselves."""
    found = []
    for camera in cameras("a", "b", "c"):
        mine = [one for one in crossing(exchanged) if one.key.camera == camera.id]
        crops, appearances = np.arange(5, 80, 10), []
        for one in mine:
            person = one.key.local_id - 1
            exchange = np.array([camera.id in exchanged and crop >= CROSSED_S * 10 for crop in crops])
            appearances.append(
                Appearance(one.key, crops, descriptors(np.eye(4)[np.where(exchange, 1 - person, person)]))
            )
        found.append(CameraTracks(camera, mine, appearances))
    return found


def people(found: Sequence[CameraTracks], identities: Sequence) -> set[frozenset[tuple[str, int, int]]]:
    """Each identity as the frames that it has in each camera: (camera, person there, frame)."""
    owner = {key: one.id for one in identities for key in one.tracklets}
    out: dict[int, set[tuple[str, int, int]]] = {}
    for one in found:
        for tracklet in one.tracklets:
            truth = _truth(tracklet)
            out.setdefault(owner[tracklet.key], set()).update(
                (tracklet.key.camera, who, int(frame)) for who, frame in zip(truth, tracklet.frames, strict=True)
            )
    return {frozenset(one) for one in out.values()}


def _truth(tracklet: Tracklet) -> list[int]:
    """Who is in each of the boxes."""
    ways = [walker(tracklet.key.camera, 1, way).boxes_xyxy for way in WAYS]
    return [
        int(np.argmin([np.abs(way[frame] - box).sum() for way in ways]))
        for frame, box in zip(tracklet.frames, tracklet.boxes_xyxy, strict=True)
    ]


def test_two_who_were_exchanged_are_two_again() -> None:
    found = identify(dressed("a"), AssociateConfig(), CALIBRATIONS, "abc", looks=cosine)
    assert [len(one.tracklets) for one in found.tracks] == [6, 4, 4]
    together = people(found.tracks, found.identities)
    assert len(together) == 4
    for one in together:
        persons = [who for _, who, _ in one]
        assert max(persons.count(person) for person in range(4)) >= 0.95 * len(persons)
    whole = identify(dressed("a"), AssociateConfig(switch_rounds=0), CALIBRATIONS, "abc", looks=cosine)
    assert [len(one.tracklets) for one in whole.tracks] == [4, 4, 4]


def test_looks_settle_who_was_exchanged() -> None:
    """With a floor that says too little by itself: dressed as themselves they are told apart, in one dress not."""
    config = AssociateConfig(switch_nats=1000.0)
    found = identify(dressed("a"), config, CALIBRATIONS, "abc", looks=cosine)
    assert [len(one.tracklets) for one in found.tracks] == [6, 4, 4]
    assert len(people(found.tracks, found.identities)) == 4
    alike = [replace(one, appearances=[_in_one_dress(look) for look in one.appearances]) for one in dressed("a")]
    found = identify(alike, config, CALIBRATIONS, "abc", looks=cosine)
    assert [len(one.tracklets) for one in found.tracks] == [4, 4, 4]
    bare = [replace(one, appearances=one.appearances[2:]) for one in dressed("a")]
    found = identify(bare, config, CALIBRATIONS, "abc", looks=cosine)
    assert [len(one.tracklets) for one in found.tracks] == [4, 4, 4], "without crops nothing is said"


def _in_one_dress(look: Appearance) -> Appearance:
    return Appearance(look.key, look.frames, descriptors(np.tile(np.eye(4)[0], (len(look.frames), 1))))


def test_without_calibration_an_exchange_of_two_is_not_seen() -> None:
    """Each half of either is beside the other person: no conflict of one half alone, and no floor."""
    given_tracks = dressed("a")
    found = identify(given_tracks, AssociateConfig(), {}, (), looks=cosine)
    assert all(one is other for one, other in zip(found.tracks, given_tracks, strict=True))
    one_only = identify(given_tracks, AssociateConfig(), {"a": CALIBRATIONS["a"]}, "a", looks=cosine)
    assert all(one is other for one, other in zip(one_only.tracks, given_tracks, strict=True))


def test_clocks_that_are_off_do_not_matter() -> None:
    late = dressed("a")
    late[1] = replace(late[1], tracklets=[replace(one, times_s=one.times_s + 1.3) for one in late[1].tracklets])
    found = identify(late, AssociateConfig(), CALIBRATIONS, (), looks=cosine)
    expected = identify(dressed("a"), AssociateConfig(), CALIBRATIONS, "abc", looks=cosine)
    for one, other in zip(found.tracks, expected.tracks, strict=True):
        lengths = [len(tracklet) for tracklet in one.tracklets]
        np.testing.assert_allclose(lengths, [len(tracklet) for tracklet in other.tracklets], atol=10)


def test_corrections_and_caution_change_no_tracklet() -> None:
    keys = (TrackletKey("b", 1), TrackletKey("c", 1))
    wrong = Corrections(cannot_link=(keys,))
    plain = identify(dressed("a"), AssociateConfig(), CALIBRATIONS, "abc", looks=cosine)
    for config, corrections in ((AssociateConfig(), wrong), (AssociateConfig(caution=0.9), Corrections())):
        other = identify(dressed("a"), config, CALIBRATIONS, "abc", corrections, looks=cosine)
        for one, two in zip(plain.tracks, other.tracks, strict=True):
            assert [(t.key, len(t)) for t in one.tracklets] == [(t.key, len(t)) for t in two.tracklets]
    owner = {key: one.id for one in other.identities for key in one.tracklets}
    assert set(owner) == {t.key for one in plain.tracks for t in one.tracklets}


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(1, 4), st.lists(st.integers(-2, 90), max_size=4)))
def test_pieces_hold_everything_once(rows: dict[int, list[int]]) -> None:
    whole = dressed("a")[0]
    pieces = cut(whole, rows)
    assert len({one.key for one in pieces.tracklets}) == len(pieces.tracklets)
    assert all(len(one) for one in pieces.tracklets)

    def boxes(given: CameraTracks) -> list[tuple[float, ...]]:
        return sorted((int(t.frames[k]), *t.boxes_xyxy[k].tolist()) for t in given.tracklets for k in range(len(t)))

    def crops(given: CameraTracks) -> list[tuple[float, ...]]:
        looks = given.appearances
        return sorted(
            (int(a.frames[k]), *a.descriptors.global_[k].tolist()) for a in looks for k in range(len(a.frames))
        )

    assert boxes(pieces) == boxes(whole)
    expected = sum(len({row for row in some if 0 < row < 80}) for some in rows.values())
    assert len(pieces.tracklets) == 4 + expected
    assert {one.key for one in whole.tracklets} <= {one.key for one in pieces.tracklets}
    assert crops(pieces) == crops(whole)
    by_key = {one.key: one for one in pieces.tracklets}
    assert all(set(a.frames.tolist()) <= set(by_key[a.key].frames.tolist()) for a in pieces.appearances)


@pytest.mark.parametrize(
    "change", [{"switch_nats": 0.0}, {"switch_rounds": -1}, {"switch_caution": 1.5}, {"switch_unlike": -0.1}]
)
def test_settings_that_make_no_sense(change: dict[str, float]) -> None:
    with pytest.raises(SettingError, match=next(iter(change))):
        AssociateConfig(**change)  # type: ignore[arg-type]
