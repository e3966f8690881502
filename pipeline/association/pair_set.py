"""Some of the pairs of N rows: memory grows with those, not with N²."""

from dataclasses import dataclass

import numpy as np


def distinct(keys: np.ndarray) -> np.ndarray:
    """The keys (P,), each once, in order: what `np.unique` gives, which hashes integers and takes 20 times as long."""
    ordered = np.sort(keys)
    return np.asarray(ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]])


@dataclass(frozen=True, eq=False)
class PairSet:
    """Pairs of two different of `count` rows: keys (P,) int64, smaller row · count + larger row, sorted, each once."""

    count: int
    keys: np.ndarray

    @classmethod
    def of(cls, count: int, rows: np.ndarray, columns: np.ndarray) -> "PairSet":
        """The pairs of rows (P,) and columns (P,), in any order; a row with itself is left out."""
        rows, columns = np.asarray(rows, np.int64), np.asarray(columns, np.int64)
        differ = rows != columns
        return cls(count, distinct(pair_keys(count, rows[differ], columns[differ])))

    @classmethod
    def empty(cls, count: int) -> "PairSet":
        """No pairs of `count` rows."""
        return cls(count, np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.keys)

    def __or__(self, other: "PairSet") -> "PairSet":
        return PairSet(self.count, np.union1d(self.keys, other.keys))

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """The smaller (P,) and the larger row (P,) of each."""
        return self.keys // max(1, self.count), self.keys % max(1, self.count)

    def where(self, keep: np.ndarray) -> "PairSet":
        """Those for which keep (P,) bool says so."""
        return PairSet(self.count, self.keys[keep])

    def find(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Where the pairs (K,) of rows and columns are in `keys`; −1 for those that are not."""
        if not len(self.keys):
            return np.full(len(rows), -1)
        wanted = pair_keys(self.count, rows, columns)
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where((self.keys[at] == wanted) & (rows != columns), at, -1)

    def holds(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Which pairs (K,) of rows and columns are among them, bool."""
        return self.find(rows, columns) >= 0


def pair_keys(count: int, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """One number (K,) int64 for each pair of rows and columns (K,) below `count`, whichever comes first."""
    return np.minimum(rows, columns).astype(np.int64) * count + np.maximum(rows, columns)
