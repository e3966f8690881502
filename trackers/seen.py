"""What one frame offers a tracker: the usable detections, measured."""

from dataclasses import dataclass

import numpy as np

from core.types import Detections
from trackers.kalman import measure

# Beyond this a coordinate is no pixel of any camera, and its square would drown the others.
FARTHEST_PX = 1e6


@dataclass(frozen=True, eq=False)
class Seen:
    """M usable detections of a frame.

    rows (M,): which of the frame's detections they are. boxes_xyxy (M, 4) float64; z (M, 4) as the filter measures;
    scores (M,) float64 within [0, 1]; keypoints_xyc (M, 17, 3) or None; embeddings (M, D) of unit norm or None.
    """

    rows: np.ndarray
    boxes_xyxy: np.ndarray
    z: np.ndarray
    scores: np.ndarray
    keypoints_xyc: np.ndarray | None = None
    embeddings: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)


def look(detections: Detections, shape: str, most: int, embeddings: np.ndarray | None = None) -> Seen:
    """The detections that can be tracked: boxes with an inside, on this planet, at most the `most` best.

    Scores beyond [0, 1] are clipped; `Detections` itself refuses NaN, infinity and keypoints of another shape.
    """
    boxes = detections.boxes_xyxy.astype(np.float64)
    scores = np.clip(detections.scores.astype(np.float64), 0.0, 1.0)
    sane = (
        (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]) & (np.abs(boxes).max(axis=1, initial=0) < FARTHEST_PX)
    )
    rows = np.arange(len(boxes)) if sane.all() else np.flatnonzero(sane)
    if len(rows) > most:
        best = np.argsort(-scores[rows], kind="stable")[:most]
        rows = np.sort(rows[best])
    if len(rows) < len(boxes):
        boxes, scores = boxes[rows], scores[rows]
    keypoints = None if detections.keypoints_xyc is None else detections.keypoints_xyc[rows]
    vectors = None if embeddings is None else np.asarray(embeddings, np.float64)[rows]
    return Seen(rows, boxes, measure(boxes, shape), scores, keypoints, vectors)
