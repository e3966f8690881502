"""OC-SORT: trust what was observed more than what was predicted.

Cao et al., "Observation-Centric SORT: Rethinking SORT for Robust Multi-Object Tracking", CVPR 2023.
"""

import numpy as np

from core.boxes import iou
from trackers.assignment import Rounds
from trackers.base import Pairs, Tracker
from trackers.config import OcSortConfig
from trackers.costs import direction_similarity
from trackers.kalman import KalmanBatch, measure, to_boxes
from trackers.seen import Seen

TRAIL = 8  # observations kept to read a direction from; more than fit into `heading_s` at usual rates are not needed


class OcSort(Tracker):
    """SORT with the direction in the cost (OCM), a second look at last seen places (OCR) and replayed gaps (ORU)."""

    config: OcSortConfig
    extra_columns = {  # noqa: RUF012 - a constant of the class
        "trail_box": (np.float64, (TRAIL, 4)),  # newest first
        "trail_s": (np.float64, (TRAIL,)),
        "heading": (np.float64, (2,)),
        "anchor": (np.float64, (5, 4)),  # the filter's state after the last observation
    }

    def _match(self, seen: Seen) -> Pairs:
        config, shape = self.config, self.config.motion.shape
        everyone = np.ones(len(self.tracks), bool)
        good = seen.scores >= config.least_score
        overlap = iou(to_boxes(self.kalman.values, shape), seen.boxes_xyxy)
        toward = direction_similarity(self._past(), self.tracks["heading"], seen.boxes_xyxy)
        cost = 1.0 - overlap - config.direction_weight * toward * seen.scores
        rounds = Rounds(len(self.tracks), len(seen))
        # A pair must overlap; the direction may only decide between those that do.
        cost = np.where(overlap >= config.least_iou, cost, np.inf)
        rounds.match(cost, everyone, good, 1.0 + config.direction_weight)
        last = 1.0 - iou(self.tracks["box"], seen.boxes_xyxy)
        rounds.match(last, everyone, good, 1.0 - config.least_iou)
        return rounds.pairs()

    def _past(self) -> np.ndarray:
        """For each track its oldest observation of the last `heading_s`, or its newest where there is none (N, 4)."""
        recent = self.clock.now_s - self.tracks["trail_s"] <= self.config.heading_s + 1e-6
        recent &= self.tracks["trail_box"][:, :, 2] > self.tracks["trail_box"][:, :, 0]
        oldest = np.where(recent.any(axis=1), TRAIL - 1 - recent[:, ::-1].argmax(axis=1), 0)
        return self.tracks["trail_box"][np.arange(len(self.tracks)), oldest]

    def _correct(self, rows: np.ndarray, columns: np.ndarray, seen: Seen) -> None:
        missed = ~self._in_view()[rows]
        for row, column in zip(rows[missed], columns[missed], strict=True):
            self._replay(row, seen.z[column])
        tracks = self.tracks
        past, new = self._past()[rows], seen.boxes_xyxy[columns]
        super()._correct(rows, columns, seen)
        step = (new[:, :2] + new[:, 2:] - past[:, :2] - past[:, 2:]) / 2
        tracks["heading"][rows] = step / (np.linalg.norm(step, axis=1, keepdims=True) + 1e-6)
        tracks["trail_box"][rows] = np.concatenate([new[:, None], tracks["trail_box"][rows, :-1]], axis=1)
        tracks["trail_s"][rows, 1:] = tracks["trail_s"][rows, :-1]
        tracks["trail_s"][rows, 0] = self.clock.now_s
        tracks["anchor"][rows] = self.kalman.state[:, rows].transpose(1, 0, 2)

    def _replay(self, row: int, z: np.ndarray) -> None:
        """Walk a track found again from its last observation to the step before this one along a straight line."""
        unseen_s = self.clock.now_s - self.tracks["seen_s"][row]
        steps = max(1, round(unseen_s / self.clock.step_s))
        alone = KalmanBatch(self.config.motion)
        alone.state = self.tracks["anchor"][row][:, None].copy()
        begin = measure(self.tracks["box"][row][None], self.config.motion.shape)
        only = np.zeros(1, np.intp)
        for step in range(1, steps):
            alone.predict(unseen_s / steps)
            alone.update(only, begin + (z[None] - begin) * (step / steps))
        alone.predict(unseen_s / steps)
        self.kalman.state[:, row] = alone.state[:, 0]

    def _first_columns(self, seen: Seen, columns: np.ndarray) -> dict[str, np.ndarray]:
        trail = np.zeros((len(columns), TRAIL, 4))
        trail[:, 0] = seen.boxes_xyxy[columns]
        times = np.full((len(columns), TRAIL), self.clock.now_s)
        anchor = self.kalman.state[:, len(self.kalman) - len(columns) :].transpose(1, 0, 2)
        return {"trail_box": trail, "trail_s": times, "anchor": anchor}
