"""What a run compares: the pairs kept beforehand, those measured later, and the sparse path against square matrices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.association import MatrixLooks
from core.types import Appearance, Descriptors, TrackletKey
from pipeline.association.config import AssociateConfig
from pipeline.association.looks import FloorPairs, TrackletPairs, measure_near
from pipeline.association.pair_set import PairSet, distinct
from pipeline.association.solve import solve
from pipeline.association.travel import Timeline
from reid.tracklet import TrackletLooks, tracklet_distance
from tests.association.dense import dense_solve, matrix, pair_set, tracklet_pairs
from tests.association.test_sparse import matrices

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 14))
def test_pair_sets_are_sets(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = (np.triu(rng.random((count, count)) < 0.3, 1) for _ in range(2))
    first, second = pair_set(one), pair_set(other)
    np.testing.assert_array_equal(matrix(first), one | one.T)
    np.testing.assert_array_equal(matrix(first | second), one | one.T | other | other.T)
    rows, columns = first.pairs()
    assert (rows < columns).all() and len(first) == one.sum()
    keep = rng.random(len(first)) < 0.5
    assert len(first.where(keep)) == keep.sum()


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 12), st.sampled_from([1, 3, 100]))
def test_kept_are_the_nearest_of_one_end_and_all_asked_for(seed: int, count: int, most: int) -> None:
    distance, evidence, also = matrices(seed, count)
    known = measure_near(MatrixLooks(distance, evidence), pair_set(also), most)
    wanted = also.copy()
    for row in range(count):
        others = [other for other in range(count) if other != row and evidence[row, other] > 0 and not also[row, other]]
        for other in sorted(others, key=lambda one: distance[row, one])[:most]:
            wanted[row, other] = wanted[other, row] = True
    np.testing.assert_array_equal(matrix(known.pairs), wanted)
    rows, columns = known.pairs.pairs()
    np.testing.assert_allclose(known.distance, distance[rows, columns])
    np.testing.assert_allclose(known.evidence, evidence[rows, columns])


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 14), st.sampled_from([1, 100]))
def test_equals_square_matrices(seed: int, count: int, most: int) -> None:
    """Every measure is exact however few pairs are kept; with all of them kept, so are the clusters."""
    distance, evidence, forbidden = matrices(seed, count)
    rng = np.random.default_rng(seed)
    floor = np.triu(rng.normal(0, 2, (count, count)) * (rng.random((count, count)) < 0.3), 1)
    said = pair_set(floor != 0)
    looks = MatrixLooks(distance, evidence)
    known = measure_near(looks, PairSet.empty(count), most)
    nats = FloorPairs(said, floor[said.pairs()])
    pairs = TrackletPairs(looks, known, pair_set(forbidden), 0.7, 0.09, nats)
    combined = distance / 0.7 - 0.09 * (floor + floor.T)
    rows, columns = np.nonzero(~np.eye(count, dtype=bool))
    measured = pairs.measure(rows, columns)
    np.testing.assert_allclose(measured[0], combined[rows, columns], atol=1e-9)
    np.testing.assert_allclose(measured[1], evidence[rows, columns])
    np.testing.assert_array_equal(measured[2], forbidden[rows, columns])
    timeline, config = Timeline(rng.integers(0, 3, count), rng.choice([0.0, 5, 90], count)), AssociateConfig()
    label = solve(pairs, timeline, config).label
    assert not (forbidden & (label[:, None] == label)).any()
    if most >= count:
        np.testing.assert_array_equal(label, dense_solve(combined, evidence, forbidden, timeline, config).label)


def crops(rng: np.random.Generator, counts: list[int]) -> list[Appearance]:
    out = []
    for number, count in enumerate(counts):
        vectors = [rng.normal(0, 1, shape) for shape in ((count, 8), (count, 3, 4), (count, 5, 4))]
        unit = [part / np.linalg.norm(part, axis=-1, keepdims=True) for part in vectors]
        visibility, quality = rng.random((count, 3)), rng.random(count)
        descriptors = Descriptors(unit[0], unit[1], visibility, unit[2], quality)
        out.append(Appearance(TrackletKey("a", number), np.arange(count), descriptors))
    return out


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 12), st.sampled_from([1, 3, 100]))
def test_what_the_floor_speaks_for_later_is_measured_then(seed: int, count: int, most: int) -> None:
    distance, evidence, forbidden = matrices(seed, count)
    rng = np.random.default_rng(seed)
    nats = np.triu(rng.normal(0, 2, (count, count)) * (rng.random((count, count)) < 0.3), 1)
    said = pair_set(nats != 0)
    floor = FloorPairs(said, nats[said.pairs()])
    before = tracklet_pairs(distance, evidence, forbidden, most)
    after = before.with_floor(floor)
    close = matrix(said.where(floor.nats > 0))
    np.testing.assert_array_equal(matrix(after.known.pairs), matrix(before.known.pairs) | close)
    rows, columns = after.known.pairs.pairs()
    np.testing.assert_allclose(after.known.distance, distance[rows, columns])
    np.testing.assert_allclose(after.known.evidence, evidence[rows, columns])
    np.testing.assert_allclose(after.measure(rows, columns)[0], distance[rows, columns] - 0.09 * nats[rows, columns])


@pytest.mark.parametrize("counts", [[3, 0, 1, 12, 2], [0, 0], []])
def test_blocks_of_crops_equal_the_whole(counts: list[int]) -> None:
    rng = np.random.default_rng(0)
    appearances = crops(rng, counts)
    looks = TrackletLooks(appearances)
    distance, evidence = tracklet_distance(appearances)
    rows, columns = rng.permutation(len(counts))[:3], rng.permutation(len(counts))
    differ = rows[:, None] != columns
    found = looks.block(rows, columns)
    np.testing.assert_allclose(found[0][differ], distance[np.ix_(rows, columns)][differ], atol=1e-5)
    np.testing.assert_allclose(found[1][differ], evidence[np.ix_(rows, columns)][differ], atol=1e-5)


@given(st.lists(st.integers(-5, 5)))
def test_distinct_is_unique(keys: list[int]) -> None:
    np.testing.assert_array_equal(distinct(np.array(keys, np.int64)), np.unique(np.array(keys, np.int64)))
