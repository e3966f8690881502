"""From an itinerary to smooth motion: position, heading and gait at any moment."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d

from synth.people import Stance
from synth.scene.errands import Itinerary, Pause
from synth.scene.footfalls import Stretch, footfalls

_RATE_HZ = 50.0
_SMOOTH_S = 0.28
_TURN_SMOOTH_S = 0.3
_TURN_ROUND_S = 0.7  # before sitting down the person turns round
_SIT_DOWN_S = 0.5
_MOVING_MPS = 0.08  # slower than this is standing
_FACING_MPS = 0.3  # below this, the direction of motion says nothing about where somebody faces
_PASSING = 0.3  # gait phase at which the planted foot is right under the hips: walking starts and ends there
_SWAY_HZ = 0.25


@dataclass(frozen=True)
class Motion:
    """One person's motion, sampled 50 times a second from `start_s`; angles in radians, unwrapped.

    xy_m (T, 2); heading_rad (T,); phase (T,) gait cycles; gait_mps (T,) the speed whose stride the gait has, 0 while
    standing; stride_m (T,) that stride; seated (T,) 0 to 1; talking (T,) bool; walking_action: how this person walks.
    """

    start_s: float
    xy_m: np.ndarray
    heading_rad: np.ndarray
    phase: np.ndarray
    gait_mps: np.ndarray
    stride_m: np.ndarray
    seated: np.ndarray
    talking: np.ndarray
    walking_action: str = "walk"

    @property
    def end_s(self) -> float:
        """The last moment the person exists."""
        return self.start_s + (len(self.xy_m) - 1) / _RATE_HZ

    def stance(self, time_s: float) -> Stance | None:
        """What the person does at a common time, None while they are not in the world."""
        tick = (time_s - self.start_s) * _RATE_HZ
        last = len(self.xy_m) - 1
        if not -1e-6 <= tick <= last + 1e-6:
            return None
        low = int(np.clip(np.floor(tick), 0, max(0, last - 1)))
        high, share = min(low + 1, last), tick - low
        nearest = low if share < 0.5 else high
        xy = self.xy_m[low] + share * (self.xy_m[high] - self.xy_m[low])
        heading = self.heading_rad[low] + share * (self.heading_rad[high] - self.heading_rad[low])
        place, facing = (float(xy[0]), float(xy[1])), float(heading)
        if self.gait_mps[nearest] > 0:
            # Between two samples the phase only goes on where both belong to the same stretch of walking.
            other = high if nearest == low else low
            same = self.gait_mps[other] == self.gait_mps[nearest]
            step = (share - (nearest - low)) * (self.phase[high] - self.phase[low]) if same else 0.0
            phase = float(self.phase[nearest] + step)
            planted = footfalls(self._stretch_at(nearest), phase, place, facing)
            return Stance(place, facing, phase, float(self.gait_mps[nearest]), self.walking_action, planted)
        action = "sit" if self.seated[nearest] > 0.5 else "talk" if self.talking[nearest] else "stand"
        return Stance(place, facing, float(time_s * _SWAY_HZ), 0.0, action)

    @cached_property
    def _stretches(self) -> dict[int, Stretch]:
        """The stretches of walking, by their first sample."""
        found = {}
        edges = np.flatnonzero(np.diff(np.concatenate([[0.0], self.gait_mps, [0.0]])))
        for start, stop in pairwise(edges.tolist()):
            if self.gait_mps[start] == 0:
                continue
            here = slice(start, stop)
            found[start] = Stretch(
                self.xy_m[here], self.heading_rad[here], self.phase[here], float(self.stride_m[start])
            )
        return found

    def _stretch_at(self, sample: int) -> Stretch:
        return self._stretches[max(start for start in self._stretches if start <= sample)]


def move(
    itinerary: Itinerary, stride_m: Callable[[float], float], walking_action: str = "walk", gestures: bool = True
) -> Motion:
    """Smooth motion along the itinerary, never more than a few centimetres off the planned walk.

    stride_m: metres per gait cycle at a speed. Within one stretch of walking the stride does not change and a whole
    number of steps is taken, so planted feet stay where they are and standing follows on naturally. `gestures`:
    whether the hands are free to talk with.
    """
    walk = itinerary.walk
    count = int(np.floor((walk.end_s - walk.start_s) * _RATE_HZ)) + 1
    times = walk.start_s + np.arange(count) / _RATE_HZ
    feet = gaussian_filter1d(walk.at(times), _SMOOTH_S * _RATE_HZ, axis=0, mode="nearest")
    velocity = np.gradient(feet, 1 / _RATE_HZ, axis=0)
    speed = np.hypot(*velocity.T)
    seated, talking, xy = np.zeros(count), np.zeros(count, dtype=bool), feet.copy()
    for pause in itinerary.pauses:
        if pause.spot.kind == "seat":
            share = _seated_share(times, pause)
            xy += share[:, None] * (np.array(pause.spot.xy_m) - pause.spot.approach_m)
            seated = np.maximum(seated, share)
        if gestures and pause.spot.kind in ("meet", "queue"):
            talking |= (times > pause.start_s + 1) & (times < pause.end_s - 0.5)
    phase, gait, stride = _gait(feet, speed, itinerary.speed_mps, stride_m)
    heading = _headings(times, velocity, speed, itinerary.pauses)
    return Motion(walk.start_s, xy, heading, phase, gait, stride, seated, talking, walking_action)


def _gait(
    feet: np.ndarray, speed: np.ndarray, usual_mps: float, stride_m: Callable[[float], float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Phase, nominal speed and stride per sample: every stretch of walking gets its own constant stride."""
    path = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(feet, axis=0).T))])
    moving = speed > _MOVING_MPS
    phase, gait, stride = np.zeros(len(speed)), np.zeros(len(speed)), np.zeros(len(speed))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], moving.astype(int), [0]])))
    for start, stop in edges.reshape(-1, 2):
        length = path[stop - 1] - path[start]
        steps = max(1, round(2 * length / stride_m(usual_mps)))
        nominal = _speed_of_stride(2 * length / steps, stride_m)
        gait[start:stop], stride[start:stop] = nominal, stride_m(nominal)
        phase[start:stop] = _PASSING + (path[start:stop] - path[start]) / stride_m(nominal)
    return phase, gait, stride


def _speed_of_stride(wanted_m: float, stride_m: Callable[[float], float]) -> float:
    """The speed at which a cycle covers `wanted_m`, by bisection within what legs can do."""
    low, high = 0.1, 2.2
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if stride_m(middle) < wanted_m else (low, middle)
    return (low + high) / 2


def _seated_share(times: np.ndarray, pause: Pause) -> np.ndarray:
    """0 standing before the seat, 1 on it, smooth in between."""
    down = np.clip((times - pause.start_s - _TURN_ROUND_S) / _SIT_DOWN_S, 0, 1)
    up = np.clip((pause.end_s - times) / _SIT_DOWN_S, 0, 1)
    share = np.minimum(down, up)
    return share * share * (3 - 2 * share)


def _headings(times: np.ndarray, velocity: np.ndarray, speed: np.ndarray, pauses: tuple[Pause, ...]) -> np.ndarray:
    """Facing where one walks, and what one stops for; people turn to where they will go before they set off."""
    wanted = np.where(speed > _FACING_MPS, np.arctan2(velocity[:, 1], velocity[:, 0]), np.nan)
    for pause in pauses:
        wanted[(times >= pause.start_s) & (times <= pause.end_s)] = pause.spot.heading_rad
        leaving = (times > pause.end_s - _TURN_ROUND_S) & (speed <= _FACING_MPS) & (times < pause.end_s + 1)
        later = np.flatnonzero((times > pause.end_s) & (speed > _FACING_MPS))
        if pause.spot.kind != "seat" and len(later):
            wanted[leaving] = wanted[later[0]]
    known = np.flatnonzero(~np.isnan(wanted))
    if len(known) == 0:
        return np.zeros(len(times))
    last = np.clip(np.searchsorted(known, np.arange(len(times)), side="right") - 1, 0, None)
    held = np.unwrap(wanted[known])[last]
    return gaussian_filter1d(held, _TURN_SMOOTH_S * _RATE_HZ, mode="nearest")
