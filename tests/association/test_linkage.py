"""Average linkage against a plain loop; the constraint under adversarial evidence; second thoughts."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.average_linkage import average_linkage
from pipeline.association.config import AssociateConfig
from pipeline.association.labels import canonical
from pipeline.association.solve import solve
from pipeline.association.travel import Timeline
from tests.association.dense import distance_to_clusters, repair, tracklet_pairs


def evidence_for(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adversarial: ties, zeros, negative distances, no evidence, many forbidden pairs that look the same."""
    rng = np.random.default_rng(seed)
    distance = rng.choice([-0.5, 0, 0.1, 0.1, 0.3, 1, 2], (count, count)) + rng.choice([0, 1e-3]) * rng.random(
        (count, count)
    )
    evidence = rng.choice([0, 0.2, 1], (count, count), p=[0.1, 0.3, 0.6])
    forbidden = rng.random((count, count)) < rng.choice([0, 0.1, 0.5])
    distance[forbidden] = rng.choice([0.0, -1.0])  # the evidence begs for what must not be
    distance, evidence = np.triu(distance, 1), np.triu(evidence, 1)
    forbidden = np.triu(forbidden, 1)
    return distance + distance.T, evidence + evidence.T, forbidden | forbidden.T


def slow_linkage(distance: np.ndarray, evidence: np.ndarray, forbidden: np.ndarray, largest: float) -> np.ndarray:
    clusters = [[row] for row in range(len(distance))]
    while True:
        best = None
        for one in clusters:
            for other in clusters:
                if one[0] >= other[0] or any(forbidden[a, b] for a in one for b in other):
                    continue
                weight = sum(evidence[a, b] for a in one for b in other)
                if weight == 0:
                    continue
                mean = sum(distance[a, b] * evidence[a, b] for a in one for b in other) / weight
                if mean <= largest and (best is None or mean < best[0]):
                    best = (mean, one, other)
        if best is None:
            label = np.arange(len(distance))
            for cluster in clusters:
                label[cluster] = min(cluster)
            return label
        _, one, other = best
        clusters.remove(other)
        clusters[clusters.index(one)] = sorted(one + other)
        clusters.sort(key=min)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 9))
def test_equals_the_loop(seed: int, count: int) -> None:
    """Without ties (they hang on rounding), every merge is the one the definition asks for."""
    distance, evidence, forbidden = evidence_for(seed, count)
    rng = np.random.default_rng(seed)
    jitter = np.triu(rng.random((count, count)), 1)
    distance = distance + jitter + jitter.T
    expected = slow_linkage(distance, evidence, forbidden, 0.9)
    np.testing.assert_array_equal(average_linkage(distance, evidence, forbidden, 0.9), expected)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 14))
def test_no_constraint_is_ever_broken(seed: int, count: int) -> None:
    distance, evidence, forbidden = evidence_for(seed, count)
    rng = np.random.default_rng(seed)
    timeline = Timeline(rng.integers(0, 3, count), rng.choice([0.0, 1.0, 50.0, 1e4], count))
    for largest in (-1.0, 0.2, 5.0):
        config = AssociateConfig(free_distance=largest, sure_distance=largest)
        label = solve(tracklet_pairs(distance, evidence, forbidden), timeline, config).label
        assert not (forbidden & (label[:, None] == label)).any()
        np.testing.assert_array_equal(label, canonical(label))


def test_average_not_chain() -> None:
    """A chain of neighbours does not become one cluster, which single linkage would make of it."""
    place = np.arange(10.0)
    distance = np.abs(place[:, None] - place)
    label = average_linkage(distance, np.ones((10, 10)), np.zeros((10, 10), bool), 1.2)
    assert len(np.unique(label)) == 5


def test_a_merge_forbids_for_all_members() -> None:
    distance = np.full((3, 3), 0.1)
    distance[0, 1] = distance[1, 0] = 0.05
    forbidden = np.zeros((3, 3), bool)
    forbidden[1, 2] = forbidden[2, 1] = True
    assert average_linkage(distance, np.ones((3, 3)), forbidden, 1.0).tolist() == [0, 0, 2]


def test_identical_tracklets_are_one() -> None:
    count = 400
    label = average_linkage(np.zeros((count, count)), np.ones((count, count)), np.zeros((count, count), bool), 0.5)
    assert (label == 0).all()


def test_repair_moves_the_misplaced_and_frees_the_stranger() -> None:
    distance = np.full((6, 6), 1.0)
    for group in ([0, 1, 2], [3, 4]):
        distance[np.ix_(group, group)] = 0.1
    everyone, nobody = np.ones((6, 6)), np.zeros((6, 6), bool)
    wrong = np.array([0, 0, 3, 3, 3, 0])
    assert repair(wrong, distance, everyone, nobody, 0.5, 10).tolist() == [0, 0, 0, 3, 3, 5]
    assert repair(wrong, distance, everyone, nobody, 0.5, 0).tolist() == [0, 0, 2, 2, 2, 0]


def test_repair_never_moves_to_somebody_forbidden() -> None:
    distance = np.array([[0, 0.1, 0.0], [0.1, 0, 0.9], [0.0, 0.9, 0]])
    forbidden = np.zeros((3, 3), bool)
    forbidden[0, 2] = forbidden[2, 0] = True
    assert repair(np.array([0, 0, 2]), distance, np.ones((3, 3)), forbidden, 0.5, 10).tolist() == [0, 0, 2]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 8))
def test_distance_to_clusters_equals_a_loop(seed: int, count: int) -> None:
    distance, evidence, forbidden = evidence_for(seed, count)
    label = np.random.default_rng(seed).integers(0, 3, count)
    own, mean = distance_to_clusters(label, distance, evidence, forbidden)
    for row in range(count):
        for column, name in enumerate(np.unique(label)):
            members = [other for other in range(count) if label[other] == name and other != row]
            weight = sum(evidence[row, other] for other in members)
            blocked = any(forbidden[row, other] for other in members)
            expected = np.inf
            if weight and not blocked:
                expected = sum(distance[row, other] * evidence[row, other] for other in members) / weight
            np.testing.assert_allclose(mean[row, column], expected, rtol=1e-4, atol=1e-5)
        assert np.unique(label)[own[row]] == label[row]
