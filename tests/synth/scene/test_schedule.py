import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.scene.schedule import STEP_S, Walk, earliest, is_free

WAY = np.column_stack([np.linspace(0, 4, 81), np.zeros(81)])


def oracle(places: int, blocked: set[tuple[int, int]], steps: int) -> int | None:
    """Earliest arrival by a plain breadth-first search over (place, level)."""
    states = {(0, 0)} if (0, 0) not in blocked else set()
    for t in range(1, steps):
        states = {
            (place + level, level)
            for place, before in states
            for level in (before - 1, before, before + 1)
            if 0 <= level <= 2 and place + level < places and (t, place + level) not in blocked
        }
        if any(place == places - 1 and level < 2 for place, level in states):
            return t
    return None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 5), st.floats(-0.6, 0.6), st.floats(-1.5, 1.5)), max_size=4))
def test_the_plan_is_the_earliest_that_keeps_its_distance(crossing: list[tuple[float, float, float]]) -> None:
    times = np.arange(120) * STEP_S
    others = [Walk(0.0, np.column_stack([x + speed * times, np.full(120, y)])) for x, y, speed in crossing]
    plan = earliest(WAY, 0.0, 1.25, others, 0.7, patience_s=4.0)
    unit = 1.25 * STEP_S / 2
    count = round(4 / unit) + 1
    steps = int(np.ceil((4 / 1.25 + 2 * STEP_S + 4.0) / STEP_S)) + 3
    places = np.linspace(0, 4, count)
    blocked = {
        (t, k)
        for t in range(steps)
        for k in range(count)
        for other in others
        if np.hypot(places[k] - other.xy_m[t, 0], other.xy_m[t, 1]) < 0.7
    }
    expected = oracle(count, blocked, steps)
    if plan is None:
        assert expected is None
        return
    assert len(plan) - 1 == expected
    assert np.hypot(*np.diff(plan, axis=0).T).max() <= 1.25 * STEP_S + 1e-9
    for t, point in enumerate(plan):
        for other in others:
            assert np.hypot(*(point - other.xy_m[t])) >= 0.7 - 1e-9


def test_a_walk_exists_only_in_its_time() -> None:
    walk = Walk(1.0, np.array([[0.0, 0.0], [1.0, 0.0]]))
    where = walk.at(np.array([0.9, 1.0, 1.1, 1.2, 1.3]))
    assert np.isnan(where[[0, 4]]).all()
    assert np.allclose(where[1:4], [[0, 0], [0.5, 0], [1, 0]])


def test_a_spot_is_free_only_while_nobody_comes_by() -> None:
    passing = Walk(0.0, np.column_stack([np.arange(50) * 0.2, np.zeros(50)]))
    spot = np.array([[5.0, 0.0], [5.0, 3.0]])
    assert is_free(spot, 0.0, 2.0, [passing], 0.7).tolist() == [True, True]
    assert is_free(spot, 0.0, 6.0, [passing], 0.7).tolist() == [False, True]
    assert is_free(spot, 20.0, 6.0, [passing], 0.7).tolist() == [True, True]
