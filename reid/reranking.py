"""k-reciprocal re-ranking (Zhong et al., CVPR 2017), sparse and in bounded memory."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from core.errors import ShapeError


@dataclass(frozen=True)
class RerankingConfig:
    """The paper's k1, k2 and λ.

    neighbours: k1, and expansion: k2. N(p, k) is p itself and its k nearest others for k1 and k1 / 2; for k2 it is p
    and its k2 − 1 nearest others: so it is in the authors' code, and so the published numbers came about.
    original_share: λ, of the original distance. block_rows: rows of a distance matrix in memory at once.
    """

    neighbours: int = 20
    expansion: int = 6
    original_share: float = 0.3
    block_rows: int = 512


def k_reciprocal(query: np.ndarray, gallery: np.ndarray, config: RerankingConfig | None = None) -> np.ndarray:
    """Distance (Q, G) float32 = (1 − λ)·Jaccard + λ·d, with d the squared Euclidean distance (the paper's, with M = I).

    query (Q, D) and gallery (G, D): features, of unit length for the paper's setting; not distances, so nothing can be
    squared twice. Empty input gives an empty matrix. Memory: block_rows × (Q + G), some hundreds of entries per row,
    and the result. Raises ShapeError.
    """
    config = config or RerankingConfig()
    if query.ndim != 2 or gallery.ndim != 2 or query.shape[1] != gallery.shape[1]:
        raise ShapeError(f"features: expected (Q, D) and (G, D), got {query.shape} and {gallery.shape}")
    if not np.isfinite(query).all() or not np.isfinite(gallery).all():
        raise ShapeError("features: expected finite numbers, got NaN or infinity")
    if not len(query) or not len(gallery):
        return np.zeros((len(query), len(gallery)), np.float32)
    features = np.concatenate([query, gallery]).astype(np.float32)
    encoding = _neighbourhoods(features, config)
    result = _jaccard(encoding[: len(query)], encoding[len(query) :])
    share = np.float32(config.original_share)
    for first in range(0, len(query), config.block_rows):
        rows = slice(first, min(first + config.block_rows, len(query)))
        result[rows] = (1 - share) * result[rows] + share * _squared(features[rows], features[len(query) :])
    return result


def neighbourhood_distance(features: np.ndarray, config: RerankingConfig | None = None) -> np.ndarray:
    """Jaccard distance (N, N) float32 in [0, 1] between the k-reciprocal neighbourhoods of features (N, D) among
    themselves.

    `original_share` is not used. No features give (0, 0). Raises ShapeError.
    """
    if features.ndim != 2 or not np.isfinite(features).all():
        raise ShapeError(f"features: expected (N, D), finite, got {features.shape}")
    if not len(features):
        return np.zeros((0, 0), np.float32)
    encoding = _neighbourhoods(features.astype(np.float32), config or RerankingConfig())
    return np.clip(_jaccard(encoding, encoding), 0, 1)


def _neighbourhoods(features: np.ndarray, config: RerankingConfig) -> sparse.csr_matrix:
    """Who belongs to whose neighbourhood and how much, expanded by the nearest: (N, N), rows sum to 1."""
    order = _nearest(features, max(config.neighbours + 1, config.expansion), config.block_rows)
    reciprocal = _reciprocal(order, config.neighbours)
    expanded = _expanded(reciprocal, _reciprocal(order, int(np.around(config.neighbours / 2))))
    nearest = _membership(order[:, : max(1, config.expansion)])
    return (nearest @ _encoded(expanded, features)).multiply(1 / nearest.sum(axis=1)).tocsr()


def _nearest(features: np.ndarray, count: int, block_rows: int) -> np.ndarray:
    """The row itself, then its nearest others: (N, min(count, N)) int64; ties take the lower index."""
    count = min(count, len(features))
    result = np.empty((len(features), count), np.int64)
    for first in range(0, len(features), block_rows):
        block = _squared(features[first : first + block_rows], features)
        rows = np.arange(len(block))
        block[rows, rows + first] = -1
        limit = np.partition(block, count - 1, axis=1)[:, count - 1 : count]
        for row in rows:
            candidates = np.flatnonzero(block[row] <= limit[row])
            result[first + row] = candidates[np.argsort(block[row, candidates], kind="stable")][:count]
    return result


def _squared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances (N, M)."""
    squared = (a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * (a @ b.T)
    return np.maximum(squared, 0)


def _membership(order: np.ndarray) -> sparse.csr_matrix:
    """Row p has a 1 at each entry of order[p]."""
    count, each = order.shape
    return sparse.csr_matrix(
        (np.ones(order.size, np.float32), order.ravel(), np.arange(0, order.size + 1, each)), shape=(count, count)
    )


def _reciprocal(order: np.ndarray, k: int) -> sparse.csr_matrix:
    """R(p, k): those in N(p, k) that have p in theirs (equation 3)."""
    member = _membership(order[:, : k + 1])
    return member.multiply(member.T).tocsr()


def _expanded(reciprocal: sparse.csr_matrix, half: sparse.csr_matrix) -> sparse.csr_matrix:
    """R*(p, k): with R(q, k / 2) of each member q that shares two thirds of it (equation 4)."""
    shared = (reciprocal @ half.T).multiply(reciprocal).tocoo()
    sizes = np.asarray(half.sum(axis=1)).ravel()
    enough = 3 * shared.data >= 2 * sizes[shared.col]
    joining = sparse.csr_matrix(
        (np.ones(int(enough.sum()), np.float32), (shared.row[enough], shared.col[enough])), shape=reciprocal.shape
    )
    return (reciprocal + joining @ half).tocsr()


def _encoded(members: sparse.csr_matrix, features: np.ndarray) -> sparse.csr_matrix:
    """V: e^(−d) on the members of each row, the row's sum 1 (equation 7)."""
    pairs = members.tocoo()
    values = np.empty(len(pairs.data), np.float32)
    for first in range(0, len(values), 1 << 18):
        part = slice(first, first + (1 << 18))
        difference = features[pairs.row[part]] - features[pairs.col[part]]
        values[part] = np.exp(-np.einsum("nd,nd->n", difference, difference))
    encoding = sparse.csr_matrix((values, (pairs.row, pairs.col)), shape=members.shape)
    return encoding.multiply(1 / encoding.sum(axis=1)).tocsr()


def _jaccard(rows: sparse.csr_matrix, columns: sparse.csr_matrix) -> np.ndarray:
    """1 − Σ min / Σ max (equation 10) of neighbourhoods (Q, N) and (G, N): (Q, G) float32, by an inverted index."""
    gallery = columns.tocsc()
    count = gallery.shape[0]
    sums, others = (np.asarray(one.sum(axis=1)).ravel() for one in (rows, columns))
    result = np.empty((rows.shape[0], count), np.float32)
    for row in range(len(result)):
        start, stop = rows.indptr[row], rows.indptr[row + 1]
        members, values = rows.indices[start:stop], rows.data[start:stop]
        starts, lengths = gallery.indptr[members], np.diff(gallery.indptr)[members]
        places = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        least = np.minimum(np.repeat(values, lengths), gallery.data[places])
        shared = np.bincount(gallery.indices[places], least, minlength=count)
        result[row] = 1 - shared / (sums[row] + others - shared)
    return result
