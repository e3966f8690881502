"""What a standing person's box looks like in a camera: a cylinder, projected."""

from collections.abc import Sequence

import numpy as np

CORNERS = 12  # of the polygon that stands for a circle
_ANGLES = np.arange(CORNERS) * 2 * np.pi / CORNERS
CIRCLE = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)])


def predicted_boxes(projection: np.ndarray, places_m: np.ndarray, heights_m: np.ndarray, radius_m: float) -> np.ndarray:
    """Boxes_xyxy (N, 4) px of upright cylinders at places_m (N, 2) on the floor, heights_m (N,).

    projection (3, 4) as `CameraDetections`. NaN where any of a body is not in front of the camera.
    """
    count = len(places_m)
    points = np.ones((count, 2, CORNERS, 4))
    points[..., :2] = (places_m[:, None, :] + radius_m * CIRCLE)[:, None]
    points[:, 0, :, 2] = 0
    points[:, 1, :, 2] = np.asarray(heights_m)[:, None]
    homogeneous = points.reshape(count, 2 * CORNERS, 4) @ projection.T
    depth = homogeneous[..., 2:]
    behind = (depth <= 0).any(axis=(1, 2))
    pixels = homogeneous[..., :2] / np.where(depth > 0, depth, 1)
    boxes = np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=1)
    boxes[behind] = np.nan
    return boxes


def edges(boxes_xyxy: np.ndarray) -> np.ndarray:
    """What of boxes (…, 4) is compared, (…, 3) px: the middle column, the upper and the lower edge."""
    return np.stack([(boxes_xyxy[..., 0] + boxes_xyxy[..., 2]) / 2, boxes_xyxy[..., 1], boxes_xyxy[..., 3]], axis=-1)


def whole_views(
    projections: Sequence[np.ndarray],
    size_px: tuple[float, float],
    places_m: np.ndarray,
    height_m: float,
    radius_m: float,
) -> np.ndarray:
    """In how many pictures of size_px (width, height) a whole body at each of places_m (N, 2) would be, (N,) int."""
    seen = np.zeros(len(places_m), np.int64)
    for projection in projections:
        boxes = predicted_boxes(projection, places_m, np.full(len(places_m), height_m), radius_m)
        with np.errstate(invalid="ignore"):  # NaN, behind the camera, is not inside
            seen += (boxes[:, :2] >= 0).all(axis=1) & (boxes[:, 2:] <= size_px).all(axis=1)
    return seen
