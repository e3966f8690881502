"""Many boxes around one person become one."""

import cv2
import numpy as np

from core.boxes import iou

BLEND = 0.8  # boxes that share this much are of one person, seen by several cells of a network


def survivors(corners: np.ndarray, scores: np.ndarray, overlap: float) -> np.ndarray:
    """Rows (K,) of N boxes, corners (N, 4) x1 y1 x2 y2, the surest first: no two share more than `overlap`.

    Of two boxes that do (intersection over union) the surer stays.
    """
    sides = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], 1).astype(np.float64)
    return np.asarray(cv2.dnn.NMSBoxes(sides.tolist(), scores.tolist(), 0.0, overlap), int).reshape(-1)


def suppress(
    corners: np.ndarray, scores: np.ndarray, values: np.ndarray, overlap: float, blend: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of N boxes one for each person: corners (K, 4) x1 y1 x2 y2, scores (K,), values (K, any), the surest first.

    The `survivors` keep their scores. Their corners and values become the mean of all boxes that share `blend` with
    them, weighted by scores squared: several cells of a network see one person, each a little differently; their mean
    is nearer the truth than the surest alone (box voting, Gidaris and Komodakis 2015), and trembles less from frame to
    frame.
    """
    keep = survivors(corners, scores, overlap)
    votes = _votes(corners, scores, keep, blend)
    return votes @ corners, scores[keep], votes @ values


def _votes(corners: np.ndarray, scores: np.ndarray, keep: np.ndarray, blend: float) -> np.ndarray:
    """How much each box counts (K, N) for each of those kept (K,); each row sums to one."""
    if not len(keep):
        return np.zeros((0, len(corners)))
    votes = np.where(iou(corners[keep], corners) >= blend, scores**2, 0.0).astype(np.float64)
    votes[np.arange(len(keep)), keep] = scores[keep] ** 2  # itself, even where its box is empty
    return np.asarray(votes / np.maximum(votes.sum(1, keepdims=True), np.finfo(np.float64).tiny))
