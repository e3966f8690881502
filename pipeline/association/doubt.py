"""How sure every membership is, and which are too doubtful to stand."""

from dataclasses import dataclass

import numpy as np

from pipeline.association.config import AssociateConfig
from pipeline.association.labels import canonical
from pipeline.association.pairs import Edges
from pipeline.association.solve import Solution
from pipeline.association.sparse_repair import Offers

SMALLEST_NAT, MOST_NATS = 1e-3, 30.0


@dataclass(frozen=True, eq=False)
class Memberships:
    """What became of the clusters of N tracklets, and how sure it is.

    label (N,): clusters after the doubtful have left, each called after its smallest row. margin, probability (N,): of
    belonging there, or of belonging where it was before it left. unknown (N,) bool: it left.
    """

    label: np.ndarray
    margin: np.ndarray
    probability: np.ndarray
    unknown: np.ndarray


def judge(solution: Solution, config: AssociateConfig, start: np.ndarray | None = None) -> Memberships:
    """The probability that each tracklet belongs where the solution has it; who is too doubtful stands alone.

    The margin is how much farther than its own cluster the next one is, or the largest distance that still counts as
    one person where that is nearer. The probability is its logistic function in nats of `config.nat_distance`: 0.5 says
    it might as well be elsewhere. A row alone has 0.5. Below `config.unknown_at()` a row leaves, and the others are
    asked again without it. start (N,): groups that the user linked; nobody leaves those.
    """
    label = solution.label.copy()
    linked = np.zeros(len(label), bool) if start is None else np.bincount(start, minlength=len(start))[start] > 1
    unknown = np.zeros(len(label), bool)
    margin, probability = np.zeros(len(label)), np.full(len(label), 0.5)
    while len(label):
        # Nobody is in doubt because of somebody who is: the unknown are no other identity to belong to.
        edges, largest = _without(solution.edges, unknown), config.distance_at(config.caution)
        offers = Offers(solution.pairs, edges, largest, share=config.repair_share)
        mine, next_best, _ = offers.means(label, ~unknown)
        margin[~unknown] = (next_best - mine)[~unknown]
        probability = _probability(margin, config)
        sizes = np.bincount(label, minlength=len(label))
        leaves = (sizes[label] > 1) & ~linked & (probability < config.unknown_at())
        if not leaves.any():
            break
        unknown |= leaves
        label[leaves] = -1 - np.flatnonzero(leaves)
        label = canonical(label)
    return Memberships(label, margin, probability, unknown)


def _without(edges: Edges, rows: np.ndarray) -> Edges:
    keep = ~(rows[edges.rows] | rows[edges.columns])
    return Edges(edges.rows[keep], edges.columns[keep], edges.distance[keep])


def _probability(margin: np.ndarray, config: AssociateConfig) -> np.ndarray:
    nats = np.clip(margin / max(config.nat_distance, SMALLEST_NAT), -MOST_NATS, MOST_NATS)
    return 1 / (1 + np.exp(-nats))
