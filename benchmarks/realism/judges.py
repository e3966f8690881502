"""Networks trained on real people, as they were published: YOLOX-nano, and two kinds of Open Model Zoo's."""

from pathlib import Path

import cv2
import numpy as np

from core.quiet import hush

hush()

import openvino as ov  # noqa: E402

_YOLOX_SIDE, _YOLOX_STRIDES, _GREY = 416, (8, 16, 32), 114
_OVERLAP = 0.65  # YOLOX's own suppression threshold
_LEAST_SCORE = 0.001
_REID_SIZE = (128, 256)  # width, height
_BATCH = 16


class YoloxNano:
    """Boxes of people by YOLOX-nano (COCO, 416 × 416); `weights`: the ONNX file."""

    def __init__(self, weights: Path) -> None:
        self.network = ov.Core().compile_model(weights, "CPU")
        cells = [np.stack(np.meshgrid(np.arange(n), np.arange(n)), -1).reshape(-1, 2) for n in self._grid()]
        self._corner = np.concatenate(cells).astype(np.float32)
        self._stride = np.concatenate(
            [np.full((n * n, 1), s, np.float32) for n, s in zip(self._grid(), _YOLOX_STRIDES, strict=True)]
        )

    @staticmethod
    def _grid() -> list[int]:
        return [_YOLOX_SIDE // stride for stride in _YOLOX_STRIDES]

    def find(self, image_bgr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Boxes (N, 4) xyxy px and scores (N,) in `image_bgr` (H, W, 3) uint8."""
        height, width = image_bgr.shape[:2]
        scale = _YOLOX_SIDE / max(height, width)
        small = cv2.resize(image_bgr, (round(width * scale), round(height * scale)))
        canvas = np.full((_YOLOX_SIDE, _YOLOX_SIDE, 3), _GREY, np.float32)
        canvas[: small.shape[0], : small.shape[1]] = small
        raw = self.network(canvas.transpose(2, 0, 1)[None])[0][0]
        scores = raw[:, 4] * raw[:, 5]  # objectness × the class 'person'
        kept = scores >= _LEAST_SCORE
        centre = (raw[kept, :2] + self._corner[kept]) * self._stride[kept]
        size = np.exp(raw[kept, 2:4]) * self._stride[kept]
        boxes, scores = np.concatenate([centre - size / 2, size], 1), scores[kept]
        best = np.asarray(cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), 0.0, _OVERLAP), int).reshape(-1)
        boxes = boxes[best] / scale
        boxes[:, 2:] += boxes[:, :2]
        return boxes, scores[best]


class RetailDetector:
    """Boxes of people by Open Model Zoo's person-detection-retail-0013; `weights`: the .xml file."""

    def __init__(self, weights: Path) -> None:
        self.network = ov.Core().compile_model(weights, "CPU")
        _, _, self._height, self._width = self.network.input(0).shape

    def find(self, image_bgr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Boxes (N, 4) xyxy px and scores (N,) in `image_bgr` (H, W, 3) uint8."""
        height, width = image_bgr.shape[:2]
        picture = cv2.resize(image_bgr, (self._width, self._height)).transpose(2, 0, 1)[None].astype(np.float32)
        rows = self.network(picture)[0].reshape(-1, 7)
        rows = rows[(rows[:, 0] >= 0) & (rows[:, 2] >= _LEAST_SCORE)]
        return rows[:, 3:] * (width, height, width, height), rows[:, 2]


class RetailReid:
    """Embeddings by one of Open Model Zoo's person-reidentification-retail networks; `weights`: the .xml file."""

    def __init__(self, weights: Path) -> None:
        model = ov.Core().read_model(weights)
        model.reshape([-1, 3, _REID_SIZE[1], _REID_SIZE[0]])
        self._network = ov.Core().compile_model(model, "CPU")

    def embed(self, crops_bgr: list[np.ndarray]) -> np.ndarray:
        """(N, D) float32 of unit length for crops (H, W, 3) uint8 of any size."""
        rows = []
        for begin in range(0, len(crops_bgr), _BATCH):
            pictures = [cv2.resize(crop, _REID_SIZE) for crop in crops_bgr[begin : begin + _BATCH]]
            batch = np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32)
            rows.append(self._network(batch)[0].reshape(len(pictures), -1).copy())
        vectors = np.concatenate(rows)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def colour_stripes(crop_bgr: np.ndarray, stripes: int = 6) -> np.ndarray:
    """HSV histograms of horizontal stripes, square roots taken: Euclidean distance between two is Hellinger's."""
    hsv = cv2.cvtColor(crop_bgr, cv2.COLOR_BGR2HSV)
    found = []
    for part in np.array_split(hsv, stripes):
        histogram = cv2.calcHist([np.ascontiguousarray(part)], [0, 1, 2], None, [8, 4, 4], [0, 180, 0, 256, 0, 256])
        found.append(np.sqrt(histogram.reshape(-1) / histogram.sum()))
    return np.concatenate(found)
