"""The time differences of confident matches: how many lie near any difference, in the time of a binary search."""

from collections.abc import Callable

import numpy as np

# Beyond this a cluster is no person but a heap of what looks alike: it tells nothing about time.
LARGEST_CLUSTER = 200


class Matches:
    """M matches on an axis: sums of exp(−distance / width) around any place, and what each cluster adds to its own.

    label (N,): the cluster of each row; place (M,): where each match lies, the pair of rows (M,) that `key` stands for,
    smaller · N + larger.
    """

    def __init__(self, label: np.ndarray, place: np.ndarray, key: np.ndarray, width: float) -> None:
        self.pairs = len(place)
        self._width, self._label = width, label
        self._sorted = np.sort(place)
        self._before, self._after = _decayed(self._sorted, width)
        self.most = float((self._before + self._after - 1).max(initial=0.0))
        group = label[key // max(1, len(label))]
        order = np.lexsort([place, group])
        before, after = _decayed(place[order], width, group[order])
        by_key = np.argsort(key[order], kind="stable")
        self._key, self._own = key[order][by_key], (before + after - 1)[by_key]

    def near(self, place: np.ndarray) -> np.ndarray:
        """Σ exp(−|match − place| / width) over all matches, for places (K,)."""
        if not self.pairs:
            return np.zeros(len(place))
        after = np.searchsorted(self._sorted, place, side="right")
        left, right = np.maximum(after - 1, 0), np.minimum(after, self.pairs - 1)
        lower = self._before[left] * np.exp(-np.abs(place - self._sorted[left]) / self._width)
        upper = self._after[right] * np.exp(-np.abs(self._sorted[right] - place) / self._width)
        return np.where(after > 0, lower, 0) + np.where(after < self.pairs, upper, 0)

    def own(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """What the matches of a pair's own cluster, itself included, add to it; 0 for pairs that are no match."""
        out = np.zeros(len(rows))
        if self.pairs:
            together = np.flatnonzero(self._label[rows] == self._label[columns])
            rows, columns = rows[together], columns[together]
            key = np.minimum(rows, columns) * len(self._label) + np.maximum(rows, columns)
            at = np.minimum(np.searchsorted(self._key, key), self.pairs - 1)
            out[together] = np.where(self._key[at] == key, self._own[at], 0)
        return out


def matches_of(label: np.ndarray, place: Callable[[np.ndarray, np.ndarray], np.ndarray], width: float) -> Matches:
    """All pairs of rows of one cluster; label (N,) int; place(rows, columns) says where on the axis a pair lies."""
    order = np.argsort(label, kind="stable")
    _, starts, sizes = np.unique(label[order], return_index=True, return_counts=True)
    firsts, seconds = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for size in np.unique(sizes[(sizes > 1) & (sizes <= LARGEST_CLUSTER)]):
        members = order[starts[sizes == size][:, None] + np.arange(size)]  # (clusters of this size, size)
        one, other = np.triu_indices(size, 1)
        firsts.append(members[:, one].ravel())
        seconds.append(members[:, other].ravel())
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    key = np.minimum(first, second) * len(label) + np.maximum(first, second)
    return Matches(label, place(first, second), key, width)


def _decayed(place: np.ndarray, width: float, group: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """For sorted places (M,): Σ exp(−|distance| / width) over those up to, and those from, each; within its group."""
    if not len(place):
        return np.zeros(0), np.zeros(0)
    # The decay from each match to the next; sums then follow one from the other.
    decay = np.exp(-np.abs(np.diff(place)) / width)
    if group is not None:
        decay[np.diff(group) != 0] = 0
    steps = decay.tolist()
    before, after = [1.0], [1.0]
    for step in steps:
        before.append(1 + before[-1] * step)
    for step in reversed(steps):
        after.append(1 + after[-1] * step)
    return np.array(before), np.array(after[::-1])
