"""Second thoughts: what fits better elsewhere moves there, what fits nowhere stands alone."""

import numpy as np

from pipeline.association.clusters import distance_to_clusters
from pipeline.association.labels import canonical
from pipeline.association.sparse_repair import LEAST_GAIN


def repair(
    label: np.ndarray,
    distance: np.ndarray,
    evidence: np.ndarray,
    forbidden: np.ndarray,
    largest_distance: float,
    rounds: int,
) -> np.ndarray:
    """Labels (N,) after moving single tracklets, the greatest gain first, until nobody wants to or `rounds` are over.

    distance, evidence, forbidden (N, N) as `linkage.average_linkage` takes them. A tracklet pays its mean distance to
    the others of its cluster, `largest_distance` when it is alone; it moves to where it pays less, never to somebody
    forbidden to it. A label is the smallest row of its cluster. No tracklets: no labels.
    """
    label = label.copy()
    for _ in range(rounds):
        own, mean = distance_to_clusters(label, distance, evidence, forbidden)
        names = np.unique(label)
        rows = np.arange(len(label))
        pays = np.where(np.isfinite(mean[rows, own]), mean[rows, own], largest_distance)
        mean[rows, own] = np.inf
        best = mean.argmin(axis=1) if mean.size else own
        offer = np.minimum(mean[rows, best], largest_distance)
        gain = pays - offer
        moved = False
        for row in np.argsort(-gain, kind="stable"):
            if gain[row] <= LEAST_GAIN:
                break
            target = names[best[row]] if mean[row, best[row]] < largest_distance else -1
            moved |= _move(label, int(row), int(target), distance, evidence, forbidden, largest_distance)
        if not moved:
            break
    return canonical(label)


def _move(
    label: np.ndarray,
    row: int,
    target: int,
    distance: np.ndarray,
    evidence: np.ndarray,
    forbidden: np.ndarray,
    largest_distance: float,
) -> bool:
    """Move `row` to cluster `target` (−1: alone) if that is allowed and still a gain after the moves before it."""

    def price(members: np.ndarray) -> float:
        members = members[members != row]
        weight = evidence[row, members]
        return float(np.average(distance[row, members], weights=weight)) if weight.sum() > 0 else largest_distance

    there = np.flatnonzero(label == target)
    if forbidden[row, there].any():
        return False
    here = np.flatnonzero(label == label[row])
    if price(there) >= price(here) - LEAST_GAIN or (target >= 0 and not len(there)):
        return False
    label[row] = target if target >= 0 else _unused(label, row)
    return True


def _unused(label: np.ndarray, row: int) -> int:
    """A name no cluster has: the row itself, unless its old cluster is called so."""
    return row if row not in label else int(label.max()) + 1
