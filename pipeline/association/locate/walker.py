"""One person's walk: where, how fast and how tall, filtered and smoothed.

The state is (x, y, vx, vy, h): metres on the floor, metres per second, body height in metres. Between frames the speed
wanders (white acceleration); the height stays. Updates linearise the projected cylinder anew in every step (iterated
extended Kalman filter, Bar-Shalom, Li & Kirubarajan 2001, 10.5.2) and weigh each box by a Student-t (Roth et al. 2013).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.association.locate.body import edges, predicted_boxes
from pipeline.association.locate.config import LocateConfig

STATE = 5
STEP = np.array([0.01, 0.01, 0.01])  # for the derivative by x, y and h
POSED = [0, 1, 4]  # the parts of the state a box depends on
ITERATIONS = 3


@dataclass(frozen=True, eq=False)
class Gaussian:
    """mean (5,) and covariance (5, 5)."""

    mean: np.ndarray
    covariance: np.ndarray


@dataclass(frozen=True, eq=False)
class View:
    """A box that one camera has of the person: projection (3, 4), box_xyxy (4,) px."""

    projection: np.ndarray
    box_xyxy: np.ndarray


def newborn(place_m: np.ndarray, config: LocateConfig) -> Gaussian:
    """Somebody about here, of usual height."""
    mean = np.array([*place_m, 0, 0, config.body_height_m])
    return Gaussian(mean, np.diag(np.square([1, 1, config.speed_m_s, config.speed_m_s, config.body_height_sigma_m])))


def predict(state: Gaussian, seconds: float, config: LocateConfig) -> Gaussian:
    """The state some seconds on."""
    move = transition(seconds)
    return Gaussian(move @ state.mean, move @ state.covariance @ move.T + noise(seconds, config))


def transition(seconds: float) -> np.ndarray:
    """The matrix (5, 5) that moves a state on."""
    move = np.eye(STATE)
    move[0, 2] = move[1, 3] = seconds
    return move


def noise(seconds: float, config: LocateConfig) -> np.ndarray:
    """What moving on for so long adds to the covariance (5, 5)."""
    out = np.zeros((STATE, STATE))
    block = np.array([[seconds**3 / 3, seconds**2 / 2], [seconds**2 / 2, seconds]]) * config.acceleration_m_s2**2
    for axis in (0, 1):
        out[np.ix_([axis, axis + 2], [axis, axis + 2])] = block
    out[4, 4] = 1e-6 * seconds
    return out


def expected(mean: np.ndarray, projection: np.ndarray, config: LocateConfig) -> tuple[np.ndarray, np.ndarray]:
    """Expected edges (3,) px of the box and their derivative (3, 5) by the state; NaN where it cannot be seen."""
    x, y, h = mean[POSED]
    around = np.array([[x, y, h]]) + np.concatenate([np.zeros((1, 3)), np.diag(STEP), -np.diag(STEP)])
    found = edges(predicted_boxes(projection, around[:, :2], around[:, 2], config.body_radius_m))
    slope = np.zeros((3, STATE))
    slope[:, POSED] = ((found[1:4] - found[4:7]) / (2 * STEP[:, None])).T
    return found[0], slope


def edge_variances(height_px: float, config: LocateConfig) -> np.ndarray:
    """Variances (3,) px² of the edges of a box of this height."""
    return np.square(np.array([config.centre_error, config.top_error, config.bottom_error]) * height_px)


def surprise(state: Gaussian, projection: np.ndarray, boxes_xyxy: np.ndarray, config: LocateConfig) -> np.ndarray:
    """Squared Mahalanobis distances (N,) of boxes (N, 4) to the one expected; infinite where none is."""
    mean_px, slope = expected(state.mean, projection, config)
    if not len(boxes_xyxy) or not np.isfinite(mean_px).all() or not np.isfinite(slope).all():
        return np.full(len(boxes_xyxy), np.inf)
    # The expected height: a found box must not be likelier for being badly cut.
    noise = np.diag(edge_variances(mean_px[2] - mean_px[1], config))
    spread = slope @ state.covariance @ slope.T + noise
    off = edges(boxes_xyxy) - mean_px
    return np.einsum("ni,ij,nj->n", off, np.linalg.inv(spread), off)


def update(state: Gaussian, views: Sequence[View], config: LocateConfig) -> Gaussian:
    """The state after seeing these boxes; the state itself where there are none or none can be explained."""
    mean, prior = state.mean.copy(), np.linalg.inv(state.covariance)
    information = prior
    for _ in range(ITERATIONS):
        information, pull = prior.copy(), prior @ state.mean
        for view in views:
            mean_px, slope = expected(mean, view.projection, config)
            if not (np.isfinite(mean_px).all() and np.isfinite(slope).all()):
                continue
            precision = 1 / edge_variances(mean_px[2] - mean_px[1], config)
            off = edges(view.box_xyxy) - mean_px
            freedom = config.outlier_freedom
            precision = precision * (freedom + 1) / (freedom + off**2 * precision)
            information += slope.T @ (precision[:, None] * slope)
            pull += slope.T @ (precision * (off + slope @ mean))
        mean = np.linalg.solve(information, pull)
    covariance = np.linalg.inv(information)
    return Gaussian(mean, (covariance + covariance.T) / 2)


def smooth(filtered: Sequence[Gaussian], predicted: Sequence[Gaussian], seconds: Sequence[float]) -> np.ndarray:
    """Means (T, 5) given the whole walk (Rauch, Tung & Striebel 1965).

    filtered (T), predicted (T): before each update, the first unused; seconds (T): since the step before.
    """
    means = [filtered[-1].mean]
    for step in range(len(filtered) - 2, -1, -1):
        here, ahead = filtered[step], predicted[step + 1]
        gain = here.covariance @ transition(seconds[step + 1]).T @ np.linalg.inv(ahead.covariance)
        means.append(here.mean + gain @ (means[-1] - ahead.mean))
    return np.array(means[::-1])
