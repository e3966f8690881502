"""The assignment against trying everything."""

from itertools import combinations, permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trackers.assignment import Rounds, assign


def best_by_trial(cost: np.ndarray, limit: float) -> float:
    """The least sum of (cost - limit) over all ways to pair up."""
    rows, columns = cost.shape
    best = 0.0
    for size in range(1, min(rows, columns) + 1):
        for chosen in combinations(range(rows), size):
            for order in permutations(range(columns), size):
                pairs = [cost[i, j] for i, j in zip(chosen, order, strict=True)]
                if all(value < limit for value in pairs):
                    best = min(best, sum(pairs) - limit * size)
    return best


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 10_000), st.floats(0.2, 1.2))
@settings(max_examples=120, deadline=None)
def test_nothing_cheaper_exists(rows, columns, seed, limit):
    rng = np.random.default_rng(seed)
    cost = rng.uniform(-0.3, 1.5, (rows, columns))
    cost[rng.random(cost.shape) < 0.3] = np.inf
    made_rows, made_columns = assign(cost, limit)
    assert len(set(made_rows)) == len(made_rows)
    assert len(set(made_columns)) == len(made_columns)
    assert (cost[made_rows, made_columns] < limit).all()
    assert np.isclose((cost[made_rows, made_columns] - limit).sum(), best_by_trial(cost, limit))


def test_rows_come_in_order():
    rows, _ = assign(np.array([[0.1, 0.2], [0.15, 0.1], [9, 9]]), 1.0)
    assert rows.tolist() == [0, 1]


def test_who_is_paired_in_one_round_sits_out_the_next():
    cost = np.array([[0.1, 0.2], [0.1, 0.2]])
    rounds = Rounds(2, 2)
    rounds.match(cost, np.array([True, False]), np.ones(2, bool), 1.0)
    rounds.match(cost, np.ones(2, bool), np.ones(2, bool), 1.0)
    rows, columns = rounds.pairs()
    assert list(zip(rows, columns, strict=True)) == [(0, 0), (1, 1)]
