"""Clocks of cameras that are not synchronised, from where people stand: the shift at which their paths agree best."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from core.types import Tracklet
from pipeline.association.config import AssociateConfig
from pipeline.association.floor import FloorPath, area_m2, pair_nats

DRAWS = 200  # of the bootstrap
LEAST_PEOPLE = 2  # tracklets of one camera that agree with the other at the best shift
NEAR_M = 2.0  # paths that never come so close, at whatever time, are not compared
SMALLEST_SIGMA_S = 0.02


@dataclass(frozen=True)
class Shift:
    """Seconds to add to one camera's times, and how uncertain they are; 0 and None where nothing can be known."""

    offset_s: float
    sigma_s: float | None


@dataclass(frozen=True, eq=False)
class Clocks:
    """What is known about every camera's clock, by camera id, and what a user should hear about it."""

    shifts: Mapping[str, Shift]
    warnings: tuple[str, ...] = ()

    def unknown(self) -> frozenset[str]:
        """Cameras whose times cannot be compared with the others'."""
        return frozenset(camera for camera, shift in self.shifts.items() if shift.sigma_s is None)

    def offset_s(self, camera: str) -> float:
        """Seconds to add to a camera's times; 0 where nothing is known."""
        return self.shifts[camera].offset_s if camera in self.shifts else 0.0

    def shifted(self, path: FloorPath, camera: str) -> FloorPath:
        """A path in common time."""
        return replace(path, times_s=path.times_s + self.offset_s(camera))


def estimate_clocks(
    paths: Mapping[int, FloorPath], tracklets: Sequence[Tracklet], given: Collection[str], config: AssociateConfig
) -> Clocks:
    """The clock of every camera that has paths (by row of `tracklets`) on the floor; `given` are those the user set.

    Cameras of `given` are believed. Without any, the first camera of the most that can be tied to each other is the
    common clock. All others are tied to those, the surest pair of cameras first (a spanning tree), by `pair_shift`. A
    camera that is tied to none is unknown.
    """
    of_camera: dict[str, list[FloorPath]] = {}
    for row in sorted(paths):
        of_camera.setdefault(tracklets[row].key.camera, []).append(paths[row])
    names = sorted(of_camera)
    believed = [name for name in names if name in given]
    if len(believed) == len(names):
        return Clocks({name: Shift(0.0, 0.0) for name in names})
    area = area_m2(np.concatenate([path.points_m for path in paths.values()]))
    found: dict[tuple[str, str], Shift] = {}
    for at, one in enumerate(names):
        for other in names[at + 1 :]:
            if one in given and other in given:
                continue
            shift = pair_shift(of_camera[one], of_camera[other], area, config)
            if shift is not None:
                found[one, other] = shift
                found[other, one] = replace(shift, offset_s=-shift.offset_s)
    # Of the trees that begin at each camera the first of the largest: it begins at the first name of its cameras.
    known = _tied(believed, found) if believed else max((_tied([name], found) for name in names), key=len)
    references = believed or list(known)[:1]
    warnings = [_say(name, known.get(name), references[0]) for name in names if name not in references]
    return Clocks({name: known.get(name, Shift(0.0, None)) for name in names}, tuple(warnings))


def _tied(references: Sequence[str], found: Mapping[tuple[str, str], Shift]) -> dict[str, Shift]:
    """The references, and all cameras that can be tied to them, always the one that is surest then."""
    known = {name: Shift(0.0, 0.0) for name in references}
    while True:
        reach = [
            (float(np.hypot(shift.sigma_s or 0.0, known[one].sigma_s or 0.0)), one, other)
            for (one, other), shift in found.items()
            if one in known and other not in known
        ]
        if not reach:
            return known
        sigma, one, other = min(reach)
        known[other] = Shift(known[one].offset_s + found[one, other].offset_s, sigma)


def _say(camera: str, shift: Shift | None, reference: str) -> str:
    if shift is None or shift.sigma_s is None:
        return (
            f"camera {camera!r}: its clock is not known and cannot be told from the others' people; where people stand "
            "is not compared with other cameras. If it is synchronised, say offset_s = 0 in cameras.toml."
        )
    return (
        f"camera {camera!r}: its clock was estimated from people seen by several cameras: {shift.offset_s:+.2f} s "
        f"± {shift.sigma_s:.2f} s against {reference!r}; offset_s in cameras.toml says it for good."
    )


def pair_shift(
    one: Sequence[FloorPath], other: Sequence[FloorPath], area: float, config: AssociateConfig
) -> Shift | None:
    """Seconds to add to the times of `other` so that it agrees with `one`; None where that cannot be told.

    Every path of `one` gains, at each shift, what the floor says for it and its best partner, at least 0; nobody knows
    yet who is who. The estimate is the shift with the largest sum, its uncertainty the spread of that over bootstrap
    samples of the paths (Efron 1979). It is told where at least LEAST_PEOPLE agree and the spread is at most
    `clock_sigma_s`, and not at an end of what was tried, beyond which a better one may lie. Who stands still agrees at
    any shift: where no shift is better than 0 by `clock_nats`, it is 0.
    """
    reach = np.arange(-config.clock_reach_s, config.clock_reach_s + config.clock_step_s / 2, config.clock_step_s)
    gains = np.zeros((len(one), len(reach)))
    for row, mine in enumerate(one):
        for theirs in other:
            if _apart_s(mine, theirs) > config.clock_reach_s or not _come_near(mine, theirs):
                continue
            for at, shift_s in enumerate(reach):
                moved = replace(theirs, times_s=theirs.times_s + shift_s)
                gains[row, at] = max(gains[row, at], pair_nats(mine, moved, area, config)[0])
    total = gains.sum(axis=0)
    best = int(total.argmax())
    if (gains[:, best] > 0).sum() < LEAST_PEOPLE:
        return None
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(len(one), np.full(len(one), 1 / len(one)), size=DRAWS) @ gains
    peaks = np.array([_peak(sums, reach) for sums in drawn])
    sigma = max(float(np.std(peaks)), SMALLEST_SIGMA_S)
    if total[best] - total[len(reach) // 2] < config.clock_nats:
        return Shift(0.0, min(sigma, config.clock_sigma_s))
    if best in (0, len(reach) - 1) or sigma > config.clock_sigma_s:
        return None
    return Shift(_peak(total, reach), sigma)


def _apart_s(one: FloorPath, other: FloorPath) -> float:
    """How long after the end of one the other begins, below 0 where both are seen at once."""
    return float(max(one.times_s[0] - other.times_s[-1], other.times_s[0] - one.times_s[-1]))


def _come_near(one: FloorPath, other: FloorPath) -> bool:
    """Whether two paths come within NEAR_M, whenever that is; every fifth position is enough to know."""
    far, _ = cKDTree(other.points_m[::5]).query(one.points_m[::5], distance_upper_bound=NEAR_M)
    return bool(np.isfinite(far).any())


def _peak(total: np.ndarray, reach: np.ndarray) -> float:
    """Where (S,) is largest, between its steps by the parabola through the three highest."""
    best = int(total.argmax())
    if best in (0, len(total) - 1):
        return float(reach[best])
    left, middle, right = total[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return float(reach[best] + (0.5 * (left - right) / bend if bend < 0 else 0.0) * (reach[1] - reach[0]))
