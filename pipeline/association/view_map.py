"""Where a place seen by one camera lies in the picture of another: learned from people whom both see, uncalibrated.

Two pictures of one floor differ by a homography (Hartley and Zisserman 2004, ch. 13). People who were matched by their
looks walk over that floor, so their feet are its points of reference. Some matches are wrong and clocks may differ: a
homography is taken from three matches at a time (RANSAC, Fischler and Bolles 1981) at each shift of the clocks, and
only one with which most other matches agree is believed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from core.types import Tracklet
from pipeline.association.standing import foot_points_px

STEP_S = 0.4  # between the instants at which two paths are compared
LONGEST_GAP_S = 0.8  # between positions that are read between
LEAST_INSTANTS = 3  # of a match that has a say
MOST_INSTANTS = 25
LEAST_MATCHES = 5  # that agree with a homography, the three it was taken from included
LEAST_SHARE = 0.6  # of the matches that have a say
MOST_MATCHES = 60  # of two cameras, those that share most time
DRAWN = 3
TRIES = 60  # triples of matches at each shift
CLOSE_HEIGHTS = 0.25  # median distance up to which a match agrees, in body heights
FAR_HEIGHTS = 9.0  # distances are cut here
LEAST_SPREAD_HEIGHTS = 0.12  # standard deviation of places across their main direction: a line is no plane
POLISH = 3
COARSE_S, FINE_S = 0.4, 0.1  # steps between shifts


@dataclass(frozen=True, eq=False)
class FootPath:
    """Where a tracklet's feet are in the picture: times_s (T,), points_px (T, 2), height_px (T,) of the body there."""

    times_s: np.ndarray
    points_px: np.ndarray
    height_px: np.ndarray


@dataclass(frozen=True, eq=False)
class Shared:
    """Two paths at K common instants: times_s (K,) on the clock of the first; points (K, 2) px, heights (K,) px."""

    times_s: np.ndarray
    one_px: np.ndarray
    other_px: np.ndarray
    one_height_px: np.ndarray
    other_height_px: np.ndarray

    def __len__(self) -> int:
        return len(self.times_s)


@dataclass(frozen=True, eq=False)
class ViewMap:
    """homography (3, 3) takes points of one camera, px, to another's; its clock is the first's plus shift_s.

    matches: for each match that agrees, its number and where and when both saw it: what the map rests on.
    """

    homography: np.ndarray
    shift_s: float
    matches: dict[int, Shared]


def foot_path(tracklet: Tracklet, height_px: int) -> FootPath:
    """A tracklet's feet in a picture that is `height_px` high; moments at which they cannot be told are left out."""
    points, _ = foot_points_px(tracklet, height_px)
    body_px = (tracklet.boxes_xyxy[:, 3] - tracklet.boxes_xyxy[:, 1]).astype(np.float64)
    good = np.isfinite(points).all(axis=1) & (body_px > 0)
    return FootPath(tracklet.times_s[good].astype(np.float64), points[good], body_px[good])


def shared(one: FootPath, other: FootPath, shift_s: float) -> Shared:
    """Both paths at instants STEP_S apart at which both are known, at most MOST_INSTANTS of them."""
    instants = np.zeros(0)
    if len(one.times_s) and len(other.times_s):
        first = max(one.times_s[0], other.times_s[0] - shift_s)
        last = min(one.times_s[-1], other.times_s[-1] - shift_s)
        instants = np.arange(np.ceil(first / STEP_S), np.floor(last / STEP_S) + 1) * STEP_S
    known = _known_at(one.times_s, instants) & _known_at(other.times_s, instants + shift_s)
    instants = instants[known]
    instants = instants[:: max(1, -(-len(instants) // MOST_INSTANTS))]
    here, there = _at(one, instants), _at(other, instants + shift_s)
    return Shared(instants, here[:, :2], there[:, :2], here[:, 2], there[:, 2])


def _known_at(times_s: np.ndarray, instants: np.ndarray) -> np.ndarray:
    if not len(instants):
        return np.zeros(0, bool)
    after = np.clip(np.searchsorted(times_s, instants), 0, len(times_s) - 1)
    before = np.clip(np.searchsorted(times_s, instants, side="right") - 1, 0, len(times_s) - 1)
    inside = (times_s[before] <= instants) & (instants <= times_s[after])
    return inside & (times_s[after] - times_s[before] <= LONGEST_GAP_S)


def _at(path: FootPath, instants: np.ndarray) -> np.ndarray:
    """Points and height (K, 3) px at instants (K,), between the positions known."""
    values = np.column_stack([path.points_px, path.height_px])
    if not len(instants):
        return np.zeros((0, 3))
    return np.column_stack([np.interp(instants, path.times_s, values[:, column]) for column in range(3)])


def learn_view_map(matches: Sequence[tuple[FootPath, FootPath]], reach_s: float) -> ViewMap | None:
    """The map on which most of the matches of two cameras agree, at any shift up to `reach_s`; None without one."""
    if len(matches) < LEAST_MATCHES:
        return None
    coarse = np.arange(-np.floor(reach_s / COARSE_S), np.floor(reach_s / COARSE_S) + 1) * COARSE_S
    best = _best_shift(matches, coarse)
    if best is None:
        return None
    fine = best.shift_s + np.arange(-3, 4) * FINE_S
    return _believable(_best_shift(matches, fine) or best, matches)


def _best_shift(matches: Sequence[tuple[FootPath, FootPath]], shifts_s: np.ndarray) -> ViewMap | None:
    found: list[tuple[float, ViewMap]] = []
    for shift_s in sorted(shifts_s.tolist(), key=abs):  # of equals, the smallest shift
        together = {number: shared(one, other, shift_s) for number, (one, other) in enumerate(matches)}
        together = {number: points for number, points in together.items() if len(points) >= LEAST_INSTANTS}
        drawn = _draw(together) if len(together) >= LEAST_MATCHES else None
        if drawn is not None:
            found.append((drawn[0], _polished(ViewMap(drawn[1], shift_s, together), together)))
    return max(found, key=lambda one: one[0])[1] if found else None


def _draw(together: dict[int, Shared]) -> tuple[float, np.ndarray] | None:
    """The score and the homography of the best of TRIES triples of matches; None where none can be computed."""
    parts = list(together.values())
    sizes = np.array([len(part) for part in parts])
    everything = _joined(parts)
    normal, back = _normal_matrices(everything, np.repeat(np.arange(len(parts)), sizes), len(parts))
    if comb(len(parts), DRAWN) <= TRIES:
        triples = np.array(list(combinations(range(len(parts)), DRAWN)))
    else:
        order = np.random.default_rng(0).random((TRIES, len(parts))).argsort(axis=1)
        triples = order[:, :DRAWN]
    homographies = back(np.linalg.eigh(normal[triples].sum(axis=1))[1][:, :, 0])
    homographies = homographies[np.abs(np.linalg.det(homographies)) > np.finfo(float).eps]
    if not len(homographies):
        return None
    apart = np.stack([distance_heights(one, everything) for one in homographies])
    medians = np.stack([np.median(part, axis=1) for part in np.split(apart, np.cumsum(sizes)[:-1], axis=1)], axis=1)
    score = (np.sqrt(sizes) * np.maximum(1 - medians / CLOSE_HEIGHTS, 0)).sum(axis=1)
    best = int(score.argmax())
    return float(score[best]), homographies[best]


def _polished(view: ViewMap, together: dict[int, Shared]) -> ViewMap:
    """The map refitted to all matches that agree with it, outliers among their points weighted down."""
    for _ in range(POLISH):
        agreeing = _agreeing(view.homography, together)
        if len(agreeing) < DRAWN:
            break
        points = _joined(list(agreeing.values()))
        weight = 1 / np.maximum(1, distance_heights(view.homography, points) / CLOSE_HEIGHTS)
        normal, back = _normal_matrices(points, np.zeros(len(points), np.int64), 1, weight)
        homography = back(np.linalg.eigh(normal)[1][:, :, 0])[0]
        if abs(np.linalg.det(homography)) <= np.finfo(float).eps:
            break
        view = ViewMap(homography, view.shift_s, together)
    return ViewMap(view.homography, view.shift_s, _agreeing(view.homography, together))


def _agreeing(homography: np.ndarray, together: dict[int, Shared]) -> dict[int, Shared]:
    return {
        number: points
        for number, points in together.items()
        if np.median(distance_heights(homography, points)) < CLOSE_HEIGHTS
    }


def _believable(view: ViewMap, matches: Sequence[tuple[FootPath, FootPath]]) -> ViewMap | None:
    with_a_say = sum(len(shared(one, other, view.shift_s)) >= LEAST_INSTANTS for one, other in matches)
    if len(view.matches) < max(LEAST_MATCHES, LEAST_SHARE * with_a_say):
        return None
    points = _joined(list(view.matches.values()))
    spreads = [
        np.sqrt(max(0.0, np.linalg.eigvalsh(np.cov(places.T))[0])) / np.median(heights)
        for places, heights in (
            (points.one_px, points.one_height_px), (points.other_px, points.other_height_px))
    ]  # fmt: skip
    return view if min(spreads) >= LEAST_SPREAD_HEIGHTS else None


def distance_heights(homography: np.ndarray, points: Shared) -> np.ndarray:
    """How far apart the map says the two of each instant are (K,), in body heights: the larger of both pictures."""
    return np.maximum(*distances_heights(homography, points))


def distances_heights(homography: np.ndarray, points: Shared) -> tuple[np.ndarray, np.ndarray]:
    """As `distance_heights`, in the first camera's picture and in the other's."""
    there, here = apply(homography, points.one_px), apply(np.linalg.inv(homography), points.other_px)
    return (
        _cut(np.linalg.norm(here - points.one_px, axis=1) / points.one_height_px),
        _cut(np.linalg.norm(there - points.other_px, axis=1) / points.other_height_px),
    )


def apply(homography: np.ndarray, points_px: np.ndarray) -> np.ndarray:
    """Points (K, 2) px through a homography; not finite on the horizon."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mapped = points_px @ homography[:, :2].T + homography[:, 2]
        return np.asarray(mapped[:, :2] / mapped[:, 2:])


def _cut(distance: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(distance), np.minimum(distance, FAR_HEIGHTS), FAR_HEIGHTS)


def _joined(parts: Sequence[Shared]) -> Shared:
    names = ("times_s", "one_px", "other_px", "one_height_px", "other_height_px")
    return Shared(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _normal_matrices(
    points: Shared, owner: np.ndarray, count: int, weight: np.ndarray | None = None
) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """A'A (count, 9, 9) of the direct linear transform of each owner's points; and from its solutions to homographies.

    Points are normalised together (Hartley 1997), so that the matrices of several owners may be added. Each equation
    counts by the body's height there, so that errors are in heights.
    """
    (one, into_one), (other, into_other) = _normalised(points.one_px), _normalised(points.other_px)
    rows = np.zeros((len(points), 2, 9))
    for axis in (0, 1):
        rows[:, axis, 3 * axis : 3 * axis + 2], rows[:, axis, 3 * axis + 2] = one, 1
        rows[:, axis, 6:8], rows[:, axis, 8] = -other[:, axis, None] * one, -other[:, axis]
    rows /= (points.other_height_px / np.median(points.other_height_px))[:, None, None]
    if weight is not None:
        rows *= weight[:, None, None]
    normal = np.zeros((count, 9, 9))
    np.add.at(normal, owner, np.einsum("kai,kaj->kij", rows, rows))

    def back(solutions: np.ndarray) -> np.ndarray:
        homographies = np.linalg.inv(into_other) @ solutions.reshape(-1, 3, 3) @ into_one
        return np.asarray(homographies / np.linalg.norm(homographies, axis=(1, 2), keepdims=True))

    return normal, back


def _normalised(points_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points around 0 at a mean distance of √2, and the matrix (3, 3) that takes them there."""
    middle = points_px.mean(axis=0)
    scale = np.sqrt(2) / max(float(np.linalg.norm(points_px - middle, axis=1).mean()), 1e-6)
    matrix = np.array([[scale, 0, -scale * middle[0]], [0, scale, -scale * middle[1]], [0, 0, 1]])
    return (points_px - middle) * scale, matrix
