"""The same with every pair in memory: what the sparse path is held against."""

from dataclasses import dataclass

import numpy as np

from benchmarks.association import MatrixLooks
from pipeline.association.config import AssociateConfig
from pipeline.association.labels import canonical
from pipeline.association.looks import TrackletPairs, measure_near
from pipeline.association.pair_set import PairSet
from pipeline.association.pairs import Edges, Pairs, nearest
from pipeline.association.solve import Solution, finish, link
from pipeline.association.sparse_repair import LEAST_GAIN
from pipeline.association.travel import Timeline, TravelTimes


@dataclass(frozen=True, eq=False)
class MatrixPairs:
    """Pairs of matrices (N, N): distance, evidence, forbidden."""

    distance: np.ndarray
    evidence: np.ndarray
    forbidden: np.ndarray

    def __len__(self) -> int:
        return len(self.distance)

    def measure(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See `Pairs`."""
        return self.distance[rows, columns], self.evidence[rows, columns], self.forbidden[rows, columns]

    def near(self, largest: float, most: int) -> Edges:
        """See `Pairs`."""
        chosen = np.triu((self.distance <= largest) & (self.evidence > 0) & ~self.forbidden, 1)
        rows, columns = np.nonzero(chosen)
        return nearest(Edges(rows, columns, self.distance[rows, columns].astype(np.float64)), most)


def pair_set(forbidden: np.ndarray) -> PairSet:
    """Those of the pairs (N, N) bool that are True."""
    return PairSet.of(len(forbidden), *np.nonzero(np.triu(forbidden | forbidden.T, 1)))


def matrix(pairs: PairSet) -> np.ndarray:
    """The pairs as (N, N) bool."""
    rows, columns = np.indices((pairs.count, pairs.count)).reshape(2, -1)
    return pairs.holds(rows, columns).reshape(pairs.count, pairs.count)


def tracklet_pairs(
    distance: np.ndarray, evidence: np.ndarray, forbidden: np.ndarray, most: int = 10**6
) -> TrackletPairs:
    """A run's pairs, from matrices (N, N)."""
    looks = MatrixLooks(distance, evidence)
    return TrackletPairs(looks, measure_near(looks, PairSet.empty(len(distance)), most), pair_set(forbidden), 1.0, 0.09)


def squares(pairs: Pairs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance, evidence and forbidden (N, N) of all pairs."""
    count = len(pairs)
    rows, columns = (grid.ravel() for grid in np.mgrid[:count, :count])
    distance, evidence, forbidden = (part.reshape(count, count) for part in pairs.measure(rows, columns))
    return distance, evidence, forbidden


def time_evidence(timeline: Timeline, label: np.ndarray, width_s: float, prior_matches: float) -> np.ndarray:
    """What `TravelTimes` says about all pairs, (N, N) float32; symmetric, the diagonal is 0."""
    count = len(label)
    times = TravelTimes(timeline, label, width_s, prior_matches)
    out = np.zeros((count, count), np.float32)
    columns = np.arange(count)
    for begin in range(0, count, 512):
        rows = columns[begin : begin + 512]
        grid = np.broadcast_to(columns, (len(rows), count))
        out[rows] = times.nats(np.repeat(rows, count), grid.ravel()).reshape(len(rows), count)
    np.fill_diagonal(out, 0)
    return out


def dense_solve(
    distance: np.ndarray,
    evidence: np.ndarray,
    forbidden: np.ndarray,
    timeline: Timeline | None,
    config: AssociateConfig,
    start: np.ndarray | None = None,
) -> Solution:
    """Clusters of N tracklets from distance (N, N), its evidence (N, N) and forbidden pairs (N, N) bool; N may be 0.

    Travel times are learned from the clusters at `travel_caution`, the clusters are then formed anew with them, and so
    on for `travel_rounds`; the last clusters are formed at `caution` and repaired. start (N,): who must stay together,
    each group called after its smallest row.
    """
    combined = distance.astype(np.float32)
    if config.travel and timeline is not None and len(distance):
        for _ in range(config.travel_rounds):
            label = link(MatrixPairs(combined, evidence, forbidden), config, config.travel_caution, start)[0]
            nats = time_evidence(timeline, label, config.travel_width_s, config.travel_prior)
            combined = (distance - config.nat_distance * nats).astype(np.float32)
    return finish(MatrixPairs(combined, evidence, forbidden), config, start)


def distance_to_clusters(
    label: np.ndarray, distance: np.ndarray, evidence: np.ndarray, forbidden: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Column of each row's own cluster (N,) and mean distances (N, C) of rows to clusters, in the order of labels.

    label (N,) int; distance, evidence (N, N); forbidden (N, N) bool. Means are weighted by evidence and leave the row
    itself out; infinite where there is no evidence, or where the cluster holds somebody forbidden to the row. N = 0
    gives (0,) and (0, 0).
    """
    _, own = np.unique(label, return_inverse=True)
    member = np.zeros((len(label), int(own.max(initial=-1)) + 1), np.float32)
    member[np.arange(len(label)), own] = 1
    weight = evidence.astype(np.float32)
    np.fill_diagonal(weight, 0)
    weights = weight @ member
    sums = np.where(weight > 0, distance * weight, 0).astype(np.float32) @ member
    mean = np.divide(sums, weights, out=np.full_like(sums, np.inf), where=weights > 0)
    mean[(forbidden.astype(np.float32) @ member) > 0] = np.inf
    return own, mean


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
