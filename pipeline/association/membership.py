"""Why each tracklet is where it is: score, margin, and the pair of crops that speaks most for it."""

from collections.abc import Sequence

import numpy as np

from core.types import Appearance, Evidence, TrackletKey
from pipeline.association.clusters import distance_to_clusters


def explain(
    label: np.ndarray,
    looks: np.ndarray,
    distance: np.ndarray,
    evidence: np.ndarray,
    forbidden: np.ndarray,
    appearances: Sequence[Appearance],
) -> dict[TrackletKey, Evidence]:
    """One Evidence for each of the N appearances.

    label (N,): the cluster of each row; looks (N, N): appearance distance; distance (N, N): with all other evidence in
    it; evidence, forbidden (N, N) as the linkage had them. The score is 1 minus the mean of `looks` to the other
    members, weighted by evidence, at least 0; the margin is how much farther, in `distance`, the nearest other cluster
    is that holds nobody forbidden to the row. A row alone in its cluster gets an empty Evidence.
    """
    own, to_cluster = distance_to_clusters(label, distance, evidence, forbidden)
    return {
        appearance.key: _of_row(row, int(own[row]), to_cluster[row], own, looks, distance, evidence, appearances)
        for row, appearance in enumerate(appearances)
    }


def _of_row(
    row: int,
    mine: int,
    to_cluster: np.ndarray,
    own: np.ndarray,
    looks: np.ndarray,
    distance: np.ndarray,
    evidence: np.ndarray,
    appearances: Sequence[Appearance],
) -> Evidence:
    """Why one row is in its cluster, column `mine` of to_cluster (C,)."""
    known = np.flatnonzero((own == mine) & (evidence[row] > 0))
    known = known[known != row]
    if not len(known):
        return Evidence()
    margin = float(np.delete(to_cluster, mine).min(initial=np.inf) - to_cluster[mine])
    friend = appearances[known[distance[row, known].argmin()]]
    return Evidence(
        score=max(0.0, 1 - float(np.average(looks[row, known], weights=evidence[row, known]))),
        margin=margin if np.isfinite(margin) else None,
        best_pair=friend.key,
        frames=_best_frames(appearances[row], friend),
    )


def _best_frames(one: Appearance, other: Appearance) -> tuple[int, int]:
    """The frames of the two crops that look most alike."""
    similarity = one.descriptors.global_ @ other.descriptors.global_.T
    row, column = np.unravel_index(int(similarity.argmax()), similarity.shape)
    return int(one.frames[row]), int(other.frames[column])
