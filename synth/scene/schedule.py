"""When to be where on a given way: the earliest arrival that keeps a distance from everybody already planned.

Path-velocity decomposition (Kant and Zucker, "Toward efficient trajectory planning", IJRR 1986): the way is fixed,
and a search over (time, place on the way, speed) finds when to walk, slow down and wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STEP_S = 0.2


@dataclass(frozen=True)
class Walk:
    """Where somebody is: xy_m (T, 2) at times `start_s + STEP_S · t`; outside these times they do not exist."""

    start_s: float
    xy_m: np.ndarray

    @property
    def end_s(self) -> float:
        """The last moment of existence."""
        return self.start_s + STEP_S * (len(self.xy_m) - 1)

    def at(self, times_s: np.ndarray) -> np.ndarray:
        """Positions (N, 2) at the times, NaN where the person does not exist."""
        ticks = (np.asarray(times_s) - self.start_s) / STEP_S
        grid = np.arange(len(self.xy_m))
        inside = (ticks >= -1e-9) & (ticks <= len(self.xy_m) - 1 + 1e-9)
        columns = [np.interp(ticks, grid, self.xy_m[:, k]) for k in range(2)]
        return np.where(inside[:, None], np.column_stack(columns), np.nan)


def is_free(
    points_m: np.ndarray, start_s: float, dwell_s: float, others: Sequence[Walk], distance_m: float
) -> np.ndarray:
    """Which of the points (N, 2) nobody comes closer to than `distance_m` within the given time."""
    times = np.arange(start_s, start_s + dwell_s + STEP_S, STEP_S)
    free = np.ones(len(points_m), dtype=bool)
    for other in others:
        gap = np.linalg.norm(other.at(times)[:, None] - points_m[None], axis=2)
        free &= ~np.any(gap < distance_m, axis=0)
    return free


def earliest(
    way_m: np.ndarray, start_s: float, speed_mps: float, others: Sequence[Walk], distance_m: float, patience_s: float
) -> np.ndarray | None:
    """Positions (T, 2) every STEP_S from the start of the way until its end is reached, or None if it cannot be.

    way_m (N, 2), evenly spaced. Speeds are standing, half and full `speed_mps`, and change by one level per step; the
    walk starts from standing and ends at no more than half. Arrival takes at most `patience_s` longer than unhindered.
    """
    length = float(np.hypot(*np.diff(way_m, axis=0).T).sum())
    unit = speed_mps * STEP_S / 2
    count = max(2, round(length / unit) + 1)
    at = np.linspace(0, len(way_m) - 1, count)
    places = np.column_stack([np.interp(at, np.arange(len(way_m)), way_m[:, k]) for k in range(2)])
    steps = int(np.ceil((length / speed_mps + 2 * STEP_S + patience_s) / STEP_S)) + 3
    free = _free_table(places, start_s, steps, others, distance_m)
    reach = np.zeros((steps, 3, count), dtype=np.bool_)
    reach[0, 0, 0] = free[0, 0]
    for t in range(1, steps):
        for level in range(3):
            before = np.logical_or.reduce(reach[t - 1, max(0, level - 1) : level + 2], axis=0)
            moved = np.zeros(count, dtype=np.bool_)
            moved[level:] = before[: count - level]
            reach[t, level] = moved & free[t]
        if reach[t, :2, -1].any():
            return places[_backtrack(reach[: t + 1])]
    return None


def _free_table(
    places: np.ndarray, start_s: float, steps: int, others: Sequence[Walk], distance_m: float
) -> np.ndarray:
    times = start_s + STEP_S * np.arange(steps)
    free = np.ones((steps, len(places)), dtype=np.bool_)
    for other in others:
        where = other.at(times)
        gap = np.linalg.norm(where[:, None] - places[None], axis=2)
        free &= ~(gap < distance_m)
    return free


def _backtrack(reach: np.ndarray) -> np.ndarray:
    """Place numbers per step of one plan that arrives last; of several, the one that goes on as fast as it may."""
    t, place = len(reach) - 1, reach.shape[2] - 1
    level = 1 if reach[t, 1, place] else 0
    plan = [place]
    while t > 0:
        place -= level
        t -= 1
        level = next(k for k in (level, level + 1, level - 1) if 0 <= k <= 2 and reach[t, k, place])
        plan.append(place)
    return np.array(plan[::-1])
