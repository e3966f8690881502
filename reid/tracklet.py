"""Distance of two tracklets from several crops each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from core.types import Appearance, Descriptors
from reid.distance import DistanceConfig, appearance_distance


@dataclass(frozen=True)
class TrackletConfig:
    """How crops speak for their tracklet.

    prototypes: crops kept per tracklet, the best first and then the most different. closeness: how much more a close
    pair of crops counts than a distant one, per unit of distance (0: the plain mean; large: the closest pair alone).
    block_rows: prototypes of about this many rows are compared with all others at once.
    """

    prototypes: int = 8
    closeness: float = 6.0
    block_rows: int = 512
    distance: DistanceConfig = field(default_factory=DistanceConfig)


class TrackletLooks:
    """The appearance of T tracklets, compared a block at a time: memory grows with their crops."""

    def __init__(self, appearances: Sequence[Appearance], config: TrackletConfig | None = None) -> None:
        config = config or TrackletConfig()
        self._sets = CropSets([prototypes(one.descriptors, config.prototypes) for one in appearances], config)

    def __len__(self) -> int:
        return len(self._sets)

    def block(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What `tracklet_distance` says about rows (R,) and columns (C,): distance and evidence (R, C) float32."""
        return self._sets.block(rows, columns)


class CropSets:
    """Sets of descriptors, compared set by set; see `tracklet_distance`."""

    def __init__(self, sets: Sequence[Descriptors], config: TrackletConfig) -> None:
        self._config = config
        self._lengths = np.array([len(one) for one in sets], np.int64)
        self._starts = np.cumsum(self._lengths) - self._lengths
        filled = [one for one in sets if len(one)]
        self._crops = Descriptors.concatenate(filled) if filled else None

    def __len__(self) -> int:
        return len(self._lengths)

    def block(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance and evidence (R, C) float32 of sets `rows` (R,) and `columns` (C,)."""
        distance = np.ones((len(rows), len(columns)), np.float32)
        evidence = np.zeros_like(distance)
        inner = np.ix_(self._lengths[rows] > 0, self._lengths[columns] > 0)
        rows, columns = rows[inner[0].ravel()], columns[inner[1].ravel()]
        if self._crops is None or not len(rows) or not len(columns):
            return distance, evidence
        across = self._crops[self._of(columns)]
        column_starts = np.cumsum(self._lengths[columns]) - self._lengths[columns]
        found = [
            _reduced(
                *appearance_distance(self._crops[self._of(some)], across, self._config.distance),
                np.cumsum(self._lengths[some]) - self._lengths[some],
                column_starts,
                self._config.closeness,
            )
            for some in np.split(rows, self._breaks(rows))
        ]
        distance[inner], evidence[inner] = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return distance, evidence

    def _of(self, sets: np.ndarray) -> np.ndarray:
        """The crops of sets, one set after the other."""
        lengths = self._lengths[sets]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return np.repeat(self._starts[sets], lengths) + within

    def _breaks(self, rows: np.ndarray) -> np.ndarray:
        """Where to part rows so that each part has about `block_rows` crops."""
        part = np.cumsum(self._lengths[rows]) // max(1, self._config.block_rows)
        return np.flatnonzero(np.diff(part)) + 1


def tracklet_distance(
    appearances: Sequence[Appearance], config: TrackletConfig | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Distance (T, T) float32 and evidence (T, T) float32 in [0, 1] of tracklets; symmetric, diagonal 0.

    The distance of two tracklets is the mean over pairs of their prototypes, weighted by evidence × e^(−closeness · d):
    two views that match say more than two that show different sides. Evidence is the largest of any pair. A tracklet
    without crops has distance 1 and evidence 0 to all others.
    """
    config = config or TrackletConfig()
    chosen = [prototypes(one.descriptors, config.prototypes) for one in appearances]
    return set_distance(chosen, config)


def set_distance(sets: Sequence[Descriptors], config: TrackletConfig | None = None) -> tuple[np.ndarray, np.ndarray]:
    """As `tracklet_distance`, over every row of each set. No sets give (0, 0) matrices."""
    everybody = np.arange(len(sets))
    distance, evidence = CropSets(sets, config or TrackletConfig()).block(everybody, everybody)
    distance, evidence = (distance + distance.T) / 2, (evidence + evidence.T) / 2
    np.fill_diagonal(distance, 0)
    return distance, evidence


def prototypes(descriptors: Descriptors, count: int) -> Descriptors:
    """At most `count` rows in their order: the best one, then always the one that adds most.

    Farthest-point choice (Gonzalez 1985) on the global cosine distance times the quality: different views, but no
    blurred ones for the sake of being different. Ties take the earlier row.
    """
    if len(descriptors) <= count:
        return descriptors
    similarity = descriptors.global_ @ descriptors.global_.T
    chosen = [int(np.argmax(descriptors.quality))]
    while len(chosen) < count:
        gap = (1 - similarity[:, chosen].max(axis=1)) * descriptors.quality
        gap[chosen] = -1
        chosen.append(int(np.argmax(gap)))
    return descriptors[np.sort(np.array(chosen))]


def _reduced(
    distance: np.ndarray, evidence: np.ndarray, row_starts: np.ndarray, column_starts: np.ndarray, closeness: float
) -> tuple[np.ndarray, np.ndarray]:
    """Crop by crop to set by set: the weighted mean of distances and the largest evidence."""
    weight = np.exp(-closeness * distance.astype(np.float64)) * np.maximum(evidence, 1e-6)

    def summed(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(np.add.reduceat(values, row_starts, axis=0), column_starts, axis=1)

    most = np.maximum.reduceat(np.maximum.reduceat(evidence, row_starts, axis=0), column_starts, axis=1)
    return (summed(weight * distance) / summed(weight)).astype(np.float32), most
