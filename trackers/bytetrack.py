"""ByteTrack: every detection box counts, the strong ones first.

Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022, algorithm 1.
"""

import numpy as np

from core.boxes import iou
from trackers.assignment import Rounds
from trackers.base import Pairs, Tracker
from trackers.config import BotSortConfig, ByteTrackConfig
from trackers.kalman import to_boxes
from trackers.seen import Seen


class ByteTrack(Tracker):
    """Three rounds: strong detections to confirmed tracks, weak ones to those still in view, the rest to new tracks."""

    config: ByteTrackConfig | BotSortConfig

    def _match(self, seen: Seen) -> Pairs:
        config, confirmed = self.config, self.tracks["confirmed"]
        overlap = iou(to_boxes(self.kalman.values, config.motion.shape), seen.boxes_xyxy)
        strong = seen.scores >= config.high_score
        weak = ~strong & (seen.scores >= config.low_score)
        first = self._first_cost(overlap, seen)
        rounds = Rounds(len(self.tracks), len(seen))
        rounds.match(first, confirmed, strong, config.first_limit)
        rounds.match(1.0 - overlap, confirmed & self._in_view(), weak, config.second_limit)
        rounds.match(first, ~confirmed, strong, config.provisional_limit)
        return rounds.pairs()

    def _first_cost(self, overlap: np.ndarray, seen: Seen) -> np.ndarray:
        """Cost (N, M) for strong detections: IoU fused with the score."""
        return 1.0 - overlap * seen.scores

    def _duplicates(self, detection_of: np.ndarray) -> np.ndarray:
        """Of a seen and an unseen track in the same place, the one that lived shorter goes (the authors' code)."""
        return self._doubles_of(detection_of, self.config.duplicate_iou)
