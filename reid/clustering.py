"""N:N: which crops show one person, and which do not say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from core.errors import ShapeError

_NEVER = 1e6  # of a pair that cannot be one person: no mean with such a pair in it is below any limit
UNSURE = -1


@dataclass(frozen=True)
class ClusterConfig:
    """margin: a crop that is no nearer to its own group than to the next one by this much is unsure."""

    margin: float = 0.01


def cluster(
    distance: np.ndarray,
    quality: np.ndarray,
    limit: float,
    least_quality: float = 0.0,
    group: np.ndarray | None = None,
    config: ClusterConfig | None = None,
) -> np.ndarray:
    """Group (N,) int64 of each crop, counted from 0 by falling size and then first crop; UNSURE where nothing is said.

    Average linkage (UPGMA) on distance (N, N), until the mean distance of two groups is above `limit`. quality (N,): a
    crop below `least_quality` is unsure. group (N,): crops with the same value, people in one picture, are never put
    together. Nothing gives nothing. Raises ShapeError.
    """
    return clusterings(distance, quality, (limit,), least_quality, group, config)[0]


def clusterings(
    distance: np.ndarray,
    quality: np.ndarray,
    limits: Sequence[float],
    least_quality: float = 0.0,
    group: np.ndarray | None = None,
    config: ClusterConfig | None = None,
) -> list[np.ndarray]:
    """What `cluster` gives for each of `limits`, with one tree for all of them. Raises ShapeError."""
    config = config or ClusterConfig()
    count = len(quality)
    if distance.shape != (count, count) or not np.isfinite(distance).all():
        raise ShapeError(f"distance: expected finite ({count}, {count}), got {distance.shape}")
    clear = np.flatnonzero(quality >= least_quality)
    if len(clear) == 0:
        return [np.full(count, UNSURE, np.int64) for _ in limits]
    symmetric = ((distance + distance.T) / 2)[np.ix_(clear, clear)].astype(np.float64)
    np.fill_diagonal(symmetric, 0)
    apart = np.zeros_like(symmetric, bool) if group is None else group[clear, None] == group[None, clear]
    np.fill_diagonal(apart, False)
    tree = None
    if len(clear) > 1:
        tree = linkage(squareform(np.where(apart, _NEVER, symmetric), checks=False), "average")
    result = []
    for limit in limits:
        found = np.zeros(1, np.int64) if tree is None else fcluster(tree, limit, "distance") - 1
        found[_torn(symmetric, apart, found, config.margin)] = UNSURE
        labels = np.full(count, UNSURE, np.int64)
        labels[clear] = found
        result.append(by_size(labels))
    return result


def pair_scores(labels: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall and F1 over all pairs of crops; an UNSURE crop is with nobody. No pair at all gives 0."""
    rows, columns = np.triu_indices(len(labels), 1)
    said = (labels[rows] == labels[columns]) & (labels[rows] != UNSURE)
    true = truth[rows] == truth[columns]
    right = int((said & true).sum())
    precision, recall = right / max(1, int(said.sum())), right / max(1, int(true.sum()))
    return precision, recall, 2 * right / max(1, int(said.sum()) + int(true.sum()))


def best_limit(distance: np.ndarray, truth: np.ndarray, steps: int = 60) -> float:
    """The limit for `cluster` with the best pairwise F1 on known people, from `steps` between the quantiles."""
    symmetric = (distance + distance.T) / 2
    np.fill_diagonal(symmetric, 0)
    tree = linkage(squareform(symmetric, checks=False), "average")
    limits = np.quantile(tree[:, 2], np.linspace(0.05, 0.98, steps))
    scores = [pair_scores(fcluster(tree, limit, "distance"), truth)[2] for limit in limits]
    return float(limits[int(np.argmax(scores))])


def sums_to_groups(values: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    """Sum of values (M, N) over the crops of each group: (M, count). group (N,): 0 to count − 1."""
    member = sparse.csr_matrix((np.ones(len(group)), (group, np.arange(len(group)))), shape=(count, len(group)))
    return np.asarray(member @ values.T).T


def _torn(distance: np.ndarray, apart: np.ndarray, labels: np.ndarray, margin: float) -> np.ndarray:
    """Crops (N,) bool of a group of several that lie hardly nearer to it than to another one they may belong to."""
    names, own, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    rows = np.arange(len(labels))
    sums, others = sums_to_groups(distance, own, len(names)), sizes[own] - 1
    inner = sums[rows, own] / np.maximum(others, 1)
    outer = sums / sizes
    outer[rows, own] = np.inf
    outer[sums_to_groups(apart.astype(np.float64), own, len(names)) > 0] = np.inf
    outer[:, sizes < 2] = np.inf  # another single crop is no group to be torn towards
    return (others > 0) & (outer.min(axis=1) < inner + margin)


def by_size(labels: np.ndarray) -> np.ndarray:
    """Groups numbered by falling size, then by their first crop."""
    names = [name for name in dict.fromkeys(labels.tolist()) if name != UNSURE]
    order = sorted(names, key=lambda name: -int((labels == name).sum()))
    number = {name: place for place, name in enumerate(order)} | {UNSURE: UNSURE}
    return np.array([number[name] for name in labels.tolist()], np.int64)
