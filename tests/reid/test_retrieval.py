"""Ranking scores against a plain loop and by hand."""

import numpy as np
import pytest

from core.errors import ShapeError
from reid.retrieval import first_per_camera, retrieval_scores


def test_by_hand() -> None:
    distance = np.array([[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]])
    identity, camera = np.array([1, 2, 1, 2]), np.array([0, 1, 1, 1])
    scores = retrieval_scores(distance, np.array([1, 2]), np.array([0, 0]), identity, camera)
    # First query: its own camera's match is ignored, ranks are 2, 1, 2 → match at rank 2. Second: matches at 1 and 3.
    assert scores.queries == 2
    assert scores.rank1 == 0.5
    assert scores.cmc[1] == 1
    assert scores.mean_ap == pytest.approx((1 / 2 + (1 + 2 / 3) / 2) / 2)
    assert scores.mean_inp == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_equals_a_loop() -> None:
    rng = np.random.default_rng(0)
    distance = rng.integers(0, 6, (12, 30)) / 5
    qi, qc = rng.integers(0, 5, 12), rng.integers(0, 3, 12)
    gi, gc = rng.integers(0, 5, 30), rng.integers(0, 3, 30)
    first, precision = [], []
    for q in range(12):
        order = sorted(range(30), key=lambda g, q=q: (distance[q, g], g))
        order = [g for g in order if not (gi[g] == qi[q] and gc[g] == qc[q])]
        hits = [rank for rank, g in enumerate(order) if gi[g] == qi[q]]
        if hits:
            first.append(hits[0])
            precision.append(sum((n + 1) / (rank + 1) for n, rank in enumerate(hits)) / len(hits))
    scores = retrieval_scores(distance, qi, qc, gi, gc)
    assert scores.queries == len(first)
    assert scores.mean_ap == pytest.approx(np.mean(precision))
    for rank in range(20):
        assert scores.cmc[rank] == pytest.approx(np.mean(np.array(first) <= rank))


def test_nothing_to_find() -> None:
    scores = retrieval_scores(np.zeros((1, 1)), np.array([1]), np.array([0]), np.array([1]), np.array([0]))
    assert (scores.queries, scores.rank1, scores.mean_ap) == (0, 0, 0)


def test_distances_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(ShapeError, match="finite"):
        retrieval_scores(np.full((1, 1), np.nan), np.array([1]), np.array([0]), np.array([1]), np.array([1]))


def test_queries_are_the_first_of_each_camera() -> None:
    rows = first_per_camera(np.array([1, 1, 0, 1, 0]), np.array([2, 2, 2, 0, 2]))
    assert rows.tolist() == [0, 2, 3]
