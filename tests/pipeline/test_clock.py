"""Times from timestamps: as they are where they can be, forward always, and a word where they jump."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.video.clock import Clock

STAMPS = st.integers(-(2**40), 2**40)


def times(stamps: list[int | None], fps: float = 25.0, base: Fraction = Fraction(1, 1000)) -> tuple[list[int], Clock]:
    clock = Clock(fps, base)
    following = [*stamps[1:], None]
    return [clock.tick(*pair)[0] for pair in zip(stamps, following, strict=True)], clock


@given(st.lists(st.none() | STAMPS | st.integers(0, 200), min_size=1, max_size=30))
def test_times_begin_at_zero_and_only_go_forward(stamps: list[int | None]) -> None:
    ticks, _ = times(stamps)
    assert ticks[0] == 0
    assert all(after > before for before, after in pairwise(ticks))


@given(st.sets(STAMPS, min_size=1, max_size=30).map(sorted))
def test_timestamps_in_order_are_believed(stamps: list[int]) -> None:
    assert times(stamps)[0] == [stamp - stamps[0] for stamp in stamps]


@given(
    st.sets(st.integers(0, 10**6), min_size=3, max_size=30).map(sorted),
    st.integers(-(2**40), -1) | st.integers(3 * 10**6, 2**40),
    st.data(),
)
def test_one_that_strays_moves_no_other(stamps: list[int], stray: int, data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(stamps) - 2))
    stamps = [2 * stamp for stamp in stamps]  # room between any two
    ticks, _ = times([*stamps[:place], stray, *stamps[place + 1 :]])
    assert ticks[:place] + ticks[place + 1 :] == [stamp - stamps[0] for stamp in stamps[:place] + stamps[place + 1 :]]


@pytest.mark.parametrize(
    ("stamps", "expected", "says"),
    [
        ([0, 100, 200, 9_999_000, 400, 500], [0, 100, 200, 240, 400, 500], "by +9998.80 s at frame 3;"),
        ([0, 100, 200, 300, 0, 100, 200], [0, 100, 200, 300, 340, 440, 540], "by -0.30 s at frame 4;"),
        ([7, 100, 0, 100, 0, 100], [0, 93, 133, 233, 273, 373], "by -0.10 s at frame 2 and 1 more times;"),
        ([0, 3_600_000, 3_600_040], [0, 3_600_000, 3_600_040], "by +3600.00 s at frame 1;"),
        ([0, 5_000, 5_040], [0, 5_000, 5_040], None),
        ([0, 40, 40, 120], [0, 40, 80, 120], None),
        ([0, 20, 20, 20, 40, 60, 80, 100, 120, 140], [0, 20, 60, 100, 101, 102, 103, 119, 120, 140], None),
        ([0, 40, 80, 79, 160], [0, 40, 78, 79, 160], None),
        ([None, 100, 150, None, 300], [0, 40, 90, 130, 240], None),
    ],
)
def test_what_becomes_of_disorder(stamps: list[int | None], expected: list[int], says: str | None) -> None:
    ticks, clock = times(stamps)
    assert ticks == expected
    assert clock.trouble is None if says is None else says in str(clock.trouble)
