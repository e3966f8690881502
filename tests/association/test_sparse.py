"""The solver that looks at near pairs alone against the one that holds every pair."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.average_linkage import average_linkage
from pipeline.association.config import AssociateConfig
from pipeline.association.labels import canonical
from pipeline.association.pair_set import PairSet
from pipeline.association.pairs import Edges, VectorPairs, nearest
from pipeline.association.solve import solve
from pipeline.association.sparse_linkage import sparse_linkage
from pipeline.association.sparse_repair import Offers, sparse_repair
from pipeline.association.travel import Timeline, TravelTimes
from pipeline.association.travel_bound import TimeBound
from tests.association.dense import MatrixPairs, dense_solve, repair, squares

ALL = 10**6
SEEDS = st.integers(0, 2**32 - 1)


def matrices(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Without ties; the forbidden pairs look most alike."""
    rng = np.random.default_rng(seed)
    distance = rng.choice([-0.5, 0, 0.2, 0.6, 1.2], (count, count)) + 0.3 * rng.random((count, count))
    evidence = rng.choice([0, 0.2, 1], (count, count), p=[0.1, 0.3, 0.6])
    forbidden = np.triu(rng.random((count, count)) < rng.choice([0, 0.1, 0.5]), 1)
    distance[forbidden] -= 1
    distance, evidence = np.triu(distance, 1), np.triu(evidence, 1)
    return distance + distance.T, evidence + evidence.T, forbidden | forbidden.T


def people(seed: int, count: int, people: int = 6) -> tuple[VectorPairs, Timeline]:
    rng = np.random.default_rng(seed)
    person = rng.integers(0, people, count)
    vectors = rng.normal(0, 1, (people, 8))[person] + rng.normal(0, 0.7, (count, 8))
    known = rng.random(count) < 0.95
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True) * known[:, None]).astype(np.float32)
    clock = rng.integers(0, 3, count) * 7
    first = person * 300 + clock * 50 + rng.integers(0, 200, count)
    last = first + rng.integers(0, 60, count)
    return VectorPairs(vectors, known, clock, first, last, 0.09), Timeline(clock, (first + last) / 2 / 10.0)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 14), st.sampled_from([0.1, 0.5, 0.9]))
def test_linkage_and_repair_equal_the_dense_ones(seed: int, count: int, largest: float) -> None:
    distance, evidence, forbidden = matrices(seed, count)
    pairs = MatrixPairs(distance, evidence, forbidden)
    edges = pairs.near(largest, ALL)
    label = sparse_linkage(pairs, edges, largest)
    np.testing.assert_array_equal(label, average_linkage(distance, evidence, forbidden, largest))
    expected = repair(label, distance, evidence, forbidden, largest, 10)
    np.testing.assert_array_equal(sparse_repair(label, Offers(pairs, edges, largest), 10), expected)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(0, 40))
def test_vectors_equal_their_matrices(seed: int, count: int) -> None:
    """Travel times included: the whole solution is the one of the square matrices."""
    pairs, timeline = people(seed, count)
    config = AssociateConfig(neighbours=ALL)
    sparse = solve(pairs, timeline, config).label
    np.testing.assert_array_equal(sparse, dense_solve(*squares(pairs), timeline, config).label)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(0, 40), st.floats(-0.2, 1.5))
def test_near_finds_every_pair_within_reach(seed: int, count: int, largest: float) -> None:
    pairs, timeline = people(seed, count)
    label = np.random.default_rng(seed).integers(0, max(1, count // 3), count)
    pairs = replace(pairs, travel=TravelTimes(timeline, label, 16.0, 1.0))
    distance, evidence, forbidden = squares(pairs)
    # Pairs at the threshold itself hang on rounding.
    sure = np.abs(distance - largest) > 1e-5
    wanted = set(zip(*np.nonzero(np.triu((distance <= largest) & sure & (evidence > 0) & ~forbidden, 1)), strict=True))
    edges = pairs.near(largest, ALL)
    found = set(zip(edges.rows.tolist(), edges.columns.tolist(), strict=True))
    assert wanted <= found
    assert all(evidence[pair] > 0 and not forbidden[pair] and distance[pair] <= largest + 1e-5 for pair in found)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(1, 60), st.sampled_from([1.0, 1e4, 1e9]), st.sampled_from([1, 5, 64]))
def test_the_bound_of_time_is_one(seed: int, count: int, stretch: float, block: int) -> None:
    rng = np.random.default_rng(seed)
    timeline = Timeline(rng.integers(0, 3, count), rng.uniform(0, 100, count) * stretch)
    times = TravelTimes(timeline, rng.integers(0, 5, count), 16.0, 1.0)
    bound = TimeBound(times, block)
    begin = int(rng.integers(0, count))
    most = bound.between(begin, count)
    for place in range(begin, count):
        later = np.arange(place, count)
        nats = times.nats(np.full(len(later), bound.order[place]), bound.order[later])
        assert (nats <= most[place - begin, bound.block_of[later] - bound.block_of[begin]] + 1e-4).all()


def test_the_bound_of_time_leaves_out_most() -> None:
    """Of people who take a minute from one camera to the other, only tracklets a minute apart are looked at closely."""
    start_s = np.arange(2000) * 60.0
    timeline = Timeline(np.repeat([0, 1], 2000), np.concatenate([start_s, start_s + 61.0]))
    times = TravelTimes(timeline, np.tile(np.arange(2000), 2), 16.0, 1.0)
    bound = TimeBound(times)
    most = bound.between(0, 2000)[:, bound.block_of[2000:]]
    assert (most >= times.nats(np.arange(2000), np.arange(2000, 4000)).min()).mean() < 0.08


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 14))
def test_whoever_must_stay_together_does(seed: int, count: int) -> None:
    distance, evidence, forbidden = matrices(seed, count)
    rng = np.random.default_rng(seed)
    start = canonical(np.where(rng.random(count) < 0.4, 0, np.arange(count)))
    forbidden &= start[:, None] != start
    config = AssociateConfig(caution=float(rng.random()))
    label = dense_solve(distance, evidence, forbidden, None, config, start).label
    together = start[:, None] == start
    assert (label[:, None] == label)[together].all()
    assert not (forbidden & (label[:, None] == label)).any()


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_nearest_may_be_taken_in_parts(seed: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = np.triu_indices(9, 1)
    edges = Edges(rows, columns, rng.integers(0, 6, len(rows)) / 4)
    once = nearest(edges, most)
    some = nearest(Edges(rows[:20], columns[:20], edges.distance[:20]), most)
    parts = [np.concatenate([getattr(some, n), getattr(edges, n)[20:]]) for n in ("rows", "columns", "distance")]
    twice = nearest(Edges(*parts), most)
    np.testing.assert_array_equal(once.rows, twice.rows)
    np.testing.assert_array_equal(once.columns, twice.columns)
    for row in range(9):
        mine = edges.distance[(rows == row) | (columns == row)]
        kept = once.distance[(once.rows == row) | (once.columns == row)]
        np.testing.assert_array_equal(np.sort(kept)[:most], np.sort(mine)[:most])


@pytest.mark.parametrize("neighbours", [5, 100])
def test_identical_tracklets_are_one(neighbours: int) -> None:
    count = 600
    vectors = np.tile(np.eye(1, 4, dtype=np.float32), (count, 1))
    clock = np.arange(count)
    pairs = VectorPairs(vectors, np.ones(count, bool), clock, clock * 0, clock * 0, 0.09)
    config = AssociateConfig(travel=False, neighbours=neighbours)
    assert (solve(pairs, Timeline(clock, clock * 0.0), config).label == 0).all()


def test_joining_needs_less_distance_than_leaving() -> None:
    """A tracklet at 0.55 of the others, where merges go up to 0.5, neither leaves them nor, alone, joins them."""
    distance = np.full((4, 4), 0.1)
    distance[3, :3] = distance[:3, 3] = 0.55
    pairs = MatrixPairs(distance, np.ones((4, 4)), np.zeros((4, 4), bool))
    offers = Offers(pairs, pairs.near(0.6, ALL), 0.5, 0.1)
    together, apart = np.array([0, 0, 0, 0]), np.array([0, 0, 0, 3])
    assert sparse_repair(together, offers, 10).tolist() == together.tolist()
    assert sparse_repair(apart, offers, 10).tolist() == apart.tolist()
    strict = Offers(pairs, pairs.near(0.5, ALL), 0.5)
    assert sparse_repair(together, strict, 10).tolist() == apart.tolist()


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 14), st.sampled_from([1, 3, 100]), st.floats(0, 1))
def test_no_constraint_is_ever_broken(seed: int, count: int, neighbours: int, caution: float) -> None:
    """Twins that beg to be merged, whose spans on one clock meet, some at one instant only; users who forbid more."""
    rng = np.random.default_rng(seed)
    vectors = np.eye(4, dtype=np.float32)[rng.integers(0, 2, count)]
    clock, first = rng.integers(0, 3, count), rng.integers(0, 6, count)
    last = first + rng.choice([0, 0, 1, 5], count)
    rows, columns = np.triu_indices(count, 1)
    chosen = rng.random(len(rows)) < 0.1
    apart = PairSet.of(count, rows[chosen], columns[chosen])
    pairs = VectorPairs(vectors, rng.random(count) < 0.9, clock, first, last, 0.09, apart=apart)
    timeline = Timeline(clock, rng.choice([0.0, 1.0, 90.0, 1e9], count))
    label = solve(pairs, timeline, AssociateConfig(caution=caution, neighbours=neighbours)).label
    same_span = (clock[:, None] == clock) & (first[:, None] <= last) & (first <= last[:, None])
    np.fill_diagonal(same_span, False)
    assert not (same_span & (label[:, None] == label)).any()
    assert (label[rows[chosen]] != label[columns[chosen]]).all()
    np.testing.assert_array_equal(label, canonical(label))


def test_nobody_leaves_a_group_for_one_very_near_tracklet():
    # Ten tracklets of a person, and another that is very near to row 0 but was seen together with row 1.
    distance = np.full((11, 11), 0.2)
    distance[10, :] = distance[:, 10] = 0.3
    distance[10, 0] = distance[0, 10] = 0.05
    forbidden = np.zeros((11, 11), bool)
    forbidden[1, 10] = forbidden[10, 1] = True
    pairs, label = MatrixPairs(distance, np.ones((11, 11)), forbidden), np.array([0] * 10 + [10])
    offers = Offers(pairs, pairs.near(0.5, ALL), 0.5, share=0.25)
    np.testing.assert_array_equal(sparse_repair(label, offers, 10), label)
    by_means_alone = Offers(pairs, pairs.near(0.5, ALL), 0.5)
    assert sparse_repair(label, by_means_alone, 10)[1] != 0
