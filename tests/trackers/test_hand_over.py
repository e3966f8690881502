"""A moment that two tracklets share goes to the surer one, and only a moment."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.types import FILLED, Tracklet, TrackletKey
from trackers.config import HandOverConfig, OfflineConfig
from trackers.offline.hand_over import hand_over
from trackers.offline.refine import refine

CONFIG = HandOverConfig()


def track(local_id: int, first: int, last: int, x: float = 0.0, score: float = 0.9) -> Tracklet:
    """Ten frames a second, standing at x."""
    frames = np.arange(first, last + 1)
    boxes = np.tile([x, 0, x + 40, 100], (len(frames), 1))
    return Tracklet(
        TrackletKey("a", local_id), frames, frames / 10, boxes, np.full(len(frames), score), np.zeros(len(frames)),
        np.zeros((len(frames), 17, 3)),
    )  # fmt: skip


def spans(tracklets: list[Tracklet]) -> list[tuple[int, int]]:
    return [(int(one.frames[0]), int(one.frames[-1])) for one in tracklets]


def test_the_surer_one_keeps_the_moment() -> None:
    early, late = track(1, 0, 20, score=0.4), track(2, 17, 40)
    kept = hand_over([early, late], CONFIG)
    assert spans(kept) == [(0, 16), (17, 40)]
    assert [len(one.boxes_xyxy) for one in kept] == [17, 24]
    early, late = track(1, 0, 20), track(2, 17, 40, score=0.4)
    assert spans(hand_over([late, early], CONFIG)) == [(21, 40), (0, 20)]  # in the order they came


def test_two_people_stay_as_they_are() -> None:
    for other in (
        track(2, 17, 40, x=30),  # beside
        track(2, 2, 40),  # together for longer than a moment
        track(2, 5, 15),  # within the other
        track(2, 21, 40),  # after
    ):
        pair = [track(1, 0, 20), other]
        assert spans(hand_over(pair, CONFIG)) == spans(pair)


def test_a_chain_of_moments() -> None:
    kept = hand_over([track(1, 0, 20, score=0.5), track(2, 15, 40, score=0.6), track(3, 36, 60, score=0.7)], CONFIG)
    assert spans(kept) == [(0, 14), (15, 35), (36, 60)]


def test_what_was_handed_over_has_another_origin() -> None:
    early, late = track(1, 0, 20, score=0.6), track(2, 17, 40)
    config = OfflineConfig(splitting=False, joining=False, cleaning=False, filling=False)
    refined = refine([early, late], np.arange(41) / 10, 640, 360, config)
    assert spans(refined.tracklets) == [(0, 16), (17, 40)]
    assert [refined.origin[one.key] for one in refined.tracklets] == [[(early.key, 0, 16)], [(late.key, 17, 40)]]


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 3), st.floats(0, 1)), min_size=0, max_size=7
    )
)
def test_nothing_is_made_up_and_nothing_vanishes(rows: list[tuple[int, int, int, float]]) -> None:
    before = [track(n, first, first + length, 15.0 * x, score) for n, (first, length, x, score) in enumerate(rows, 1)]
    after = hand_over(before, CONFIG)
    assert [one.key for one in after] == [one.key for one in before]
    for old, new in zip(before, after, strict=True):
        assert 0 < len(new) <= len(old)
        assert set(new.frames) <= set(old.frames)
        assert (np.diff(new.frames) == 1).all()  # only ends are cut
    if len(rows) == 2:
        assert spans(hand_over(after, CONFIG)) == spans(after)  # of two, once is enough


def test_what_was_filled_in_towards_a_moment_goes_with_it() -> None:
    early, late = track(1, 0, 20, score=0.4), track(2, 17, 40)
    filled = np.isin(early.frames, range(9, 17))
    early = replace(early, source=np.where(filled, FILLED, early.source))
    assert spans(hand_over([early, late], CONFIG)) == [(0, 8), (17, 40)]
    early, late = track(1, 0, 20), track(2, 17, 40, score=0.4)
    late = replace(late, source=np.where(late.frames < 30, FILLED, late.source))
    assert spans(hand_over([early, late], CONFIG)) == [(0, 20), (30, 40)]
