"""Probabilities of memberships against a plain loop, and who leaves."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.association.config import AssociateConfig
from pipeline.association.doubt import judge
from pipeline.association.solve import finish
from tests.association.dense import MatrixPairs, squares
from tests.association.test_sparse import matrices

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 12), st.floats(0, 1))
def test_margin_equals_a_loop(seed: int, count: int, caution: float) -> None:
    distance, evidence, forbidden = matrices(seed, count)
    config = AssociateConfig(caution=caution, unknown_below=0)
    solution = finish(MatrixPairs(distance, evidence, forbidden), config, None)
    found = judge(solution, config)
    assert not found.unknown.any()
    largest = config.distance_at(caution)
    distance = squares(solution.pairs)[0]
    for row in range(count):
        mean, affinity = {}, {}
        for name in set(found.label):
            others = [other for other in range(count) if found.label[other] == name and other != row]
            weight = sum(evidence[row, other] for other in others)
            if weight and not any(forbidden[row, other] for other in others):
                mean[name] = sum(distance[row, other] * evidence[row, other] for other in others) / weight
                affinity[name] = sum((largest - distance[row, other]) * evidence[row, other] for other in others)
        mine, bound = mean.pop(found.label[row], largest), affinity.get(found.label[row], 0)
        rivals = [mean[name] for name in mean if bound <= 0 or affinity[name] >= config.repair_share * bound]
        margin = min([largest, *rivals]) - mine
        np.testing.assert_allclose(found.margin[row], margin, atol=1e-4)
        np.testing.assert_allclose(found.probability[row], 1 / (1 + np.exp(-margin / 0.09)), atol=1e-3)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 14), st.floats(0.3, 1))
def test_whoever_stays_is_probable_and_the_linked_stay(seed: int, count: int, caution: float) -> None:
    distance, evidence, forbidden = matrices(seed, count)
    start = np.arange(count)
    start[: count // 4] = 0
    forbidden &= start[:, None] != start
    config = AssociateConfig(caution=caution, unknown_below=1.0)
    found = judge(finish(MatrixPairs(distance, evidence, forbidden), config, start), config, start)
    sizes = np.bincount(found.label, minlength=count)[found.label] if count else np.zeros(0)
    linked = np.bincount(start, minlength=count)[start] > 1 if count else np.zeros(0, bool)
    assert (found.probability[(sizes > 1) & ~linked] >= config.unknown_at()).all()
    assert (found.probability[found.unknown] < config.unknown_at()).all()
    assert (sizes[found.unknown] == 1).all()
    assert not found.unknown[linked].any()
    assert (found.label[: count // 4] == 0).all()
