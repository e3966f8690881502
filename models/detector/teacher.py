"""Keypoints for boxes that have none, from MoveNet Lightning run on the crop and on its mirror image.

A joint is kept only where MoveNet is confident and where crop and mirrored crop agree; what fails is marked unlabelled,
so the student is never taught a guess. In a crowd MoveNet may answer with the neighbour's skeleton: a skeleton of which
too much lies outside the box is dropped whole.
"""

from pathlib import Path

import cv2
import numpy as np

from core.quiet import hush

hush()

import openvino as ov  # noqa: E402

INPUT_PX = 192
CONTEXT = 1.25  # side of the square crop over the longer side of the box; MoveNet was trained with context
MIN_SCORE = 0.30
MAX_DISAGREEMENT = 0.06  # of the crop's side
MIN_BOX_HEIGHT_PX = 24
BOX_MARGIN = 0.08  # a joint may lie this far outside the box, in box sizes
MIN_SHARE_IN_BOX = 0.75  # of the confident joints; below, it is somebody else's skeleton
# COCO order: left and right swap in a mirror.
MIRROR = np.array([0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15])


class MoveNetTeacher:
    """Labels people in boxes. `weights`: the TFLite file, read by OpenVINO as it is."""

    def __init__(self, weights: Path) -> None:
        self._network = ov.Core().compile_model(str(weights), "CPU", {"INFERENCE_NUM_THREADS": "2"})

    def label(self, image_bgr: np.ndarray, boxes_xyxy: np.ndarray) -> np.ndarray:
        """Keypoints (N, 17, 3) for boxes (N, 4) px in `image_bgr` (H, W, 3): x, y px and 1 labelled / 0 unlabelled."""
        keypoints = np.zeros((len(boxes_xyxy), 17, 3), np.float32)
        for row, box in enumerate(boxes_xyxy):
            if box[3] - box[1] >= MIN_BOX_HEIGHT_PX:
                keypoints[row] = self._label_one(image_bgr, box)
        return keypoints

    def guess(self, image_bgr: np.ndarray, box: np.ndarray) -> np.ndarray:
        """What MoveNet says, unfiltered, for one box (4,) xyxy px in `image_bgr`: (17, 3) x, y px and score."""
        crop, left, top, side = _square(image_bgr, box)
        return self._predict(crop) * (side, side, 1) + (left, top, 0)

    def _label_one(self, image_bgr: np.ndarray, box: np.ndarray) -> np.ndarray:
        crop, left, top, side = _square(image_bgr, box)
        straight, mirrored = self._predict(crop), self._predict(crop[:, ::-1])[MIRROR]
        mirrored[:, 0] = 1 - mirrored[:, 0]
        apart = np.linalg.norm(straight[:, :2] - mirrored[:, :2], axis=1)
        middle = (straight + mirrored) / 2
        x, y = middle[:, 0] * side + left, middle[:, 1] * side + top
        height, width = image_bgr.shape[:2]
        confident = (middle[:, 2] >= MIN_SCORE) & (apart <= MAX_DISAGREEMENT)
        margin_x, margin_y = BOX_MARGIN * (box[2] - box[0]), BOX_MARGIN * (box[3] - box[1])
        in_box = (
            (x >= box[0] - margin_x) & (x <= box[2] + margin_x) & (y >= box[1] - margin_y) & (y <= box[3] + margin_y)
        )
        in_image = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        if (confident & in_box).sum() < MIN_SHARE_IN_BOX * confident.sum():
            return np.zeros((17, 3))
        return np.stack([x, y, np.ones(17)], 1) * (confident & in_box & in_image)[:, None]

    def _predict(self, crop_bgr: np.ndarray) -> np.ndarray:
        """(17, 3): x, y over the crop's side, score."""
        rgb = np.ascontiguousarray(crop_bgr[None, :, :, ::-1])
        y, x, score = self._network(rgb)[0].reshape(17, 3).T
        return np.stack([x, y, score], 1)


def _square(image_bgr: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, float, float, float]:
    """The network's input around a box, and where it lies: left, top, side in px."""
    side = CONTEXT * max(box[2] - box[0], box[3] - box[1])
    left, top = (box[0] + box[2] - side) / 2, (box[1] + box[3] - side) / 2
    scale = INPUT_PX / side
    to_crop = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    return cv2.warpAffine(image_bgr, to_crop, (INPUT_PX, INPUT_PX), flags=cv2.INTER_LINEAR), left, top, side
