"""What a run compares: appearance on demand, floor and travel time beside it, and who may not be together."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from pipeline.association.pair_set import PairSet, pair_keys
from pipeline.association.pairs import Edges, nearest
from pipeline.association.travel import TravelTimes

PAIRS_AT_ONCE = 2**18


class Looks(Protocol):
    """The appearance of N tracklets."""

    def __len__(self) -> int: ...

    def block(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance and evidence (R, C) of every one of rows (R,) to every one of columns (C,); symmetric."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Pairs whose looks were measured: distance, evidence (P,) in the order of pairs.keys."""

    pairs: PairSet
    distance: np.ndarray
    evidence: np.ndarray


def measure_near(looks: Looks, also: PairSet, most: int) -> Measured:
    """Of each tracklet the `most` that look most like it, `also` left aside, and all pairs of `also`.

    Every pair is looked at, a block of rows at a time: time grows with N², memory with N · most.
    """
    count = len(looks)
    keys, distances, evidences = [np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros(0)]
    aside = np.sort(np.concatenate([also.keys, _mirrored(also)]))
    at_once = max(1, PAIRS_AT_ONCE // max(1, count))
    for begin in range(0, count, at_once):
        rows = np.arange(begin, min(begin + at_once, count))
        distance, evidence = looks.block(rows, np.arange(count))
        low, high = np.searchsorted(aside, [rows[0] * count, (rows[-1] + 1) * count])
        asked = (aside[low:high] // count - begin, aside[low:high] % count)
        open_distance = np.where(evidence > 0, distance, np.inf)
        open_distance[rows - begin, rows] = np.inf
        open_distance[asked] = np.inf
        near = np.argpartition(open_distance, min(most, count) - 1, axis=1)[:, :most]
        row, column = np.repeat(rows - begin, near.shape[1]), near.ravel()
        finite = np.isfinite(open_distance[row, column])
        row, column = np.concatenate([row[finite], asked[0]]), np.concatenate([column[finite], asked[1]])
        keys.append(pair_keys(count, row + begin, column))
        distances.append(distance[row, column].astype(np.float64))
        evidences.append(evidence[row, column].astype(np.float64))
    # A pair that was met from both sides counts as its smaller row, which comes first, saw it.
    key, first = np.unique(np.concatenate(keys), return_index=True)
    return Measured(PairSet(count, key), np.concatenate(distances)[first], np.concatenate(evidences)[first])


def _mirrored(pairs: PairSet) -> np.ndarray:
    low, high = pairs.pairs()
    return high * pairs.count + low


@dataclass(frozen=True, eq=False)
class FloorPairs:
    """What the floor says about some pairs: nats (P,) in the order of pairs.keys; it says 0 about all others."""

    pairs: PairSet
    nats: np.ndarray

    def __or__(self, other: "FloorPairs") -> "FloorPairs":
        """What either says, or both together."""
        pairs = self.pairs | other.pairs
        rows, columns = pairs.pairs()
        return FloorPairs(pairs, self.of(rows, columns) + other.of(rows, columns))

    def of(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """The nats (K,) of pairs of rows and columns."""
        at = self.pairs.find(rows, columns)
        return np.where(at >= 0, self.nats[at], 0.0) if len(self.nats) else np.zeros(len(rows))


@dataclass(frozen=True, eq=False)
class TrackletPairs:
    """The `Pairs` of a run: looks / scale, less `nat_distance` for each nat of floor and travel.

    known: the pairs measured beforehand; only they are ever `near`. Others are measured when somebody asks.
    """

    looks: Looks
    known: Measured
    forbidden: PairSet
    scale: float
    nat_distance: float
    floor: FloorPairs | None = None
    travel: TravelTimes | None = None

    def __len__(self) -> int:
        return len(self.looks)

    def with_floor(self, floor: FloorPairs) -> "TrackletPairs":
        """The same with other evidence of the floor; the pairs that it speaks for are measured, if they were not."""
        close = floor.pairs.where(floor.nats > 0)
        new = close.where(~self.known.pairs.holds(*close.pairs()))
        distance, evidence = self.appearance(*new.pairs())
        keys = np.concatenate([self.known.pairs.keys, new.keys])
        order = np.argsort(keys, kind="stable")
        known = Measured(
            PairSet(len(self), keys[order]),
            np.concatenate([self.known.distance, distance])[order],
            np.concatenate([self.known.evidence, evidence])[order],
        )
        return replace(self, known=known, floor=floor)

    def appearance(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance of looks, not scaled, and evidence (K,); of a row and itself 0 and 0."""
        at = self.known.pairs.find(rows, columns)
        distance, evidence = np.zeros(len(rows)), np.zeros(len(rows))
        found = at >= 0
        distance[found], evidence[found] = self.known.distance[at[found]], self.known.evidence[at[found]]
        missing = np.flatnonzero(~found & (rows != columns))
        low, high = np.minimum(rows, columns)[missing], np.maximum(rows, columns)[missing]
        order = np.argsort(low, kind="stable")
        names, starts = np.unique(low[order], return_index=True)
        for name, part in zip(names, np.split(order, starts[1:]), strict=True) if len(names) else ():
            looks, weight = self.looks.block(np.array([name]), high[part])
            distance[missing[part]], evidence[missing[part]] = looks[0], weight[0]
        return distance, evidence

    def measure(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See `Pairs`."""
        distance, evidence = self.appearance(rows, columns)
        return self._combined(distance, rows, columns), evidence, self.forbidden.holds(rows, columns)

    def near(self, largest: float, most: int) -> Edges:
        """See `Pairs`."""
        rows, columns = self.known.pairs.pairs()
        distance = self._combined(self.known.distance, rows, columns)
        keep = (distance <= largest) & (self.known.evidence > 0)
        keep[keep] = ~self.forbidden.holds(rows[keep], columns[keep])
        return nearest(Edges(rows[keep], columns[keep], distance[keep]), most)

    def _combined(self, looks: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        distance = looks / self.scale
        for source in (self.floor.of if self.floor else None, self.travel.nats if self.travel else None):
            if source is not None:
                distance = distance - self.nat_distance * source(rows, columns)
        return distance
