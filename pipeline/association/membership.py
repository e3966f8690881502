"""Why each tracklet is where it is: score, margin, and the pair of crops that speaks most for it."""

from collections.abc import Sequence

import numpy as np

from core.types import Appearance, Evidence, TrackletKey


def explain(
    label: np.ndarray,
    distance: np.ndarray,
    evidence: np.ndarray,
    forbidden: np.ndarray,
    appearances: Sequence[Appearance],
) -> dict[TrackletKey, Evidence]:
    """One Evidence for each of the N appearances.

    label (N,): the cluster of each row; distance, evidence, forbidden (N, N) as the linkage had them. The score is 1
    minus the mean distance to the other members, weighted by evidence; the margin is how much farther the nearest
    other cluster is that holds nobody forbidden to the row. A row alone in its cluster gets an empty Evidence.
    """
    members = {cluster: np.flatnonzero(label == cluster) for cluster in np.unique(label)}
    to_cluster = _distance_to_clusters(label, distance, evidence, forbidden)
    column = {cluster: index for index, cluster in enumerate(members)}
    reasons: dict[TrackletKey, Evidence] = {}
    for row, appearance in enumerate(appearances):
        own = column[label[row]]
        others = members[label[row]][members[label[row]] != row]
        if not len(others):
            reasons[appearance.key] = Evidence()
            continue
        mine, rest = to_cluster[row, own], np.delete(to_cluster[row], own)
        next_best = float(rest.min(initial=np.inf))
        known = others[evidence[row, others] > 0]
        friend = known[distance[row, known].argmin()] if len(known) else None
        reasons[appearance.key] = Evidence(
            score=float(1 - mine) if np.isfinite(mine) else None,
            margin=float(next_best - mine) if np.isfinite(next_best) and np.isfinite(mine) else None,
            best_pair=None if friend is None else appearances[friend].key,
            frames=None if friend is None else _best_frames(appearance, appearances[friend]),
        )
    return reasons


def _distance_to_clusters(
    label: np.ndarray, distance: np.ndarray, evidence: np.ndarray, forbidden: np.ndarray
) -> np.ndarray:
    """Mean distance (N, C) of each row to each cluster without itself; infinite where unknown or forbidden."""
    _, cluster = np.unique(label, return_inverse=True)
    member = np.zeros((len(label), int(cluster.max(initial=-1)) + 1), np.float32)
    member[np.arange(len(label)), cluster] = 1
    weight = evidence.astype(np.float32)
    np.fill_diagonal(weight, 0)
    weights = weight @ member
    sums = np.where(weight > 0, distance * weight, 0).astype(np.float32) @ member
    mean = np.divide(sums, weights, out=np.full_like(sums, np.inf), where=weights > 0)
    mean[(forbidden.astype(np.float32) @ member) > 0] = np.inf
    return mean


def _best_frames(one: Appearance, other: Appearance) -> tuple[int, int]:
    """The frames of the two crops that look most alike."""
    similarity = one.descriptors.global_ @ other.descriptors.global_.T
    row, column = np.unravel_index(int(similarity.argmax()), similarity.shape)
    return int(one.frames[row]), int(other.frames[column])
