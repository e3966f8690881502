"""Who may not be linked, and the proof at the end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConstraintError
from core.types import Identity, Tracklet
from pipeline.association.constraints import cannot_link, check
from tests.association.dense import matrix
from tests.association.worlds import tracklet

FRAMES = st.sets(st.integers(0, 12), max_size=5).map(sorted)


@st.composite
def tracklets(draw: st.DrawFn) -> list[Tracklet]:
    rows = draw(st.lists(st.tuples(st.sampled_from("ab"), FRAMES), max_size=7))
    return [tracklet(camera, number, frames) for number, (camera, frames) in enumerate(rows)]


@settings(max_examples=30, deadline=None)
@given(tracklets())
def test_cannot_link_equals_a_loop_over_pairs(given_tracklets: list[Tracklet]) -> None:
    forbidden = matrix(cannot_link(given_tracklets))
    for row, one in enumerate(given_tracklets):
        for column, other in enumerate(given_tracklets):
            meet = one.key.camera == other.key.camera and bool(set(one.frames) & set(other.frames))
            assert forbidden[row, column] == (meet and row != column)


@settings(max_examples=30, deadline=None)
@given(tracklets(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_check_finds_exactly_the_broken_identities(given_tracklets: list[Tracklet], count: int, random: object) -> None:
    label = [random.randrange(count) for _ in given_tracklets]  # type: ignore[attr-defined]
    groups = [
        tuple(one.key for one, name in zip(given_tracklets, label, strict=True) if name == c) for c in range(count)
    ]
    identities = [Identity(number, group) for number, group in enumerate(groups, start=1)]
    same = np.equal.outer(label, label)
    if (matrix(cannot_link(given_tracklets)) & same).any():
        with pytest.raises(ConstraintError, match=r"identity \d+ would be \d+ times in frame \d+ of camera '[ab]'"):
            check(given_tracklets, identities)
    else:
        check(given_tracklets, identities)


def test_check_names_identity_camera_and_frame() -> None:
    one, other = tracklet("west", 3, [4, 5, 6]), tracklet("west", 8, [6, 7])
    with pytest.raises(ConstraintError, match=r"identity 2 would be 2 times in frame 6 of camera 'west'.*\[3, 8\]"):
        check([one, other], [Identity(1, ()), Identity(2, (one.key, other.key))])


def test_every_tracklet_in_exactly_one_identity() -> None:
    one, other = tracklet("a", 1, [0]), tracklet("a", 2, [1])
    check({one.key: one, other.key: other}, [Identity(1, (one.key, other.key))])
    with pytest.raises(ConstraintError, match="1 tracklets have no identity"):
        check([one, other], [Identity(1, (one.key,))])
    with pytest.raises(ConstraintError, match="in identity 1 and in 2"):
        check([one], [Identity(1, (one.key,)), Identity(2, (one.key,))])
    with pytest.raises(ConstraintError, match="no tracklet of this run"):
        check([one], [Identity(1, (one.key, other.key))])


def test_nothing() -> None:
    assert len(cannot_link([])) == 0
    check([], [])
