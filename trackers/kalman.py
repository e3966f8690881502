"""One Kalman filter for all tracks of a camera at once: constant velocity over the four numbers of a box.

A box is measured as four numbers z (centre x, centre y, and width and height, or aspect and height). Each number i has
the state (x_i, v_i): its value, and its change per second. Motion and noise never couple two of the four, so the 8×8
covariance of the textbook filter is four 2×2 blocks, kept here as three numbers per block:

    P_i = [[pp_i, pv_i],
           [pv_i, vv_i]]

which makes a prediction and an update a dozen element-wise operations over (N, 4) arrays, and equal to
`filterpy.kalman.KalmanFilter` run track by track (tests/trackers/test_kalman.py).

Kalman, "A New Approach to Linear Filtering and Prediction Problems", 1960; the noise scaled by the size of the person
as in Wojke et al., "Simple Online and Realtime Tracking with a Deep Association Metric", 2017.
"""

import numpy as np

from trackers.config import MotionConfig

VALUE, SPEED, PP, PV, VV = range(5)


class KalmanBatch:
    """Filter states of N tracks, `state` (5, N, 4) float64: value, speed per second, and the covariance pp, pv, vv."""

    def __init__(self, config: MotionConfig) -> None:
        self.config = config
        self.state = np.zeros((5, 0, 4))
        per_height = np.array([config.centre_x_noise, config.centre_y_noise, config.width_noise, config.height_noise])
        self._measured_variance = per_height**2
        self._walk_variance_per_s = np.array([config.walk] * 2 + [config.size_walk] * 2) ** 2
        self._acceleration_variance_per_s = np.array([config.acceleration] * 2 + [config.size_acceleration] * 2) ** 2
        self._birth_variance = np.array([config.birth_speed] * 2 + [config.birth_size_speed] * 2) ** 2

    def __len__(self) -> int:
        return self.state.shape[1]

    @property
    def values(self) -> np.ndarray:
        """Estimated measurements (N, 4), a view."""
        return self.state[VALUE]

    @property
    def speeds(self) -> np.ndarray:
        """Estimated change per second (N, 4), a view."""
        return self.state[SPEED]

    def measured_variance(self, z: np.ndarray) -> np.ndarray:
        """Variance (N, 4) of measurements (N, 4): grows with the height of the person; R's diagonal."""
        return self._measured_variance * self._scale(z)

    def append(self, z: np.ndarray) -> None:
        """Begin a track at rest at each measurement (N, 4)."""
        fresh = np.zeros((5, len(z), 4))
        fresh[VALUE] = z
        fresh[PP] = self.measured_variance(z)
        fresh[VV] = self._birth_variance * self._scale(z)
        self.state = np.concatenate([self.state, fresh], axis=1)

    def keep(self, rows: np.ndarray) -> None:
        """Keep the tracks that a mask or indices name, in that order."""
        self.state = self.state[:, rows]

    def process_noise(self, dt_s: float | np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Q's blocks (q_pp, q_pv, q_vv), each (N, 4), for a step of `dt_s`.

        A random walk of the value plus white noise in the acceleration (Bar-Shalom et al., "Estimation with
        Applications to Tracking and Navigation", 2001, eq. 6.2.2-12); both are rates, so that two half steps add up
        to one whole one.
        """
        scale = self._scale(self.state[VALUE])
        walk = self._walk_variance_per_s * scale
        push = self._acceleration_variance_per_s * scale
        return walk * dt_s + push * (dt_s**3 / 3), push * (dt_s**2 / 2), push * dt_s

    def predict(self, dt_s: float | np.ndarray) -> None:
        """Move all tracks by `dt_s` seconds (a scalar, or (N, 1): one step for each)."""
        q_pp, q_pv, q_vv = self.process_noise(dt_s)
        value, speed, pp, pv, vv = self.state
        value += speed * dt_s
        pp += dt_s * (2 * pv + dt_s * vv) + q_pp
        pv += dt_s * vv + q_pv
        vv += q_vv
        # A person's height never shrinks to nothing, however long it is extrapolated.
        np.maximum(value[:, 2:], self.config.least_size, out=value[:, 2:])

    def update(self, rows: np.ndarray, z: np.ndarray, noise_factor: np.ndarray | float = 1.0) -> None:
        """Correct tracks `rows` (M,) by measurements (M, 4); `noise_factor` multiplies R (scalar or (M, 1))."""
        value, speed, pp, pv, vv = self.state[:, rows]
        r = self.measured_variance(z) * noise_factor
        s = pp + r
        residual = z - value
        gain_value, gain_speed = pp / s, pv / s
        self.state[:, rows] = (
            value + gain_value * residual,
            speed + gain_speed * residual,
            pp * (r / s),  # (1 - gain) P, written so that rounding cannot make it negative
            pv * (r / s),
            vv - gain_speed * pv,
        )

    def warp(self, warp: np.ndarray) -> None:
        """Move all tracks with the picture by a similarity (2, 3); its small turn is left out of the covariance."""
        rotation = warp[:, :2]
        scale = float(np.sqrt(abs(np.linalg.det(rotation))))
        self.state[VALUE, :, :2] = self.state[VALUE, :, :2] @ rotation.T + warp[:, 2]
        self.state[SPEED, :, :2] = self.state[SPEED, :, :2] @ rotation.T
        sizes = slice(2, 4) if self.config.shape == "size" else slice(3, 4)
        self.state[:2, :, sizes] *= scale
        self.state[PP:, :, :2] *= scale**2
        self.state[PP:, :, sizes] *= scale**2

    def innovation(self) -> tuple[np.ndarray, np.ndarray]:
        """What the next measurement of each track is expected to be (N, 4), and its variance (N, 4): S's diagonal."""
        value = self.state[VALUE]
        return value, self.state[PP] + self.measured_variance(value)

    def _scale(self, z: np.ndarray) -> np.ndarray:
        """Squared height (N, 1), or (N, 4) with 1 for the aspect, which has no unit."""
        squared = z[:, 3:4] ** 2
        if self.config.shape == "size":
            return squared
        scale = np.repeat(squared, 4, axis=1)
        scale[:, 2] = 1.0
        return scale


def measure(boxes_xyxy: np.ndarray, shape: str) -> np.ndarray:
    """Boxes (N, 4) as measurements (N, 4) float64: centre x, centre y, width (`size`) or aspect (`aspect`), height."""
    boxes = np.asarray(boxes_xyxy, np.float64)
    z = np.empty_like(boxes)
    z[:, :2] = (boxes[:, :2] + boxes[:, 2:]) * 0.5
    z[:, 2:] = boxes[:, 2:] - boxes[:, :2]
    if shape == "aspect":
        z[:, 2] /= z[:, 3]
    return z


def to_boxes(z: np.ndarray, shape: str) -> np.ndarray:
    """Measurements (N, 4) back as boxes (N, 4) float64 x1, y1, x2, y2."""
    half = z[:, 2:] * 0.5
    if shape == "aspect":
        half[:, 0] *= z[:, 3]
    return np.concatenate([z[:, :2] - half, z[:, :2] + half], axis=1)
