"""SORT: IoU and nothing else. Bewley et al., "Simple Online and Realtime Tracking", ICIP 2016."""

import numpy as np

from core.boxes import iou
from trackers.assignment import assign
from trackers.base import Pairs, Tracker
from trackers.config import SortConfig
from trackers.kalman import to_boxes
from trackers.seen import Seen


class Sort(Tracker):
    """Predicted boxes against detections, by IoU."""

    config: SortConfig

    def _match(self, seen: Seen) -> Pairs:
        good = np.flatnonzero(seen.scores >= self.config.least_score)
        predicted = to_boxes(self.kalman.values, self.config.motion.shape)
        cost = 1.0 - iou(predicted, seen.boxes_xyxy[good])
        rows, columns = assign(cost, 1.0 - self.config.least_iou)
        return rows, good[columns]

    def _given_up(self) -> np.ndarray:
        # The authors' max_age of 1: one missed frame ends nobody who counts, whatever the rate.
        return super()._given_up() & ~(self.tracks["confirmed"] & self._in_view())
