"""Distances of tracklets on demand: what a solver asks for when all pairs at once would not fit into memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pipeline.association.pair_set import PairSet
from pipeline.association.travel import TravelTimes
from pipeline.association.travel_bound import TimeBound

ROWS_AT_ONCE, COLUMNS_AT_ONCE = 256, 2**13  # a tile of cosines that stays in a processor's cache
PAIRS_AT_ONCE = 2**11  # whose vectors do
EDGES_AT_ONCE = 2**22
ROUNDING = 1e-5  # of cosines and bounds in single precision


@dataclass(frozen=True, eq=False)
class Edges:
    """Pairs (E,) of rows with rows < columns, each once, in order; distance (E,) of each."""

    rows: np.ndarray
    columns: np.ndarray
    distance: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


NO_EDGES = Edges(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def _joined(parts: Sequence[Edges]) -> Edges:
    return Edges(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("rows", "columns", "distance")))


def nearest(edges: Edges, most: int) -> Edges:
    """The edges that are among the `most` nearest of one of their ends; ties go to the lower rows.

    Doing this to some of the edges, then again with the others, gives the same as doing it once to all.
    """
    keep = np.zeros(len(edges), bool)
    for ends, others in ((edges.rows, edges.columns), (edges.columns, edges.rows)):
        order = np.lexsort([others, edges.distance, ends])
        starts = np.flatnonzero(np.diff(ends[order], prepend=-1))
        rank = np.arange(len(order)) - np.repeat(starts, np.diff([*starts, len(order)]))
        keep[order[rank < most]] = True
    return Edges(edges.rows[keep], edges.columns[keep], edges.distance[keep])


class Pairs(Protocol):
    """N tracklets that can be compared."""

    def __len__(self) -> int: ...

    def measure(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distance, evidence (0: the distance has no say) and forbidden, each (K,), of pairs of rows and columns."""

    def near(self, largest: float, most: int) -> Edges:
        """The allowed pairs with evidence whose distance is at most `largest`, the `nearest` of each row."""


@dataclass(frozen=True, eq=False)
class VectorPairs:
    """Pairs of embeddings: 1 − cosine, less `nat_distance` for each nat of `travel`. Memory grows with N.

    vectors (N, D) float32 of norm 1, or 0 where nothing is known, which is no evidence; clock, first, last (N,): rows
    of one clock whose spans meet are forbidden, and so are those of `apart`.
    """

    vectors: np.ndarray
    known: np.ndarray
    clock: np.ndarray
    first: np.ndarray
    last: np.ndarray
    nat_distance: float
    travel: TravelTimes | None = None
    apart: PairSet | None = None

    def __len__(self) -> int:
        return len(self.vectors)

    def measure(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See `Pairs`."""
        looks = np.empty(len(rows), np.float64)
        for begin in range(0, len(rows), PAIRS_AT_ONCE):
            some = slice(begin, begin + PAIRS_AT_ONCE)
            looks[some] = np.einsum("kd,kd->k", self.vectors[rows[some]], self.vectors[columns[some]])
        evidence = (self.known[rows] & self.known[columns]).astype(np.float64)
        return self._with_time(np.clip(1 - looks, 0, 2), rows, columns), evidence, self.forbidden(rows, columns)

    def forbidden(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Which pairs (K,) cannot be one person; a row and itself can."""
        out = (self.clock[rows] == self.clock[columns]) & (rows != columns)
        out &= (self.first[rows] <= self.last[columns]) & (self.first[columns] <= self.last[rows])
        return out if self.apart is None else out | self.apart.holds(rows, columns)

    def near(self, largest: float, most: int) -> Edges:
        """See `Pairs`. Every pair is looked at, a tile of them at a time: time grows with N², memory does not."""
        bound = None if self.travel is None else TimeBound(self.travel)
        order = np.arange(len(self)) if bound is None else bound.order
        vectors = self.vectors[order]
        found, waiting = [NO_EDGES], 0
        for begin in range(0, len(self), ROWS_AT_ONCE):
            for rows, columns, distance in self._candidates(vectors, begin, largest, bound):
                found.append(self._exact(order[rows], order[columns], distance, largest))
                waiting += len(found[-1])
            if waiting > EDGES_AT_ONCE:
                found, waiting = [nearest(_joined(found), most)], 0
        return nearest(_joined(found), most)

    def _candidates(
        self, vectors: np.ndarray, begin: int, largest: float, bound: TimeBound | None
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Rows, columns and appearance distances of pairs, each once, that time could bring within `largest`.

        Of ROWS_AT_ONCE rows of vectors (N, D) from `begin` on, with themselves and all after them.
        """
        ours = vectors[begin : begin + ROWS_AT_ONCE]
        least = np.float32(1 - largest - ROUNDING)
        if bound is not None:
            asked = least - np.float32(self.nat_distance) * bound.between(begin, begin + len(ours))
            block = bound.block_of - bound.block_of[begin]
        for start in range(begin, len(vectors), COLUMNS_AT_ONCE):
            theirs = slice(start, start + COLUMNS_AT_ONCE)
            looks = ours @ vectors[theirs].T
            at = np.flatnonzero(looks >= (least if bound is None else asked.take(block[theirs], axis=1)))
            rows, columns = begin + at // looks.shape[1], start + at % looks.shape[1]
            keep = rows < columns
            distance = np.clip(1 - looks.ravel()[at[keep]].astype(np.float64), 0, 2)
            yield rows[keep], columns[keep], distance

    def _exact(self, rows: np.ndarray, columns: np.ndarray, looks: np.ndarray, largest: float) -> Edges:
        """The candidates that are allowed and within `largest`, the smaller row first."""
        rows, columns = np.minimum(rows, columns), np.maximum(rows, columns)
        distance = self._with_time(looks, rows, columns)
        keep = (distance <= largest) & self.known[rows] & self.known[columns]
        keep[keep] = ~self.forbidden(rows[keep], columns[keep])
        return Edges(rows[keep], columns[keep], distance[keep])

    def _with_time(self, looks: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        if self.travel is None:
            return looks
        return looks - self.nat_distance * self.travel.nats(rows, columns)
