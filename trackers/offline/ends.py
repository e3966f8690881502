"""Where tracklets begin and end, and how they move there."""

from dataclasses import dataclass

import numpy as np

from core.types import Tracklet
from trackers.config import JoinConfig
from trackers.kalman import measure


@dataclass(frozen=True, eq=False)
class Ends:
    """One end of each of N tracklets.

    frames (N,); times_s (N,); centre, width and height z (N, 4) px; their speed (N, 4) per s; doubt (N,): variance of a
    speed per variance of a box, per s²: large where few boxes speak for it.
    """

    frames: np.ndarray
    times_s: np.ndarray
    z: np.ndarray
    speed: np.ndarray
    doubt: np.ndarray


def fit(
    times_s: np.ndarray, boxes_xyxy: np.ndarray, at_s: float, rest_s: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Place z (4,), speed (4,) and its doubt at `at_s` of a straight line through boxes (T, 4), T ≥ 1.

    By least squares; the speed leans towards rest as if one more box, `rest_s` away, had not moved.
    """
    values = measure(boxes_xyxy, "size")
    mean_s = times_s.mean()
    t = times_s - mean_s
    spread = float(t @ t) + rest_s**2
    speed = t @ values / spread
    z = values.mean(axis=0) + speed * (at_s - mean_s)
    z[2:] = np.maximum(z[2:], 1.0)
    return z, speed, 1.0 / spread


def ends(tracklets: list[Tracklet], config: JoinConfig, path: np.ndarray, *, last: bool) -> Ends:
    """The last or first end of each tracklet, from its boxes within `speed_s` of it.

    path (F, 2): the common displacement, px; the speeds are relative to it (see `common_path`).
    """
    row = -1 if last else 0
    frames = np.array([tracklet.frames[row] for tracklet in tracklets], np.intp)
    times = np.array([tracklet.times_s[row] for tracklet in tracklets], np.float64)
    z, speed, doubt = np.zeros((len(tracklets), 4)), np.zeros((len(tracklets), 4)), np.zeros(len(tracklets))
    for i, tracklet in enumerate(tracklets):
        if last:
            near = slice(int(np.searchsorted(tracklet.times_s, times[i] - config.speed_s)), None)
        else:
            near = slice(0, int(np.searchsorted(tracklet.times_s, times[i] + config.speed_s, "right")))
        moved = path[tracklet.frames[near]] - path[frames[i]]
        boxes = tracklet.boxes_xyxy[near] - np.tile(moved, 2)
        z[i], speed[i], doubt[i] = fit(tracklet.times_s[near], boxes, times[i], config.rest_s)
    return Ends(frames, times, z, speed, doubt)


def motion_cost(
    tail: Ends, head: Ends, i: np.ndarray, j: np.ndarray, path: np.ndarray, config: JoinConfig
) -> np.ndarray:
    """How badly ends i (K,) of `tail` and j (K,) of `head` fit together.

    Both are led to the middle of the gap, at a speed that fades the longer it is not confirmed, and must meet there in
    place and size; and they must move alike, as far as their boxes can tell. This is -log of the normal density of what
    they miss each other by, from its best value for no gap up: half the squared distance in deviations, and the log of
    how far the deviations have grown, since a long gap that fits anything must not look better than a short one that
    fits. path (F, 2): common displacement, which moves the tail on.
    """
    gap_s = head.times_s[j] - tail.times_s[i]
    height = np.sqrt(tail.z[i, 3] * head.z[j, 3])
    trusted = config.trust_speed_s * (1 - np.exp(-gap_s[:, None] / 2 / config.trust_speed_s))
    carried = path[head.frames[j]] - path[tail.frames[i]]
    forth = tail.z[i, :2] + carried + tail.speed[i, :2] * trusted
    back = head.z[j, :2] - head.speed[j, :2] * trusted
    place_growth = 1 + (config.speed_noise / config.place_noise * gap_s) ** 2
    size_growth = 1 + (config.size_speed_noise / config.size_noise * gap_s) ** 2
    turn_variance = config.turn_noise**2 + config.box_noise**2 * (tail.doubt[i] + head.doubt[j])
    place = (((forth - back) / height[:, None]) ** 2).sum(axis=1) / (config.place_noise**2 * place_growth)
    size = np.log(head.z[j, 3] / tail.z[i, 3]) ** 2 / (config.size_noise**2 * size_growth)
    turn = (((tail.speed[i, :2] - head.speed[j, :2]) / height[:, None]) ** 2).sum(axis=1) / turn_variance
    return (place + size + turn + config.spread_weight * np.log(place_growth**2 * size_growth)) / 2
