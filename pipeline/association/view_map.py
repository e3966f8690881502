"""Where a place seen by one camera lies in the picture of another: learned from people whom both see, uncalibrated.

Two pictures of one floor differ by a homography (Hartley and Zisserman 2004, ch. 13). People who were matched by their
looks walk over that floor, so their feet are its points of reference. Some matches are wrong and clocks may differ: a
homography is taken from three matches at a time (RANSAC, Fischler and Bolles 1981) at each shift of the clocks, and
only one with which most other matches agree is believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from pipeline.association.foot_path import FootPath, Shared, joined, shared
from pipeline.association.homography import distance_heights, normal_matrices

LEAST_INSTANTS = 3  # of a match that has a say
LEAST_MATCHES = 5  # that agree with a homography, the three it was taken from included
LEAST_SHARE = 0.6  # of the matches that have a say
MOST_MATCHES = 60  # of two cameras, those that share most time
DRAWN = 3
TRIES = 60  # triples of matches at each shift
CLOSE_HEIGHTS = 0.25  # median distance up to which a match agrees, in body heights
LEAST_SPREAD_HEIGHTS = 0.12  # standard deviation of places across their main direction: a line is no plane
POLISH = 3
COARSE_S, FINE_S = 0.4, 0.1  # steps between shifts


@dataclass(frozen=True, eq=False)
class ViewMap:
    """homography (3, 3) takes points of one camera, px, to another's; its clock is the first's plus shift_s.

    matches: for each match that agrees, its number and where and when both saw it: what the map rests on.
    """

    homography: np.ndarray
    shift_s: float
    matches: dict[int, Shared]


@dataclass(frozen=True, eq=False)
class _Drawn:
    """The best homography at one shift of the clocks, its score, and all matches that have a say there."""

    score: float
    homography: np.ndarray
    shift_s: float
    together: dict[int, Shared]


def learn_view_map(matches: Sequence[tuple[FootPath, FootPath]], reach_s: float) -> ViewMap | None:
    """The map on which most of the matches of two cameras agree, at any shift up to `reach_s`; None without one."""
    steps = np.floor(reach_s / COARSE_S)
    drawn = _best_shift(matches, np.arange(-steps, steps + 1) * COARSE_S)
    if drawn is not None:
        drawn = _best_shift(matches, drawn.shift_s + np.arange(-3, 4) * FINE_S)
    return None if drawn is None else _believable(_polished(drawn), len(drawn.together))


def _best_shift(matches: Sequence[tuple[FootPath, FootPath]], shifts_s: np.ndarray) -> _Drawn | None:
    found = [_draw(matches, shift_s) for shift_s in sorted(shifts_s.tolist(), key=abs)]
    # Of equals, the smallest shift.
    return max((drawn for drawn in found if drawn is not None), key=lambda drawn: drawn.score, default=None)


def _draw(matches: Sequence[tuple[FootPath, FootPath]], shift_s: float) -> _Drawn | None:
    """The best of TRIES triples of matches; None where there are too few, or no homography can be computed."""
    seen = {number: shared(one, other, shift_s) for number, (one, other) in enumerate(matches)}
    together = {number: points for number, points in seen.items() if len(points) >= LEAST_INSTANTS}
    if len(together) < LEAST_MATCHES:
        return None
    parts = list(together.values())
    sizes = np.array([len(part) for part in parts])
    everything = joined(parts)
    normal, back = normal_matrices(everything, np.repeat(np.arange(len(parts)), sizes), len(parts))
    if comb(len(parts), DRAWN) <= TRIES:
        triples = np.array(list(combinations(range(len(parts)), DRAWN)))
    else:
        order = np.random.default_rng(0).random((TRIES, len(parts))).argsort(axis=1)
        triples = order[:, :DRAWN]
    homographies = back(np.linalg.eigh(normal[triples].sum(axis=1))[1][:, :, 0])
    homographies = homographies[np.abs(np.linalg.det(homographies)) > np.finfo(float).eps]
    if not len(homographies):
        return None
    apart = distance_heights(homographies, everything)
    medians = np.stack([np.median(part, axis=1) for part in np.split(apart, np.cumsum(sizes)[:-1], axis=1)], axis=1)
    score = (np.sqrt(sizes) * np.maximum(1 - medians / CLOSE_HEIGHTS, 0)).sum(axis=1)
    best = int(score.argmax())
    return _Drawn(float(score[best]), homographies[best], shift_s, together)


def _polished(drawn: _Drawn) -> ViewMap:
    """The map refitted to all matches that agree with it, outliers among their points weighted down."""
    homography, agreeing = drawn.homography, _agreeing(drawn.homography, drawn.together)
    for _ in range(POLISH):
        if len(agreeing) < DRAWN:
            break
        points = joined(list(agreeing.values()))
        weight = 1 / np.maximum(1, distance_heights(homography, points) / CLOSE_HEIGHTS)
        normal, back = normal_matrices(points, np.zeros(len(points), np.int64), 1, weight)
        refitted = back(np.linalg.eigh(normal)[1][:, :, 0])[0]
        if abs(np.linalg.det(refitted)) <= np.finfo(float).eps:
            break
        homography, agreeing = refitted, _agreeing(refitted, drawn.together)
    return ViewMap(homography, drawn.shift_s, agreeing)


def _agreeing(homography: np.ndarray, together: dict[int, Shared]) -> dict[int, Shared]:
    return {
        number: points
        for number, points in together.items()
        if np.median(distance_heights(homography, points)) < CLOSE_HEIGHTS
    }


def _believable(view: ViewMap, with_a_say: int) -> ViewMap | None:
    """The map if enough of the matches with a say agree with it, and they do not all walk along one line."""
    if len(view.matches) < max(LEAST_MATCHES, LEAST_SHARE * with_a_say):
        return None
    points = joined(list(view.matches.values()))
    spreads = (
        _spread_heights(points.one_px, points.one_height_px),
        _spread_heights(points.other_px, points.other_height_px),
    )
    return view if min(spreads) >= LEAST_SPREAD_HEIGHTS else None


def _spread_heights(points_px: np.ndarray, height_px: np.ndarray) -> float:
    """Standard deviation of points (K, 2) across their main direction, in body heights (K,)."""
    least = float(np.linalg.eigvalsh(np.cov(points_px.T))[0])
    return float(np.sqrt(max(0.0, least)) / np.median(height_px))
