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
    config = config or TrackletConfig()
    count = len(sets)
    distance, evidence = np.ones((count, count), np.float32), np.zeros((count, count), np.float32)
    filled = [index for index, one in enumerate(sets) if len(one)]
    if filled:
        lengths = np.array([len(sets[index]) for index in filled])
        everything = Descriptors.concatenate([sets[index] for index in filled])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        for group in _groups(lengths, config.block_rows):
            first, last = starts[group[0]], starts[group[-1]] + lengths[group[-1]]
            block = appearance_distance(everything[first:last], everything, config.distance)
            rows = [filled[index] for index in group]
            found = _reduced(*block, starts[group] - first, starts, config.closeness)
            distance[np.ix_(rows, filled)], evidence[np.ix_(rows, filled)] = found
    distance[:], evidence[:] = (distance + distance.T) / 2, (evidence + evidence.T) / 2
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


def _groups(lengths: np.ndarray, block_rows: int) -> list[np.ndarray]:
    """Consecutive sets whose rows together are about `block_rows`."""
    block = np.cumsum(lengths) // max(1, block_rows)
    return [np.flatnonzero(block == value) for value in np.unique(block)]


def _reduced(
    distance: np.ndarray, evidence: np.ndarray, row_starts: np.ndarray, column_starts: np.ndarray, closeness: float
) -> tuple[np.ndarray, np.ndarray]:
    """Crop by crop to set by set: the weighted mean of distances and the largest evidence."""
    weight = np.exp(-closeness * distance.astype(np.float64)) * np.maximum(evidence, 1e-6)

    def summed(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(np.add.reduceat(values, row_starts, axis=0), column_starts, axis=1)

    most = np.maximum.reduceat(np.maximum.reduceat(evidence, row_starts, axis=0), column_starts, axis=1)
    return (summed(weight * distance) / summed(weight)).astype(np.float32), most
