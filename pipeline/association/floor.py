"""Where people stand on the floor, and what that says about two tracklets of calibrated cameras."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.types import Tracklet
from pipeline.association.config import AssociateConfig
from pipeline.association.looks import FloorPairs
from pipeline.association.meeting import meeting
from pipeline.association.pair_set import PairSet
from pipeline.association.standing import standing_points
from pipeline.calibration import Calibration
from pipeline.result import CameraResult

OUTLIERS = 0.05  # share of positions that are simply wrong
SMALLEST_AREA_M2 = 10.0


@dataclass(frozen=True, eq=False)
class FloorPath:
    """One tracklet on the floor: times_s (T,), points_m (T, 2), sigma_m (T,) uncertainty; only where it was found."""

    times_s: np.ndarray
    points_m: np.ndarray
    sigma_m: np.ndarray


def floor_path(
    tracklet: Tracklet, camera: CameraResult, calibration: Calibration, config: AssociateConfig
) -> FloorPath:
    """A tracklet's positions on the floor; those that cannot be told are left out."""
    points_m, sigma_m = standing_points(tracklet, camera.height, calibration, config)
    good = np.isfinite(points_m).all(axis=1) & np.isfinite(sigma_m)
    return FloorPath(tracklet.times_s[good], points_m[good], np.hypot(sigma_m[good], config.floor_sigma_m))


def floor_paths(
    tracklets: Sequence[Tracklet],
    cameras: Sequence[CameraResult],
    calibrations: Mapping[str, Calibration],
    config: AssociateConfig,
) -> dict[int, FloorPath]:
    """The paths on the floor, by row, of those tracklets that have one."""
    by_id = {camera.id: camera for camera in cameras}
    paths: dict[int, FloorPath] = {}
    for row, tracklet in enumerate(tracklets):
        name = tracklet.key.camera
        if name in calibrations and name in by_id:
            path = floor_path(tracklet, by_id[name], calibrations[name], config)
            if len(path.times_s):
                paths[row] = path
    return paths


def floor_evidence(
    paths: Mapping[int, FloorPath], tracklets: Sequence[Tracklet], config: AssociateConfig
) -> tuple[FloorPairs, PairSet]:
    """Log-likelihood ratio that two tracklets are one person, of the pairs that meet, and the pairs that cannot be.

    Only pairs of two cameras with paths (by row) at a common time have a say, 0 otherwise. At a common instant the
    distance r of the two positions follows r/s² · exp(−r²/2s²) for one person (Rayleigh; s² adds both variances),
    2πr/A for two people on the floor area A that all positions span, with a share of outliers in the former. Instants
    within `floor_independent_s` are one observation; the mean log ratio counts once for each, at most
    `floor_most_spans` times because what is wrong with a calibration does not average out. Two tracklets are in two
    places at once when all observations together say so with `floor_forbids_nats` and the median distance is over
    `floor_forbids_m`.
    """
    spans_s = {row: (path.times_s[0], path.times_s[-1]) for row, path in paths.items()}
    ends = np.array(meeting(spans_s, [one.key.camera for one in tracklets]), np.int64).reshape(-1, 2)
    pairs = PairSet.of(len(tracklets), *ends.T)
    nats, apart = np.zeros(len(pairs)), np.zeros(len(pairs), bool)
    area = area_m2(np.concatenate([path.points_m for path in paths.values()])) if len(pairs) else 0.0
    for at, (one, other) in enumerate(zip(*pairs.pairs(), strict=True)):
        nats[at], apart[at] = pair_nats(paths[int(one)], paths[int(other)], area, config)
    return FloorPairs(pairs, nats), pairs.where(apart)


def area_m2(points_m: np.ndarray) -> float:
    """The rectangle that holds all but the most extreme twentieths of positions along each axis."""
    low, high = np.percentile(points_m, [5, 95], axis=0)
    return max(float(np.prod(high - low)), SMALLEST_AREA_M2)


def pair_nats(one: FloorPath, other: FloorPath, area: float, config: AssociateConfig) -> tuple[float, bool]:
    """Evidence over the common time, and whether the two are in two places at once."""
    r_m, s2, times_s = _common(one, other, config.floor_independent_s)
    return meeting_nats(r_m, s2, times_s, area, config) if len(r_m) else (0.0, False)


def meeting_nats(
    r_m: np.ndarray, s2: np.ndarray, times_s: np.ndarray, area: float, config: AssociateConfig
) -> tuple[float, bool]:
    """As `pair_nats`, from distances (K,) m, their variances (K,) m² and instants (K,) s, at least one; area in m²."""
    spans = len(np.unique(np.floor(times_s / config.floor_independent_s)))
    mean = float(instant_nats(r_m, s2, area).mean())
    apart = mean * spans < -config.floor_forbids_nats and float(np.median(r_m)) > config.floor_forbids_m
    return mean * min(spans, config.floor_most_spans), apart


def instant_nats(r_m: np.ndarray, s2: np.ndarray, area: float) -> np.ndarray:
    """What each distance (K,) m, of variance (K,) m², says alone: log of one person's density over two people's."""
    # Both densities are divided by r, which they share.
    different = 2 * np.pi / area
    together = (1 - OUTLIERS) * np.exp(-(r_m**2) / (2 * s2)) / s2 + OUTLIERS * different
    return np.asarray(np.log(together / different))


def _common(one: FloorPath, other: FloorPath, longest_gap_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distances (K,) m, their variances (K,) m² and instants (K,) s of the common time.

    `other` is read between its positions at the instants of `one`, unless they are more than `longest_gap_s` apart.
    """
    after = np.minimum(np.maximum(np.searchsorted(other.times_s, one.times_s), 1), len(other.times_s) - 1)
    before = np.maximum(after - 1, 0)
    gap_s = other.times_s[after] - other.times_s[before]
    share = np.divide(one.times_s - other.times_s[before], gap_s, out=np.zeros_like(gap_s), where=gap_s > 0)
    inside = (one.times_s >= other.times_s[before]) & (one.times_s <= other.times_s[after])
    common = inside & (gap_s <= longest_gap_s)
    share, before, after = share[common, None], before[common], after[common]
    there_m = other.points_m[before] * (1 - share) + other.points_m[after] * share
    r_m = np.linalg.norm(one.points_m[common] - there_m, axis=1)
    return r_m, one.sigma_m[common] ** 2 + other.sigma_m[before] ** 2, one.times_s[common]
