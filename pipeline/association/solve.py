"""From evidence to clusters: confident anchors, what they teach about time, linkage, second thoughts."""

from dataclasses import dataclass

import numpy as np

from pipeline.association.config import AssociateConfig
from pipeline.association.linkage import average_linkage
from pipeline.association.repair import repair
from pipeline.association.travel import Timeline, time_evidence


@dataclass(frozen=True)
class Solution:
    """label (N,): clusters, each called after its smallest row; distance (N, N) float32 with all evidence in it."""

    label: np.ndarray
    distance: np.ndarray


def solve(
    distance: np.ndarray,
    evidence: np.ndarray,
    forbidden: np.ndarray,
    timeline: Timeline | None,
    config: AssociateConfig,
) -> Solution:
    """Clusters of N tracklets from distance (N, N), its evidence (N, N) and forbidden pairs (N, N) bool; N may be 0.

    Travel times are learned from the clusters at `travel_caution`, the clusters are then formed anew with them, and so
    on for `travel_rounds`; the last clusters are formed at `caution` and repaired.
    """
    combined = distance.astype(np.float32)
    if config.travel and timeline is not None and len(distance):
        confident = config.distance_at(config.travel_caution)
        for _ in range(config.travel_rounds):
            label = average_linkage(combined, evidence, forbidden, confident)
            nats = time_evidence(timeline, label, config.travel_width_s, config.travel_prior)
            combined = (distance - config.nat_distance * nats).astype(np.float32)
    largest = config.distance_at(config.caution)
    label = average_linkage(combined, evidence, forbidden, largest)
    return Solution(repair(label, combined, evidence, forbidden, largest, config.repair_rounds), combined)
