"""Many boxes around one person become one."""

import cv2
import numpy as np

from core.boxes import iou


def suppress(
    corners: np.ndarray, scores: np.ndarray, values: np.ndarray, overlap: float, blend: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of N boxes one for each person: corners (K, 4) x1 y1 x2 y2, scores (K,), values (K, any), the surest first.

    Of two boxes that share more than `overlap` (intersection over union) the surer stays, with its own score. Corners
    and values become the mean of all boxes that share `blend` with it, weighted by their scores squared: several cells
    of a network see one person, each a little differently; their mean is nearer the truth than the surest alone (box
    voting, Gidaris and Komodakis 2015), and trembles less from frame to frame.
    """
    sides = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], 1).astype(np.float64)
    keep = np.asarray(cv2.dnn.NMSBoxes(sides.tolist(), scores.tolist(), 0.0, overlap), int).reshape(-1)
    votes = _votes(corners, scores, keep, blend)
    return votes @ corners, scores[keep], votes @ values


def _votes(corners: np.ndarray, scores: np.ndarray, keep: np.ndarray, blend: float) -> np.ndarray:
    """How much each box counts (K, N) for each of those kept (K,); each row sums to one."""
    if not len(keep):
        return np.zeros((0, len(corners)))
    votes = np.where(iou(corners[keep], corners) >= blend, scores**2, 0.0).astype(np.float64)
    votes[np.arange(len(keep)), keep] = scores[keep] ** 2  # itself, even where its box is empty
    return np.asarray(votes / np.maximum(votes.sum(1, keepdims=True), np.finfo(np.float64).tiny))
