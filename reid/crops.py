"""Crops of any size to one batch of the network's input, and how much there is to see in each."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from core.errors import ShapeError

BLANK_BGR = (104, 116, 124)  # the mean colour that networks subtract: what is painted so is nothing to them


@dataclass(frozen=True)
class QualityConfig:
    """When a crop is good enough to be believed.

    full_height_px: as tall as this or taller gives 1 (below, proportionally less). full_sharpness: grey levels of mean
    absolute Laplacian at the network's size from which a crop is sharp. unseen: what is left when keypoints were given
    and none is trusted.
    """

    full_height_px: float = 96.0
    full_sharpness: float = 6.0
    unseen: float = 0.2


def resized(crops_bgr: Sequence[np.ndarray], height: int, width: int) -> np.ndarray:
    """Crops (h, w, 3) uint8 stretched to one batch (N, height, width, 3) uint8. Raises ShapeError."""
    batch = np.empty((len(crops_bgr), height, width, 3), np.uint8)
    for row, crop in enumerate(crops_bgr):
        if crop.ndim != 3 or crop.shape[2] != 3 or crop.dtype != np.uint8 or 0 in crop.shape:
            raise ShapeError(f"crop {row}: expected (h, w, 3) uint8 with h, w > 0, got {crop.shape} {crop.dtype}")
        shrinks = crop.shape[0] > height and crop.shape[1] > width
        cv2.resize(crop, (width, height), batch[row], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return batch


def sizes_px(crops_bgr: Sequence[np.ndarray]) -> np.ndarray:
    """Height and width (N, 2) float32."""
    return np.array([crop.shape[:2] for crop in crops_bgr], np.float32).reshape(-1, 2)


def quality(
    batch_bgr: np.ndarray, sizes: np.ndarray, visibility: np.ndarray | None, config: QualityConfig
) -> np.ndarray:
    """How much there was to see (N,) float32 in [0, 1]: size × sharpness × what the keypoints show.

    batch_bgr (N, h, w, 3) uint8 at the network's size; sizes (N, 2) px of the crops themselves; visibility (N, K), or
    None where no keypoints were given: then they neither help nor hurt.
    """
    size = np.clip(sizes[:, 0] / config.full_height_px, 0, 1)
    sharp = np.array([_sharpness(picture) for picture in batch_bgr], np.float32) / config.full_sharpness
    result = size * np.clip(sharp, 0.1, 1)
    if visibility is not None and visibility.shape[1]:
        result = result * np.clip(visibility.mean(axis=1) * 1.25, config.unseen, 1)
    return result.astype(np.float32)


def _sharpness(picture_bgr: np.ndarray) -> float:
    """Mean absolute Laplacian in grey levels."""
    grey = cv2.cvtColor(picture_bgr, cv2.COLOR_BGR2GRAY)
    return float(np.abs(cv2.Laplacian(grey, cv2.CV_16S, ksize=1)).mean())
