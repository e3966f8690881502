"""From evidence to clusters: confident anchors, what they teach about time, linkage, second thoughts."""

from dataclasses import dataclass, replace

import numpy as np

from pipeline.association.config import AssociateConfig
from pipeline.association.looks import TrackletPairs
from pipeline.association.pairs import Edges, Pairs, VectorPairs
from pipeline.association.reunion import reunite
from pipeline.association.sparse_linkage import sparse_linkage
from pipeline.association.sparse_repair import Offers, sparse_repair
from pipeline.association.travel import Timeline, TravelTimes

TimedPairs = VectorPairs | TrackletPairs


@dataclass(frozen=True)
class Solution:
    """label (N,): clusters, each called after its smallest row; pairs: with all evidence; edges: those within reach."""

    label: np.ndarray
    pairs: Pairs
    edges: Edges


def solve(pairs: TimedPairs, timeline: Timeline, config: AssociateConfig, start: np.ndarray | None = None) -> Solution:
    """Clusters of N tracklets, without any matrix of pairs: memory grows with tracklets and pairs within reach.

    Travel times are learned from the clusters at `travel_caution`, the clusters are then formed anew with them, and so
    on for `travel_rounds`; the last clusters are formed at `caution` and repaired. start (N,): who must stay together,
    each group called after its smallest row.
    """
    if config.travel and len(pairs):
        looks = pairs
        for _ in range(config.travel_rounds):
            label = link(pairs, config, config.travel_caution, start)[0]
            pairs = replace(looks, travel=TravelTimes(timeline, label, config.travel_width_s, config.travel_prior))
    return finish(pairs, config, start, timeline.weight())


def link(
    pairs: Pairs, config: AssociateConfig, caution: float, start: np.ndarray | None, slack: float = 0.0
) -> tuple[np.ndarray, Edges]:
    """Clusters, and the pairs within reach, those a little beyond included."""
    largest = config.distance_at(caution)
    edges = pairs.near(largest + slack, config.neighbours)
    near = edges.distance <= largest
    reach = Edges(edges.rows[near], edges.columns[near], edges.distance[near])
    return sparse_linkage(pairs, reach, largest, start), edges


def finish(
    pairs: Pairs, config: AssociateConfig, start: np.ndarray | None, weight: np.ndarray | None = None
) -> Solution:
    """The last clusters, at `caution`, and second thoughts about them; weight (N,): how much each counts in these."""
    label, edges = link(pairs, config, config.caution, start, config.repair_slack)
    # Two groups may merge at a mean at which one of their members, taken alone, is a little too far: what linkage has
    # just joined must not fall apart again, so leaving costs more than merging may.
    fixed = None if start is None else np.bincount(start, minlength=len(start))[start] > 1
    largest = config.distance_at(config.caution)
    offers = Offers(pairs, edges, largest, config.repair_slack, config.repair_gain, fixed, config.repair_share)
    label = sparse_repair(label, offers, config.repair_rounds)
    again = reunite(label, pairs, edges, largest, config.reunion_gain, config.repair_rounds, fixed, weight)
    if (again != label).any():
        label = sparse_repair(again, offers, config.repair_rounds)
    return Solution(label, pairs, edges)
