"""Views that overlap, without calibration: whether two tracklets of two cameras stand in one place on the floor."""

from collections.abc import Iterable, Sequence

import numpy as np

from core.types import Tracklet
from pipeline.association.config import AssociateConfig
from pipeline.association.floor import area_m2, meeting_nats
from pipeline.association.foot_path import FootPath, Shared, foot_path, shared
from pipeline.association.homography import distances_heights
from pipeline.association.labels import members
from pipeline.association.looks import FloorPairs
from pipeline.association.meeting import meeting
from pipeline.association.pair_set import PairSet
from pipeline.association.view_map import MOST_MATCHES, ViewMap, learn_view_map
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
    paths = _foot_paths(tracklets, cameras)
    names = [one.key.camera for one in tracklets]
    by_camera = _rows_by_camera(names)
    said: dict[tuple[int, int], float] = {}
    for (one, other), (view, agreed) in _learned(paths, names, label, floored, config).items():
        judge = _Judge(view, agreed, _area_m2([paths[row] for row in by_camera[one]], config), config)
        spans_s = _spans_s(paths, by_camera[one]) | _spans_s(paths, by_camera[other], view.shift_s, -view.shift_s)
        for pair in meeting(spans_s, names):
            a, b = sorted(pair, key=lambda row: names[row])
            said[a, b] = config.overlap_weight * judge.nats(a, b, paths)
    ends = np.array(list(said), np.int64).reshape(-1, 2)
    pairs = PairSet.of(len(tracklets), *ends.T)
    nats = np.zeros(len(pairs))
    nats[pairs.find(*ends.T)] = list(said.values())
    return FloorPairs(pairs, nats)


def overlapping_views(
    tracklets: Sequence[Tracklet],
    cameras: Sequence[CameraResult],
    label: np.ndarray,
    floored: np.ndarray,
    config: AssociateConfig,
) -> dict[tuple[str, str], ViewMap]:
    """The maps on which `overlap_evidence` would rest, by the ids of the two cameras."""
    names = [one.key.camera for one in tracklets]
    found = _learned(_foot_paths(tracklets, cameras), names, label, floored, config)
    return {pair: view for pair, (view, _) in found.items()}


def _learned(
    paths: Sequence[FootPath], names: Sequence[str], label: np.ndarray, floored: np.ndarray, config: AssociateConfig
) -> dict[tuple[str, str], tuple[ViewMap, Matches]]:
    """For every two cameras whose views are found to overlap the map, and the matches that it was learned from."""
    has_floor = {name for name, on_floor in zip(names, floored, strict=True) if on_floor}
    found: dict[tuple[str, str], tuple[ViewMap, Matches]] = {}
    for pair, matches in sorted(_matches(names, paths, label, config.overlap_reach_s).items()):
        if has_floor.issuperset(pair):
            continue
        view = learn_view_map([(paths[a], paths[b]) for a, b in matches], config.overlap_reach_s)
        if view is not None:
            found[pair] = (view, matches)
    return found


def _foot_paths(tracklets: Sequence[Tracklet], cameras: Sequence[CameraResult]) -> list[FootPath]:
    heights = {camera.id: camera.height for camera in cameras}
    return [foot_path(one, heights.get(one.key.camera, 0)) for one in tracklets]


def _rows_by_camera(names: Sequence[str]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        rows.setdefault(name, []).append(row)
    return rows


def _matches(
    names: Sequence[str], paths: Sequence[FootPath], label: np.ndarray, reach_s: float
) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """For each two cameras, by name, the pairs of rows of one person at one time, those that were seen longest first.

    One time: the clocks may differ by up to reach_s. names (N,): of the rows' cameras.
    """
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for group in members(label).values():
        for pair in meeting(_spans_s(paths, group.tolist(), reach_s / 2, reach_s / 2), names):
            one, other = sorted(pair, key=lambda row: names[row])
            found.setdefault((names[one], names[other]), []).append((one, other))
    for matches in found.values():
        matches.sort(key=lambda match: (-min(len(paths[row].times_s) for row in match), match))
        del matches[MOST_MATCHES:]
    return found


def _spans_s(
    paths: Sequence[FootPath], rows: Iterable[int], earlier_s: float = 0.0, later_s: float = 0.0
) -> dict[int, tuple[float, float]]:
    """From when to when each of rows was seen, moved by so much; nothing of who was not."""
    seen = [row for row in rows if len(paths[row].times_s)]
    return {row: (paths[row].times_s[0] - earlier_s, paths[row].times_s[-1] + later_s) for row in seen}


def _area_m2(paths: Sequence[FootPath], config: AssociateConfig) -> float:
    """How much floor a camera sees, as if it lay parallel to its picture at the distance of the usual person."""
    points, heights = (np.concatenate([getattr(path, name) for path in paths]) for name in ("points_px", "height_px"))
    return area_m2(points / np.median(heights) * config.body_height_m)


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
