"""Views that overlap, without calibration: whether two tracklets of two cameras stand in one place on the floor."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from core.types import Tracklet
from pipeline.association.config import AssociateConfig
from pipeline.association.floor import area_m2, meeting_nats
from pipeline.association.labels import members
from pipeline.association.looks import FloorPairs
from pipeline.association.pair_set import PairSet
from pipeline.association.view_map import (
    MOST_MATCHES,
    FootPath,
    Shared,
    ViewMap,
    distances_heights,
    foot_path,
    learn_view_map,
    shared,
)
from pipeline.result import CameraResult

NEAR_HEIGHTS = 1.5  # a map is believed within so many body heights of where a match was seen

Matches = Sequence[tuple[int, int]]


def overlap_evidence(
    tracklets: Sequence[Tracklet],
    cameras: Sequence[CameraResult],
    label: np.ndarray,
    floored: np.ndarray,
    config: AssociateConfig,
) -> FloorPairs:
    """As `floor_evidence`, of pairs of cameras whose views are found to overlap by the matches of label (N,).

    floored (N,) bool: tracklets that have a path on the floor already; two of those are left to `floor_evidence`.
    Distances in a picture are turned into metres by the height of the body there, `body_height_m`; that makes little of
    depth, so where the two pictures differ, what they say is averaged. A match does not testify for itself: what a map
    says about it rests on the others. A map may still be wrong: it counts `overlap_weight` times and forbids nothing.
    """
    heights = {camera.id: camera.height for camera in cameras}
    paths = [foot_path(one, heights.get(one.key.camera, 0)) for one in tracklets]
    by_camera = _rows_by_camera(tracklets)
    matches = _matches(tracklets, paths, label)
    said: dict[tuple[int, int], float] = {}
    for one, other in sorted(matches):
        if floored[by_camera[one]].any() and floored[by_camera[other]].any():
            continue
        agreed = matches[one, other]
        view = learn_view_map([(paths[a], paths[b]) for a, b in agreed], config.overlap_reach_s)
        if view is not None:
            judge = _Judge(view, agreed, _area_m2([paths[row] for row in by_camera[one]], config), config)
            for a, b in _meeting(paths, by_camera[one], by_camera[other], view.shift_s):
                said[a, b] = config.overlap_weight * judge.nats(a, b, paths)
    ends = np.array(list(said), np.int64).reshape(-1, 2)
    pairs = PairSet.of(len(tracklets), *ends.T)
    nats = np.zeros(len(pairs))
    nats[pairs.find(*ends.T)] = list(said.values())
    return FloorPairs(pairs, nats)


def _rows_by_camera(tracklets: Sequence[Tracklet]) -> dict[str, np.ndarray]:
    rows: dict[str, list[int]] = {}
    for row, tracklet in enumerate(tracklets):
        rows.setdefault(tracklet.key.camera, []).append(row)
    return {name: np.array(mine, np.int64) for name, mine in rows.items()}


def _matches(
    tracklets: Sequence[Tracklet], paths: Sequence[FootPath], label: np.ndarray
) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """For each two cameras, the pairs of rows that are one person, those that were seen for longest first."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for group in members(label).values():
        for a, b in combinations(group.tolist(), 2):
            one, other = sorted((a, b), key=lambda row: tracklets[row].key)
            cameras = tracklets[one].key.camera, tracklets[other].key.camera
            if cameras[0] != cameras[1]:
                found.setdefault(cameras, []).append((one, other))
    for matches in found.values():
        matches.sort(key=lambda match: (-min(len(paths[row].times_s) for row in match), match))
        del matches[MOST_MATCHES:]
    return found


def _area_m2(paths: Sequence[FootPath], config: AssociateConfig) -> float:
    """How much floor a camera sees, as if it lay parallel to its picture at the distance of the usual person."""
    points, heights = (np.concatenate([getattr(path, name) for path in paths]) for name in ("points_px", "height_px"))
    return area_m2(points / np.median(heights) * config.body_height_m)


def _meeting(
    paths: Sequence[FootPath], one: np.ndarray, other: np.ndarray, shift_s: float
) -> Iterator[tuple[int, int]]:
    """Pairs of rows of two cameras that have time in common."""
    seen = [row for row in other.tolist() if len(paths[row].times_s)]
    first, last = (np.array([paths[row].times_s[end] for row in seen]) - shift_s for end in (0, -1))
    for a in one.tolist():
        times_s = paths[a].times_s
        if len(times_s):
            for at in np.flatnonzero((first <= times_s[-1]) & (last >= times_s[0])):
                yield a, seen[at]


class _Judge:
    """What one map says about two tracklets."""

    def __init__(self, view: ViewMap, agreed: Matches, area: float, config: AssociateConfig) -> None:
        self._view, self._area, self._config = view, area, config
        self._number = {pair: number for number, pair in enumerate(agreed)}
        self._owner = np.concatenate([np.full(len(points), number) for number, points in view.matches.items()])
        self._one = np.concatenate([points.one_px for points in view.matches.values()])
        self._other = np.concatenate([points.other_px for points in view.matches.values()])

    def nats(self, a: int, b: int, paths: Sequence[FootPath]) -> float:
        """Log-likelihood ratio that rows a and b are one person; 0 where the map cannot tell."""
        points = shared(paths[a], paths[b], self._view.shift_s)
        if not len(points):
            return 0.0
        r_heights = self._distance(points, self._owner != self._number.get((a, b), -1))
        known = np.isfinite(r_heights)
        if not known.any():
            return 0.0
        s2 = np.full(known.sum(), 2 * self._config.floor_sigma_m**2)
        r_m = r_heights[known] * self._config.body_height_m
        return meeting_nats(r_m, s2, points.times_s[known], self._area, self._config)[0]

    def _distance(self, points: Shared, rests_on: np.ndarray) -> np.ndarray:
        """Distances (K,) in body heights, in the pictures in which the map can be believed there; NaN where in none."""
        here, there = distances_heights(self._view.homography, points)
        # A point is taken to the other picture by what was seen around it in its own.
        here[~_near(points.other_px, points.other_height_px, self._other[rests_on])] = np.nan
        there[~_near(points.one_px, points.one_height_px, self._one[rests_on])] = np.nan
        both = np.stack([here, there])
        count = np.isfinite(both).sum(axis=0)
        squares = np.divide(np.nansum(both**2, axis=0), count, out=np.full(len(points), np.nan), where=count > 0)
        return np.sqrt(squares)


def _near(points_px: np.ndarray, height_px: np.ndarray, seen_px: np.ndarray) -> np.ndarray:
    if not len(seen_px):
        return np.zeros(len(points_px), bool)
    far = np.linalg.norm(points_px[:, None] - seen_px[None], axis=2).min(axis=1)
    return np.asarray(far <= NEAR_HEIGHTS * height_px)
