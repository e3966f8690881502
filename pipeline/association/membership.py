"""Why each tracklet is where it is: score, margin, and the pair of crops that speaks most for it."""

from collections.abc import Sequence

import numpy as np

from core.types import Appearance, Evidence, TrackletKey
from pipeline.association.clusters import distance_to_clusters


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
    own, to_cluster = distance_to_clusters(label, distance, evidence, forbidden)
    reasons: dict[TrackletKey, Evidence] = {}
    for row, appearance in enumerate(appearances):
        others = members[label[row]][members[label[row]] != row]
        if not len(others):
            reasons[appearance.key] = Evidence()
            continue
        mine, rest = to_cluster[row, own[row]], np.delete(to_cluster[row], own[row])
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


def _best_frames(one: Appearance, other: Appearance) -> tuple[int, int]:
    """The frames of the two crops that look most alike."""
    similarity = one.descriptors.global_ @ other.descriptors.global_.T
    row, column = np.unravel_index(int(similarity.argmax()), similarity.shape)
    return int(one.frames[row]), int(other.frames[column])
