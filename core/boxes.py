"""Axis-aligned boxes as rows x1, y1, x2, y2 in pixels; x2 and y2 are exclusive."""

import numpy as np


def area_px(boxes_xyxy: np.ndarray) -> np.ndarray:
    """Area (N,) of boxes (N, 4); 0 where a box is inside out."""
    size = np.clip(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 0, None)
    return size[:, 0] * size[:, 1]


def intersection_px(a_xyxy: np.ndarray, b_xyxy: np.ndarray) -> np.ndarray:
    """Shared area (N, M) of boxes (N, 4) and (M, 4)."""
    low = np.maximum(a_xyxy[:, None, :2], b_xyxy[None, :, :2])
    high = np.minimum(a_xyxy[:, None, 2:], b_xyxy[None, :, 2:])
    size = np.clip(high - low, 0, None)
    return size[..., 0] * size[..., 1]


def iou(a_xyxy: np.ndarray, b_xyxy: np.ndarray) -> np.ndarray:
    """Intersection over union (N, M) of boxes (N, 4) and (M, 4); 0 where both are empty."""
    shared = intersection_px(a_xyxy, b_xyxy)
    union = area_px(a_xyxy)[:, None] + area_px(b_xyxy)[None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def clip_to_image(boxes_xyxy: np.ndarray, width: int, height: int) -> np.ndarray:
    """Boxes (N, 4) cut to the image."""
    return np.clip(boxes_xyxy, 0, np.array([width, height, width, height], boxes_xyxy.dtype))
