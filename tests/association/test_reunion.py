"""Groups of one person that a misplaced tracklet keeps apart are brought together again."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.average_linkage import average_linkage
from pipeline.association.labels import canonical
from pipeline.association.reunion import reunite
from tests.association.dense import MatrixPairs
from tests.association.test_sparse import ALL, SEEDS, matrices

LARGEST = 0.5


def two_groups(near: float = 0.2) -> tuple[MatrixPairs, np.ndarray]:
    """Rows 0 to 3 and 4 to 7 are one person; 3, rather near to the first, is seen together with 5."""
    distance = np.full((8, 8), near)
    distance[3, :] = distance[:, 3] = 0.4
    np.fill_diagonal(distance, 0)
    forbidden = np.zeros((8, 8), bool)
    forbidden[3, 5] = forbidden[5, 3] = True
    return MatrixPairs(distance, np.ones((8, 8)), forbidden), np.array([0, 0, 0, 0, 4, 4, 4, 4])


def reunited(pairs: MatrixPairs, label: np.ndarray, gain: float = 0.2, fixed: np.ndarray | None = None) -> np.ndarray:
    return reunite(label, pairs, pairs.near(LARGEST, ALL), LARGEST, gain, 10, fixed)


def energy(pairs: MatrixPairs, label: np.ndarray) -> float:
    """How much nearer than LARGEST all pairs within groups are, by a loop."""
    total = 0.0
    for row in range(len(label)):
        for column in range(row + 1, len(label)):
            if label[row] == label[column] and pairs.evidence[row, column] > 0:
                total += pairs.evidence[row, column] * (LARGEST - pairs.distance[row, column])
    return total


def broken(pairs: MatrixPairs, label: np.ndarray) -> int:
    return int((pairs.forbidden & (label[:, None] == label)).sum())


def test_who_stands_in_the_way_is_left_out():
    pairs, label = two_groups()
    np.testing.assert_array_equal(reunited(pairs, label), [0, 0, 0, 3, 0, 0, 0, 0])


def test_strangers_stay_apart():
    pairs, label = two_groups(near=0.7)
    np.testing.assert_array_equal(reunited(pairs, label), label)


def test_nothing_is_done_for_too_small_a_gain():
    pairs, label = two_groups()
    # Twelve pairs at 0.3 across, less three at 0.1 that the row left out had.
    np.testing.assert_array_equal(reunited(pairs, label, gain=3.31), label)
    assert reunited(pairs, label, gain=3.29)[4] == 0


def test_a_row_that_the_user_has_linked_is_never_left_out():
    pairs, label = two_groups()
    fixed = np.arange(8) == 3
    np.testing.assert_array_equal(reunited(pairs, label, fixed=fixed), [0, 0, 0, 0, 0, 5, 0, 0])
    fixed[5] = True
    np.testing.assert_array_equal(reunited(pairs, label, fixed=fixed), label)


def test_groups_without_a_forbidden_pair_are_the_linkage_s_business():
    pairs, label = two_groups()
    pairs.forbidden[:] = False
    np.testing.assert_array_equal(reunited(pairs, label), label)


def test_huge_groups_are_left_as_they_are(monkeypatch):
    pairs, label = two_groups()
    monkeypatch.setattr("pipeline.association.reunion.MOST_PAIRS", 15)
    np.testing.assert_array_equal(reunited(pairs, label), label)


def test_nobody():
    nothing = MatrixPairs(np.zeros((0, 0)), np.zeros((0, 0)), np.zeros((0, 0), bool))
    assert reunited(nothing, np.zeros(0, np.int64)).shape == (0,)


@settings(max_examples=200, deadline=None)
@given(SEEDS, st.integers(2, 14), st.booleans())
def test_reunions_break_nothing_and_gain_what_they_say(seed: int, count: int, some_fixed: bool) -> None:
    """From any clusters that break nothing: the energy rises by more than the least gain."""
    rng = np.random.default_rng(seed)
    pairs = MatrixPairs(*matrices(seed, count))
    label = np.arange(count)
    for row in range(count):  # random clusters that hold no forbidden pair
        joined = label.copy()
        joined[row] = label[rng.integers(0, count)]
        label = label if broken(pairs, joined) else canonical(joined)
    fixed = rng.random(count) < 0.3 if some_fixed else np.zeros(count, bool)
    before = energy(pairs, label)
    after = reunited(pairs, label, fixed=fixed)
    assert broken(pairs, after) == 0
    np.testing.assert_array_equal(after, canonical(after))
    if (after != label).any():
        assert energy(pairs, after) > before + 0.2
    for row in np.flatnonzero(fixed):  # with whom a fixed row was, as far as they are fixed too, it stays
        assert (after[fixed & (label == label[row])] == after[row]).all()


@settings(max_examples=50, deadline=None)
@given(SEEDS, st.integers(2, 14))
def test_names_do_not_matter(seed: int, count: int) -> None:
    """The same tracklets in another order are grouped the same."""
    rng = np.random.default_rng(seed)
    distance, evidence, forbidden = matrices(seed, count)
    label = average_linkage(distance, evidence, forbidden, LARGEST)
    order = rng.permutation(count)
    turned = MatrixPairs(*(one[np.ix_(order, order)] for one in (distance, evidence, forbidden)))
    straight = reunited(MatrixPairs(distance, evidence, forbidden), label)
    again = reunited(turned, canonical(label[order]))
    np.testing.assert_array_equal(canonical(straight[order]), again)


def test_the_shorter_of_two_rivals_is_left_out():
    # Rows 3 and 5 were seen together; 3 looks a little more like everybody, but was there for a moment only.
    pairs, label = two_groups()
    pairs.distance[5, :] = pairs.distance[:, 5] = 0.42
    weight = np.where(np.arange(8) == 3, 0.1, 1.0)
    again = reunite(label, pairs, pairs.near(LARGEST, ALL), LARGEST, 0.1, 10, None, weight)
    np.testing.assert_array_equal(again, [0, 0, 0, 3, 0, 0, 0, 0])
    np.testing.assert_array_equal(reunited(pairs, label), [0, 0, 0, 0, 0, 5, 0, 0])
