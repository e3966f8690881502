"""k-reciprocal re-ranking against a transcription of the paper's sets."""

import numpy as np
import pytest

from core.errors import ShapeError
from reid.reranking import RerankingConfig, k_reciprocal


def transcription(query: np.ndarray, gallery: np.ndarray, k1: int, k2: int, share: float) -> np.ndarray:
    """Zhong et al. 2017, equations 2 to 12, with Python sets."""
    x = np.concatenate([query, gallery]).astype(np.float64)
    n = len(x)
    d = np.array([[((x[i] - x[j]) ** 2).sum() for j in range(n)] for i in range(n)])

    def nearest(p: int, k: int) -> list[int]:
        return [p, *[int(j) for j in np.argsort(d[p], kind="stable") if j != p][:k]]

    def reciprocal(p: int, k: int) -> set[int]:
        return {g for g in nearest(p, k) if p in nearest(g, k)}

    v = np.zeros((n, n))
    for p in range(n):
        base = reciprocal(p, k1)
        members = set(base)
        for q in base:
            half = reciprocal(q, int(np.around(k1 / 2)))
            if len(base & half) * 3 >= 2 * len(half):
                members |= half
        for g in members:
            v[p, g] = np.exp(-d[p, g])
        v[p] /= v[p].sum()
    v = np.stack([np.mean([v[q] for q in nearest(p, k2 - 1)], axis=0) for p in range(n)])
    result = np.zeros((len(query), len(gallery)))
    for i in range(len(query)):
        for j in range(len(gallery)):
            row, other = v[i], v[len(query) + j]
            jaccard = 1 - np.minimum(row, other).sum() / np.maximum(row, other).sum()
            result[i, j] = (1 - share) * jaccard + share * d[i, len(query) + j]
    return result


def clustered(count: int, seed: int, depth: int = 8) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(6, depth))
    x = centres[rng.integers(0, 6, count)] + 0.4 * rng.normal(size=(count, depth))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(
    ("queries", "gallery", "k1", "k2"), [(5, 20, 6, 3), (8, 33, 20, 6), (3, 4, 20, 6), (1, 1, 2, 1)]
)
def test_equals_the_paper(queries: int, gallery: int, k1: int, k2: int) -> None:
    x = clustered(queries + gallery, seed=queries)
    config = RerankingConfig(neighbours=k1, expansion=k2, block_rows=7)
    found = k_reciprocal(x[:queries], x[queries:], config)
    np.testing.assert_allclose(found, transcription(x[:queries], x[queries:], k1, k2, 0.3), atol=1e-5)


def test_blocks_do_not_matter() -> None:
    x = clustered(40, seed=1)
    one = k_reciprocal(x[:9], x[9:], RerankingConfig(block_rows=1000))
    np.testing.assert_allclose(k_reciprocal(x[:9], x[9:], RerankingConfig(block_rows=3)), one, atol=1e-6)


def test_share_of_one_is_the_original_distance() -> None:
    x = clustered(12, seed=2)
    found = k_reciprocal(x[:2], x[2:], RerankingConfig(original_share=1.0))
    np.testing.assert_allclose(found, ((x[:2, None] - x[None, 2:]) ** 2).sum(2), atol=1e-5)


def test_empty_and_wrong_input() -> None:
    assert k_reciprocal(np.zeros((0, 4)), np.zeros((3, 4))).shape == (0, 3)
    with pytest.raises(ShapeError, match="features"):
        k_reciprocal(np.zeros((2, 4)), np.zeros((3, 5)))
    with pytest.raises(ShapeError, match="finite"):
        k_reciprocal(np.full((1, 2), np.nan), np.zeros((3, 2)))
