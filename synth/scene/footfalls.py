"""Where the feet of somebody who walks a curve stand: planted where the hips passed over them, not where they are now.

A gait made for walking straight lets planted feet turn with the body and cut the corner with it. Here every step has a
place of its own: the point of the path under the hips in the middle of the time the foot is on the floor, and the
heading there. A foot in the air goes from the place of its last step to that of its next.
"""

from dataclasses import dataclass

import numpy as np

from synth.people.lower_body import CYCLE_STANCE, MIDDLE_OF_STANCE
from synth.people.stance import Footfall

_FARTHEST_M, _MOST_TURNED_RAD = 0.4, 1.2  # legs reach no farther; what is beyond slides
_SIDES = (0.0, 0.5)  # the right foot is half a cycle behind the left


@dataclass(frozen=True)
class Stretch:
    """A stretch of walking without a pause: per sample the path xy_m (T, 2), heading_rad (T,) and phase (T,), rising.

    stride_m: how far the hips move in a cycle.
    """

    xy_m: np.ndarray
    heading_rad: np.ndarray
    phase: np.ndarray
    stride_m: float

    def at(self, phase: float) -> tuple[np.ndarray, float]:
        """Hips (2,) and heading at a phase; straight on beyond either end."""
        place = np.array([np.interp(phase, self.phase, self.xy_m[:, k]) for k in range(2)])
        heading = float(np.interp(phase, self.phase, self.heading_rad))
        beyond = phase - float(np.clip(phase, self.phase[0], self.phase[-1]))
        return place + beyond * self.stride_m * np.array([np.cos(heading), np.sin(heading)]), heading


def footfalls(
    stretch: Stretch, phase: float, xy_m: tuple[float, float], heading_rad: float
) -> tuple[Footfall, Footfall]:
    """How the left and the right foot stand at `phase`, seen from the hips at `xy_m` with `heading_rad`."""
    left, right = (_footfall(stretch, phase, np.asarray(xy_m), heading_rad, side) for side in _SIDES)
    return left, right


def _footfall(stretch: Stretch, phase: float, xy_m: np.ndarray, heading_rad: float, side: float) -> Footfall:
    step = float(np.floor(phase + side))
    last = _seen_from(stretch, step + MIDDLE_OF_STANCE - side, phase, xy_m, heading_rad)
    in_the_air = (phase + side - step - CYCLE_STANCE) / (1 - CYCLE_STANCE)
    if in_the_air > 0:
        following = _seen_from(stretch, step + 1 + MIDDLE_OF_STANCE - side, phase, xy_m, heading_rad)
        last = last + in_the_air * in_the_air * (3 - 2 * in_the_air) * (following - last)
    shift, turned = last[:2], float(last[2])
    far = max(1.0, float(np.hypot(*shift)) / _FARTHEST_M)
    return Footfall(
        float(shift[0] / far), float(shift[1] / far), float(np.clip(turned, -_MOST_TURNED_RAD, _MOST_TURNED_RAD))
    )


def _seen_from(stretch: Stretch, planted_at: float, phase: float, xy_m: np.ndarray, heading_rad: float) -> np.ndarray:
    """(3,): how far ahead, to the left (m) and turned (rad) a step is from where straight walking would have it."""
    place, heading = stretch.at(planted_at)
    cos, sin = np.cos(heading_rad), np.sin(heading_rad)
    away = place - xy_m
    ahead, left = cos * away[0] + sin * away[1], cos * away[1] - sin * away[0]
    return np.array([ahead - stretch.stride_m * (planted_at - phase), left, heading - heading_rad])
