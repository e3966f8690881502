"""Where tracklets begin and end, and how they move there."""

from dataclasses import dataclass

import numpy as np

from core.types import Tracklet
from trackers.config import JoinConfig
from trackers.kalman import measure

# A fitted speed leans towards rest as if one more box, a fifth of a second away, had not moved.
REST_S2 = 0.04


@dataclass(frozen=True, eq=False)
class Ends:
    """One end of each of N tracklets: times_s (N,); centre, width and height z (N, 4) px; their speed (N, 4) per s."""

    times_s: np.ndarray
    z: np.ndarray
    speed: np.ndarray


def fit(times_s: np.ndarray, boxes_xyxy: np.ndarray, at_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Place z (4,) and speed (4,) at `at_s` of a straight line through boxes (T, 4), T ≥ 1, by least squares."""
    values = measure(boxes_xyxy, "size")
    mean_s = times_s.mean()
    t = times_s - mean_s
    speed = t @ values / (t @ t + REST_S2)
    z = values.mean(axis=0) + speed * (at_s - mean_s)
    z[2:] = np.maximum(z[2:], 1.0)
    return z, speed


def ends(tracklets: list[Tracklet], span_s: float, *, last: bool) -> Ends:
    """The last or first end of each tracklet, from its boxes within `span_s` of it."""
    times = np.array([tracklet.times_s[-1 if last else 0] for tracklet in tracklets], np.float64)
    z, speed = np.zeros((len(tracklets), 4)), np.zeros((len(tracklets), 4))
    for i, tracklet in enumerate(tracklets):
        cut = np.searchsorted(
            tracklet.times_s, times[i] - span_s if last else times[i] + span_s, "left" if last else "right"
        )
        near = slice(cut, None) if last else slice(0, cut)
        z[i], speed[i] = fit(tracklet.times_s[near], tracklet.boxes_xyxy[near], times[i])
    return Ends(times, z, speed)


def motion_cost(tail: Ends, head: Ends, i: np.ndarray, j: np.ndarray, config: JoinConfig) -> np.ndarray:
    """How badly ends i (K,) of `tail` and j (K,) of `head` fit together.

    Both are led to the middle of the gap, at a speed that fades the longer it is not confirmed, and must meet there in
    place and size; and they must move alike. This is -log of the normal density of what they miss each other by, from
    its best value for no gap up: half the squared distance in deviations, and the log of how far the deviations have
    grown, since a long gap that fits anything must not look better than a short one that fits.
    """
    gap_s = head.times_s[j] - tail.times_s[i]
    height = np.sqrt(tail.z[i, 3] * head.z[j, 3])
    trusted = config.trust_speed_s * (1 - np.exp(-gap_s[:, None] / 2 / config.trust_speed_s))
    forth = tail.z[i, :2] + tail.speed[i, :2] * trusted
    back = head.z[j, :2] - head.speed[j, :2] * trusted
    place_growth = 1 + (config.speed_noise / config.place_noise * gap_s) ** 2
    size_growth = 1 + (config.size_speed_noise / config.size_noise * gap_s) ** 2
    place = (((forth - back) / height[:, None]) ** 2).sum(axis=1) / (config.place_noise**2 * place_growth)
    size = np.log(head.z[j, 3] / tail.z[i, 3]) ** 2 / (config.size_noise**2 * size_growth)
    turn = (((tail.speed[i, :2] - head.speed[j, :2]) / height[:, None]) ** 2).sum(axis=1) / config.turn_noise**2
    return (place + size + turn + config.spread_weight * np.log(place_growth**2 * size_growth)) / 2
