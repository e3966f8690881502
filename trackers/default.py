"""Our tracker: every detection and every track weighed at once, knowing who may be hidden.

What it is made of, and what each part is for:

- One cost: IoU, and how surprised the filter is (the squared Mahalanobis distance with the logarithm of its spread,
  which is -2 log of the measurement's likelihood: without the second term a track that has been lost for long, whose
  gate is wide, would win every detection from its neighbours), and the score.
- Three rounds, as in ByteTrack: strong detections to confirmed tracks, weak ones to those seen a moment ago, what is
  left to new tracks.
- Density: where nobody else is near, an overlap is enough, however odd the movement. A limit that tells neighbours in
  a crowd apart is too strict for somebody alone who turns on the spot close to the camera.
- Occlusion: a track that somebody may hide is waited for (`lost_s`); one that is not found although nobody stands in
  front of it has left, and ends sooner (`clear_lost_s`). In front is whose feet are lower: the ankles where keypoints
  show them, else the bottom of the box.
- The camera's own motion without a picture: what all tracks found have in common in how they miss their prediction is
  the camera's, and moves the tracks not found, too.
- Doubt: a weak detection is a poor measurement, so it moves its track less.
"""

import numpy as np

from core.boxes import iou
from core.keypoints import NAMES as JOINTS
from trackers.assignment import Rounds
from trackers.base import Pairs, Tracker
from trackers.config import DefaultConfig
from trackers.costs import log_likelihood_cost, overlaps
from trackers.kalman import SPEED, VALUE, to_boxes
from trackers.seen import Seen

ANKLES = [JOINTS.index("left_ankle"), JOINTS.index("right_ankle")]


class DefaultTracker(Tracker):
    """The composition above."""

    config: DefaultConfig
    extra_columns = {"clear_s": (np.float64, ())}  # noqa: RUF012 - a constant of the class

    def _match(self, seen: Seen) -> Pairs:
        config, tracks = self.config, self.tracks
        rounds = Rounds(len(tracks), len(seen))
        if not len(tracks):
            return rounds.pairs()
        predicted = to_boxes(self.kalman.values, "size")
        overlap, shared = overlaps(predicted, seen.boxes_xyxy)
        surprise = log_likelihood_cost(*self.kalman.innovation(), seen.z, config.spread_weight)
        cost = (1.0 - config.iou_weight) / config.gate * surprise
        cost += config.iou_weight * (1.0 - overlap)
        cost += config.score_weight * (1.0 - seen.scores)
        confirmed = tracks["confirmed"]
        strong = seen.scores >= config.high_score
        weak = ~strong & (seen.scores >= config.low_score)
        fresh = tracks["seen_s"] >= self.clock.now_s - max(config.fresh_s, 1.5 * self.clock.step_s)
        rounds.match(cost, confirmed, strong, config.first_limit)
        rounds.take(*alone(overlap, confirmed & fresh & rounds.free_rows, strong & rounds.free_columns, config))
        rounds.match(cost, confirmed & fresh, weak, config.second_limit)
        rounds.match(cost, ~confirmed, strong, config.provisional_limit)
        rows, columns = rounds.pairs()
        self._wait(rounds.free_rows, predicted, shared, seen)
        self._follow_camera(rows, columns, rounds.free_rows, seen)
        return rows, columns

    def _wait(self, lost: np.ndarray, predicted: np.ndarray, shared: np.ndarray, seen: Seen) -> None:
        """Count for the tracks not found how long nobody has stood in front of them."""
        self.tracks["clear_s"][~lost] = 0.0
        rows = np.flatnonzero(lost)
        if not len(rows):
            return
        boxes = predicted[rows]
        area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        in_front = feet_y_px(seen)[None] > boxes[:, 3:4]
        covered = (shared[rows] * in_front).max(axis=1, initial=0.0) / np.maximum(area, 1e-9)
        self.tracks["clear_s"][rows[covered < self.config.least_cover]] += self.clock.last_step_s

    def _follow_camera(self, rows: np.ndarray, columns: np.ndarray, lost: np.ndarray, seen: Seen) -> None:
        """Move the tracks not found by what those found have in common; let their size come to rest."""
        config, state = self.config, self.kalman.state
        if not lost.any():
            return
        steady = self._in_view()[rows]
        if np.count_nonzero(steady) >= config.camera_witnesses:
            missed = seen.z[columns[steady], :2] - state[VALUE, rows[steady], :2]
            common = np.median(missed, axis=0)
            state[VALUE, lost, :2] += common
            state[SPEED, lost, :2] += config.camera_speed_gain * common
        state[SPEED, lost, 2:] *= np.exp(-self.clock.last_step_s / config.size_rest_s)

    def _may_begin(self, seen: Seen, free: np.ndarray) -> np.ndarray:
        """Detections good enough that do not double a track found in this frame."""
        free = super()._may_begin(seen, free)
        here = self.tracks["seen_s"] >= self.clock.now_s - 1e-9
        if not len(free) or not here.any():
            return free
        return free[iou(seen.boxes_xyxy[free], self.tracks["box"][here]).max(axis=1) < self.config.begin_iou]

    def _noise_factor(self, seen: Seen, columns: np.ndarray) -> np.ndarray:
        return (1.0 + self.config.weak_noise * (1.0 - seen.scores[columns]))[:, None]

    def _given_up(self) -> np.ndarray:
        return super()._given_up() | (self.tracks["clear_s"] > self.config.clear_lost_s + 1e-6)


def alone(overlap: np.ndarray, rows: np.ndarray, columns: np.ndarray, config: DefaultConfig) -> Pairs:
    """Pairs (K,), (K,) of the masks `rows` (N,) and `columns` (M,) that overlap by `alone_iou` at least, and overlap
    nobody else, track or detection, by more than `near_iou`.
    """
    near = overlap > config.near_iou
    only = (near.sum(axis=1) == 1)[:, None] & (near.sum(axis=0) == 1) & (overlap >= config.alone_iou)
    only &= rows[:, None] & columns
    found_rows, found_columns = np.nonzero(only)
    return found_rows, found_columns


def feet_y_px(seen: Seen) -> np.ndarray:
    """Where each detection stands (M,): the lower ankle where both are seen clearly, else the bottom of the box."""
    bottom = seen.boxes_xyxy[:, 3]
    if seen.keypoints_xyc is None:
        return bottom
    ankles = seen.keypoints_xyc[:, ANKLES]
    return np.where((ankles[..., 2] >= 0.5).all(axis=1), ankles[..., 1].max(axis=1), bottom)
