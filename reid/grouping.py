"""N:N where nobody says how often a person was photographed: the groupings that common neighbours give, and the best.

Two pictures of one person may be far apart, one from behind and one from the front, but each is near to what is near to
the other. How many neighbours to ask depends on how many pictures there are of a person. So several numbers are tried.
A grouping is good if its groups hold together: what is nearest to each crop is its own group, and the next one is far.
Of those about as good as the best, the one is taken that agrees most with the others.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.errors import ShapeError
from reid.clustering import UNSURE, by_size, clusterings, sums_to_groups
from reid.consensus import most_agreed
from reid.reranking import RerankingConfig, neighbourhood_distance


@dataclass(frozen=True)
class GroupingConfig:
    """neighbours: values of k1 to try; expansion_share: k2 as a share of k1, at least 2. own_share: what the distance
    itself has of `mutual_distance`. limits: up to which mean mutual distances groups are joined, to try.

    least_margin: a group whose mean margin is below it is taken apart. stranger: times the limit of plain distances,
    how far away an imagined stranger is to everybody. margin_share: weight of the margin in what a crop says for a
    grouping, beside 1 of the precision; least_said: what is taken off, so that poor groups speak against it. nearly: by
    which share a grouping may be worse than the best and still be one of those that are asked for their agreement. All
    chosen on rendered people of collections of 10 to 300, with 1 to 12 pictures each, and looked at on real ones.
    """

    neighbours: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 8, 10)
    expansion_share: float = 0.5
    own_share: float = 0.2
    limits: tuple[float, ...] = (0.7, 0.75, 0.8, 0.85, 0.9)
    least_margin: float = 0.075
    stranger: float = 1.15
    margin_share: float = 3.0
    least_said: float = 0.9
    nearly: float = 0.01


def grouped(
    distance: np.ndarray,
    vectors: np.ndarray,
    quality: np.ndarray,
    limit: float,
    least_quality: float = 0.0,
    photo: np.ndarray | None = None,
    config: GroupingConfig | None = None,
) -> np.ndarray:
    """Group (N,) int64 of each crop, numbered as `cluster` does; UNSURE where nothing is said.

    distance (N, N) and global vectors (N, D) of the crops; quality (N,): crops below `least_quality` are unsure; limit:
    up to which plain distances mostly are one person; photo (N,): people in one picture are never put together. A
    grouping is as good as the sum of (`own_precision` + margin_share · margin − least_said) over who is not alone; of
    those nearly as good as the best it is `most_agreed`. No crops give none. Raises ShapeError.
    """
    config = config or GroupingConfig()
    plain = _symmetric(distance, len(vectors))
    stranger = config.stranger * limit
    ranks = _ranks(plain)
    found = [(0.0, by_size(np.where(quality >= least_quality, np.arange(len(plain)), UNSURE)))]  # everybody alone
    for tried in _groupings(plain, vectors, quality, least_quality, photo, config):
        margin = margins(plain, tried, stranger)
        labels = held_together(tried, margin, config.least_margin)
        said = own_precision(ranks, labels) + config.margin_share * margin - config.least_said
        found.append((float(said[_in_company(labels)].sum()), labels))
    most = max(said for said, _ in found)
    return most_agreed([labels for said, labels in found if said >= (1 - config.nearly) * most])


def mutual_distance(distance: np.ndarray, vectors: np.ndarray, neighbours: int, config: GroupingConfig) -> np.ndarray:
    """How little the neighbourhoods of two crops have in common, (N, N) float64, symmetric, for `cluster`.

    (1 − s)·J + 2·s·d with the Jaccard distance J of k-reciprocal neighbourhoods (Zhong et al., CVPR 2017) of the global
    vectors (N, D), the crops' distance d (N, N), and s = `own_share`. No crops give (0, 0). Raises ShapeError.
    """
    plain = _symmetric(distance, len(vectors))
    expansion = max(2, round(config.expansion_share * neighbours))
    jaccard = neighbourhood_distance(vectors, RerankingConfig(neighbours, expansion))
    return (1 - config.own_share) * jaccard + 2 * config.own_share * plain


def margins(distance: np.ndarray, labels: np.ndarray, stranger: float) -> np.ndarray:
    """How much nearer each crop is to its own group than to the next one, (N,) at most 1, by how far strangers are.

    (b − a) / stranger with the mean distance a to the others of its group, and b to the nearest other group, or to an
    imagined stranger `stranger` away, who is all there is beside a single group. 0 for who is alone or UNSURE. The
    silhouette (Rousseeuw 1987) has max(a, b) below the line; then the many pictures of one camera, alike for the place
    and the light, are a better group than all of the person's.
    """
    result = np.zeros(len(labels))
    names, own, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    rows = np.flatnonzero((labels != UNSURE) & (sizes[own] > 1))
    at = np.arange(len(rows)), own[rows]
    sums = sums_to_groups(distance[rows], own, len(names))
    inner = sums[at] / (sizes[own[rows]] - 1)
    outer = sums / sizes
    outer[:, names == UNSURE] = np.inf
    outer[at] = np.inf
    result[rows] = (np.minimum(outer.min(axis=1, initial=np.inf), stranger) - inner) / stranger
    return result


def own_precision(ranks: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Average precision of each crop's group in the ranking of all by distance from it, (N,) in [0, 1].

    ranks (N, N) int: place of every crop as seen from one, itself at 0 and the nearest other at 1. 1 where a crop's own
    group is nearer to it than everybody else; 0 for who is alone or UNSURE. A group too large has strangers in between;
    one too small leaves its other half in front.
    """
    result = np.zeros(len(labels))
    for name in np.unique(labels[labels != UNSURE]):
        rows = np.flatnonzero(labels == name)
        if len(rows) > 1:
            places = np.sort(ranks[np.ix_(rows, rows)], axis=1)[:, 1:]
            result[rows] = (np.arange(1, len(rows)) / places).mean(axis=1)
    return result


def held_together(labels: np.ndarray, margin: np.ndarray, least: float) -> np.ndarray:
    """`labels` (N,) with groups whose mean margin is below `least` taken apart."""
    result, unused = labels.copy(), int(labels.max(initial=UNSURE)) + 1
    for name in np.unique(labels[labels != UNSURE]):
        rows = np.flatnonzero(labels == name)
        if len(rows) > 1 and margin[rows].mean() < least:
            result[rows] = unused + np.arange(len(rows))
            unused += len(rows)
    return by_size(result)


def _groupings(
    plain: np.ndarray,
    vectors: np.ndarray,
    quality: np.ndarray,
    least_quality: float,
    photo: np.ndarray | None,
    config: GroupingConfig,
) -> Iterator[np.ndarray]:
    for neighbours in config.neighbours:
        if neighbours < len(plain):
            mutual = mutual_distance(plain, vectors, neighbours, config)
            yield from clusterings(mutual, quality, config.limits, least_quality, photo)


def _symmetric(distance: np.ndarray, count: int) -> np.ndarray:
    if distance.shape != (count, count):
        raise ShapeError(f"distance: expected {(count, count)}, got {distance.shape}")
    symmetric = (distance + distance.T).astype(np.float64) / 2
    np.fill_diagonal(symmetric, 0)
    return symmetric


def _ranks(distance: np.ndarray) -> np.ndarray:
    """Place (N, N) int32 of each crop among all by distance (N, N) from each, itself at 0; of two as far, the first."""
    from_own = distance.copy()
    np.fill_diagonal(from_own, -1)
    order = np.argsort(from_own, axis=1, kind="stable")
    result = np.empty(order.shape, np.int32)
    np.put_along_axis(result, order, np.arange(len(order), dtype=np.int32)[None], axis=1)
    return result


def _in_company(labels: np.ndarray) -> np.ndarray:
    """(N,) bool: whether a crop's group has another one in it."""
    _, own, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    return (labels != UNSURE) & (sizes[own] > 1)
