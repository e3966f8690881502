"""Where a tracklet's feet are in its camera's picture, and two of them at common instants."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from core.types import Tracklet
from pipeline.association.standing import foot_points_px

STEP_S = 0.4  # between the instants at which two paths are compared
LONGEST_GAP_S = 0.8  # between positions that are read between
MOST_INSTANTS = 25


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


def joined(parts: Sequence[Shared]) -> Shared:
    """One after the other; at least one."""
    return Shared(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Shared)))
