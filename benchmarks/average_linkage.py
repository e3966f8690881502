"""Average linkage that never merges what may not be merged, with every pair in memory: a solver to compare with."""

import numpy as np


def average_linkage(
    distance: np.ndarray, evidence: np.ndarray, forbidden: np.ndarray, largest_distance: float
) -> np.ndarray:
    """Merge the two closest clusters until none are within `largest_distance`: labels (N,) int.

    The distance of two clusters is the mean over their pairs, weighted by evidence (UPGMA; Sokal & Michener 1958):
    distance (N, N) finite where evidence (N, N) > 0; both symmetric. A pair without evidence has no say; clusters
    without any evidence between them stay apart. forbidden (N, N) bool: pairs that may never share a cluster; they
    make every cluster that holds one of them infinitely far from every cluster that holds the other. Ties go to the
    lower rows. A label is the smallest row of its cluster. N = 0 gives an empty array. Memory three N × N float32;
    time N² where few clusters are hubs.
    """
    count = len(distance)
    label = np.arange(count)
    if count < 2:
        return label
    weight = np.where(forbidden, 0, evidence).astype(np.float32)
    total = np.where(evidence > 0, distance * evidence, 0).astype(np.float32)
    total[forbidden] = np.inf
    np.fill_diagonal(total, np.inf)
    mean = _mean(total, weight)
    nearest = mean.argmin(axis=1)
    nearest_distance = mean[label, nearest]
    while True:
        first = int(nearest_distance.argmin())
        if not nearest_distance[first] <= largest_distance:
            return label
        keep, drop = sorted((first, int(nearest[first])))
        label[label == drop] = keep
        _merge(total, weight, mean, keep, drop)
        nearest_distance[drop] = np.inf
        _update_nearest(mean, nearest, nearest_distance, keep, drop)


def _mean(total: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted mean distance; infinite without evidence."""
    return np.divide(total, weight, out=np.full_like(total, np.inf), where=(weight > 0) & np.isfinite(total))


def _merge(total: np.ndarray, weight: np.ndarray, mean: np.ndarray, keep: int, drop: int) -> None:
    """Cluster `drop` goes into `keep`: sums add up, an infinite sum stays infinite."""
    for sums in (total, weight):
        sums[keep] += sums[drop]
        sums[:, keep] = sums[keep]
    total[keep, keep] = np.inf
    total[drop], total[:, drop] = np.inf, np.inf
    mean[keep] = _mean(total[keep], weight[keep])
    mean[:, keep] = mean[keep]
    mean[drop], mean[:, drop] = np.inf, np.inf


def _update_nearest(mean: np.ndarray, nearest: np.ndarray, nearest_distance: np.ndarray, keep: int, drop: int) -> None:
    """Search anew only the rows whose nearest cluster moved away."""
    to_keep = mean[:, keep]
    pointed = (nearest == keep) | (nearest == drop)
    closer = (to_keep < nearest_distance) | ((to_keep == nearest_distance) & (keep < nearest))
    stays = np.isfinite(to_keep) & ((pointed & (to_keep <= nearest_distance)) | closer)
    nearest[stays], nearest_distance[stays] = keep, to_keep[stays]
    stale = np.flatnonzero(pointed & ~stays & np.isfinite(nearest_distance))
    for row in (*stale, keep):
        nearest[row] = mean[row].argmin()
        nearest_distance[row] = mean[row, nearest[row]]
