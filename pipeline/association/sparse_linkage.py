"""Average linkage that never merges what may not be merged, on the pairs that are near: memory grows with those."""

import heapq
from collections.abc import Iterable

import numpy as np

from pipeline.association.labels import members
from pipeline.association.pairs import Edges, Pairs


def sparse_linkage(pairs: Pairs, edges: Edges, largest: float, start: np.ndarray | None = None) -> np.ndarray:
    """The labels (N,) of `linkage.average_linkage`, from the `edges` = pairs.near(largest) alone.

    With all pairs within `largest`, nothing is lost by leaving the others out: a mean within it needs a pair within it,
    and the mean of a merged cluster lies between the means of its parts, so every merge to come is always among the
    neighbours of one part. The other part's mean is then measured. start (N,): clusters to begin with (who must be
    linked), each called after its smallest row; everybody alone without it. Ties go to the lower rows. A merge across
    a forbidden pair has an infinite sum and is never a neighbour.
    """
    count = len(pairs)
    label = np.arange(count) if start is None else start.copy()
    graph = _Graph(pairs, label, largest)
    graph.fill(edges, joined=start is not None)
    while (found := graph.closest()) is not None:
        keep, drop = found
        label[graph.members[drop]] = keep
        graph.merge(keep, drop)
    return label


class _Graph:
    """Clusters, by their smallest row, and what is known between those within reach: sum of distances, evidence."""

    def __init__(self, pairs: Pairs, label: np.ndarray, largest: float) -> None:
        self._pairs, self._largest = pairs, largest
        self.members = members(label)
        self._near: dict[int, dict[int, tuple[float, float]]] = {name: {} for name in self.members}
        self._age = dict.fromkeys(self.members, 0)
        self._heap: list[tuple[float, int, int, int, int]] = []
        self._label = label

    def fill(self, edges: Edges, *, joined: bool) -> None:
        """Take in the pairs that are near; with `joined` clusters they only say which clusters to measure."""
        if joined:
            ends = self._label[np.column_stack([edges.rows, edges.columns])]
            ends = np.unique(np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1), axis=0)
            starts = np.flatnonzero(np.diff(ends[:, 0], prepend=-1)) if len(ends) else np.zeros(0, np.int64)
            for part in np.split(ends, starts[1:]):
                if len(part):
                    self._link_all(int(part[0, 0]), part[:, 1].tolist())
            heapq.heapify(self._heap)
            return
        _, evidence, _ = self._pairs.measure(edges.rows, edges.columns)
        for row, column, distance, weight in zip(
            edges.rows.tolist(), edges.columns.tolist(), edges.distance.tolist(), evidence.tolist(), strict=True
        ):
            known = (distance * weight, weight)
            self._near[row][column] = known
            self._near[column][row] = known
            self._heap.append((distance, row, column, 0, 0))
        heapq.heapify(self._heap)

    def _link_all(self, one: int, others: list[int]) -> None:
        for other, known in zip(others, self._totals(one, others), strict=True):
            self._link(one, other, known)

    def closest(self) -> tuple[int, int] | None:
        """The two closest clusters, the smaller first; None where none are within reach."""
        while self._heap:
            _, one, other, age, other_age = heapq.heappop(self._heap)
            if self._age.get(one) == age and self._age.get(other) == other_age:
                return one, other
        return None

    def merge(self, keep: int, drop: int) -> None:
        """Cluster `drop` goes into `keep`, and their neighbours are measured anew."""
        ours, theirs = self._near.pop(keep), self._near.pop(drop)
        del ours[drop], theirs[keep]
        # What only one of the two was near to has to be measured from the other.
        missing = dict(zip(o := sorted(theirs.keys() - ours.keys()), self._totals(keep, o), strict=True))
        lacking = dict(zip(o := sorted(ours.keys() - theirs.keys()), self._totals(drop, o), strict=True))
        self.members[keep] = np.concatenate([self.members[keep], self.members.pop(drop)])
        self._age[keep] += 1
        del self._age[drop]
        self._near[keep] = {}
        for other in sorted(ours.keys() | theirs.keys()):
            near = self._near[other]
            near.pop(keep, None)
            near.pop(drop, None)
            one, two = ours.get(other) or missing[other], theirs.get(other) or lacking[other]
            self._link(keep, other, (one[0] + two[0], one[1] + two[1]))

    def _link(self, one: int, other: int, known: tuple[float, float]) -> None:
        total, weight = known
        if weight > 0 and total <= self._largest * weight:  # an infinite total is a forbidden pair
            self._near[one][other] = known
            self._near[other][one] = known
            low, high = min(one, other), max(one, other)
            heapq.heappush(self._heap, (total / weight, low, high, self._age[low], self._age[high]))

    def _totals(self, one: int, others: list[int]) -> Iterable[tuple[float, float]]:
        """Sums of distances (infinite if any is forbidden) and of evidence between a cluster and each of others."""
        if not others:
            return []
        ours, theirs = self.members[one], [self.members[other] for other in others]
        columns = np.concatenate(theirs)
        rows = np.repeat(ours, len(columns))
        distance, evidence, forbidden = self._pairs.measure(rows, np.tile(columns, len(ours)))
        sums = np.where(forbidden, np.inf, np.where(evidence > 0, distance * evidence, 0))
        sums, weights = (part.reshape(len(ours), -1).sum(axis=0) for part in (sums, evidence))
        starts = np.cumsum([0, *(len(part) for part in theirs[:-1])])
        totals = np.add.reduceat(sums, starts).tolist()
        return list(zip(totals, np.add.reduceat(weights, starts).tolist(), strict=True))
