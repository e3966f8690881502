"""Second thoughts on the pairs that are near: the moves of `repair`, with memory that grows with those pairs."""

import numpy as np

from pipeline.association.labels import canonical
from pipeline.association.pair_set import distinct
from pipeline.association.pairs import Edges, Pairs

PAIRS_AT_ONCE = 2**20
# Moves that gain less than this are noise of rounding and might go back and forth for ever.
LEAST_GAIN = 1e-4


class Offers:
    """For each row, the clusters it is near to, and its mean distance to each, weighted by evidence.

    Who is alone pays `largest`, so joins only what is nearer; who leaves to stand alone pays `slack` more. Nobody moves
    for less than `gain`. Only means within that need be known: they need a pair within it, which is an edge.

    A mean alone would prefer one very near tracklet to a whole group that is near, and so take groups apart. So another
    cluster counts only if its affinity to a row, the sum over its members of how much nearer than `largest` they are,
    is at least `share` of that of the row's own cluster.
    """

    def __init__(
        self,
        pairs: Pairs,
        edges: Edges,
        largest: float,
        slack: float = 0.0,
        gain: float = LEAST_GAIN,
        fixed: np.ndarray | None = None,
        share: float = 0.0,
    ) -> None:
        self._share = share
        self._pairs, self.join, self.leave, self.gain = pairs, largest, largest + slack, max(gain, LEAST_GAIN)
        self.ends = np.concatenate([edges.rows, edges.columns]), np.concatenate([edges.columns, edges.rows])
        self.free = np.ones(len(pairs), bool) if fixed is None else ~fixed

    def means(self, label: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """own (N,): each of rows' mean distance to the rest of its cluster; best (N,): the nearest other; its name.

        rows (N,) bool: those to look at. own is `join` without a rest or evidence in it; best is `leave`, and the name
        −1, where no other cluster that counts is nearer than that, or all such hold somebody forbidden. label (N,) int.
        """
        count = len(label)
        own, best, name = np.full(count, self.join), np.full(count, self.leave), np.full(count, -1)
        row, other = self.ends
        chosen = rows[row]
        names = int(label.max(initial=0)) + 1
        asked = row[chosen] * np.int64(names) + label[other[chosen]]
        mine = np.flatnonzero(rows) * np.int64(names) + label[rows]
        asked = distinct(np.concatenate([asked, mine]))
        of_row, cluster = asked // names, asked % names
        mean, affinity = self._ties(of_row, cluster, label)
        same = cluster == label[of_row]
        finite = np.isfinite(mean)
        own[of_row[same & finite]] = mean[same & finite]
        own_affinity = np.zeros(count)
        own_affinity[of_row[same]] = affinity[same]
        other_cluster = ~same & (mean < self.leave) & self.counts(affinity, own_affinity[of_row])
        order = np.lexsort([cluster[other_cluster], mean[other_cluster], of_row[other_cluster]])
        first_row, at = np.unique(of_row[other_cluster][order], return_index=True)
        best[first_row] = mean[other_cluster][order][at]
        name[first_row] = cluster[other_cluster][order][at]
        return own, best, name

    def counts(self, affinity: np.ndarray | float, own_affinity: np.ndarray | float) -> np.ndarray | bool:
        """Whether a cluster of this affinity to a row counts beside its own."""
        return (own_affinity <= 0) | (affinity >= self._share * own_affinity)

    def _ties(self, rows: np.ndarray, clusters: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean distance and affinity (K,) of rows to clusters but for themselves.

        The mean is infinite without evidence or if forbidden.
        """
        order = np.argsort(label, kind="stable")
        begins = np.searchsorted(label[order], clusters, side="left")
        sizes = np.searchsorted(label[order], clusters, side="right") - begins
        means, affinities = np.full(len(rows), np.inf), np.zeros(len(rows))
        ends = np.cumsum(sizes)
        begin = 0
        while begin < len(rows):
            # As many questions at once as fit, at least one.
            before = ends[begin - 1] if begin else 0
            end = max(begin + 1, int(np.searchsorted(ends, before + PAIRS_AT_ONCE, side="right")))
            part = slice(begin, end)
            asked = np.repeat(np.arange(end - begin), sizes[part])
            within = np.arange(len(asked)) - np.repeat(np.cumsum(sizes[part]) - sizes[part], sizes[part])
            members = order[begins[part][asked] + within]
            of_row = rows[part][asked]
            distance, evidence, forbidden = self._pairs.measure(of_row, members)
            evidence = np.where(members == of_row, 0, evidence)
            weight = np.bincount(asked, evidence, end - begin)
            total = np.bincount(asked, np.where(evidence > 0, distance * evidence, 0), end - begin)
            mean = np.divide(total, weight, out=np.full(end - begin, np.inf), where=weight > 0)
            mean[np.bincount(asked, forbidden, end - begin) > 0] = np.inf
            means[part], affinities[part] = mean, weight * self.join - total
            begin = end
        return means, affinities

    def price(self, row: int, cluster: int, label: np.ndarray) -> tuple[float, float]:
        """What `row` pays in a cluster as it is now, and its affinity to it.

        It pays the mean distance, `join` if it is alone, and infinitely much if it is forbidden.
        """
        members = np.flatnonzero(label == cluster)
        members = members[members != row]
        distance, evidence, forbidden = self._pairs.measure(np.full(len(members), row), members)
        if forbidden.any():
            return np.inf, -np.inf
        if not evidence.sum() > 0:
            return self.join, 0.0
        return float(np.average(distance, weights=evidence)), float((evidence * (self.join - distance)).sum())


def sparse_repair(label: np.ndarray, offers: Offers, rounds: int) -> np.ndarray:
    """Labels (N,) after the moves that `repair.repair` makes, but for slack and gain; fixed rows stay."""
    label = label.copy()
    stale = np.ones(len(label), bool)
    own, best, name = (np.zeros(len(label)) for _ in range(3))
    for _ in range(rounds):
        found = offers.means(label, stale)
        for kept, new in zip((own, best, name), found, strict=True):
            kept[stale] = new[stale]
        gain = np.where(offers.free, own - best, -np.inf)
        changed: set[int] = set()
        for row in np.argsort(-gain, kind="stable"):
            if gain[row] <= offers.gain:
                break
            changed |= _move(int(row), int(name[row]), label, offers)
        if not changed:
            break
        stale = _touched(label, offers, changed)
    return canonical(label)


def _move(row: int, target: int, label: np.ndarray, offers: Offers) -> set[int]:
    """Move `row` to cluster `target` (−1: alone) if that is still a gain; the clusters that changed."""
    if target >= 0 and not (label == target).any():
        return set()
    here = int(label[row])
    price, own_affinity = offers.price(row, here, label)
    there, affinity = offers.price(row, target, label) if target >= 0 else (offers.leave, own_affinity)
    if there >= price - offers.gain or not offers.counts(affinity, own_affinity):
        return set()
    new = target
    if target < 0:
        new = row if not (label == row).any() else int(label.max()) + 1
    label[row] = new
    return {here, new}


def _touched(label: np.ndarray, offers: Offers, changed: set[int]) -> np.ndarray:
    """Rows (N,) bool in or near the clusters that changed."""
    inside = np.isin(label, np.fromiter(changed, np.int64, len(changed)))
    row, other = offers.ends
    out = inside.copy()
    out[row[inside[other]]] = True
    return out
