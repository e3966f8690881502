"""Where the person in a box stands: under the ankles, under the box, or, where feet are hidden, under the head.

A box ends where the person is hidden, by a table or by somebody else, and the floor under its lower edge is then metres
behind. A standing person's head is almost always in view and about as high as anybody's: it gives a second opinion,
less exact and hardly ever far off.
"""

import numpy as np

from core.types import Tracklet
from pipeline.association.config import AssociateConfig
from pipeline.calibration import Calibration

ANKLES = (15, 16)
ANKLE_CONFIDENCE = 0.5
ANKLE_TO_SOLE = 0.04  # an ankle is this share of the body's height above the sole
EDGE_PX = 2.0  # a box that ends so close to the picture's edge is cut off
AGREE = 2.0  # standard deviations up to which feet and head say the same


def standing_points(
    tracklet: Tracklet, height_px: int, calibration: Calibration, config: AssociateConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Positions (T, 2) m on the floor and their uncertainty (T,) m; NaN where a position cannot be told."""
    feet, ankles_seen = foot_points_px(tracklet, height_px)
    boxes = tracklet.boxes_xyxy.astype(np.float64)
    error_px = config.floor_box_error * (boxes[:, 3] - boxes[:, 1])
    foot_m, foot_sigma = _on_floor(calibration, feet, error_px, 0.0)
    crown = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 1]])
    crown[boxes[:, 1] <= EDGE_PX] = np.nan
    head_m, head_sigma = _on_floor(calibration, crown, error_px, config.body_height_m)
    low, high = (
        calibration.to_floor(np.nan_to_num(crown), config.body_height_m + side * config.body_sigma_m)
        for side in (-1, 1)
    )
    head_sigma = np.hypot(head_sigma, np.linalg.norm(high - low, axis=1) / 2)
    apart = np.linalg.norm(foot_m - head_m, axis=1)
    with_head = np.isfinite(head_m).all(axis=1) & np.isfinite(head_sigma)
    agree = apart <= AGREE * np.hypot(foot_sigma, head_sigma)  # False where one of them is unknown
    by_head = with_head & ~ankles_seen & ~agree
    return np.where(by_head[:, None], head_m, foot_m), np.where(by_head, head_sigma, foot_sigma)


def foot_points_px(tracklet: Tracklet, height_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each box of a tracklet ends, (T, 2) px, and whether an ankle is seen (T,) bool.

    Below the ankles that are seen, else the middle of its lower edge; NaN for a box without ankles that the picture's
    lower edge cuts off. One ankle is enough: from the side a leg hides the other, and the head of who sits is no help.
    """
    boxes = tracklet.boxes_xyxy.astype(np.float64)
    feet = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])
    feet[boxes[:, 3] >= height_px - EDGE_PX] = np.nan
    if tracklet.keypoints_xyc is None:
        return feet, np.zeros(len(feet), bool)
    ankles = tracklet.keypoints_xyc[:, ANKLES].astype(np.float64)
    weight = np.where(ankles[..., 2] >= ANKLE_CONFIDENCE, ankles[..., 2], 0)
    seen = weight.max(axis=1) > 0
    middle = np.einsum("ta,tac->tc", weight[seen], ankles[seen, :, :2]) / weight[seen].sum(axis=1, keepdims=True)
    middle[:, 1] += ANKLE_TO_SOLE * (boxes[seen, 3] - boxes[seen, 1])
    feet[seen] = middle
    return feet, seen


def _on_floor(
    calibration: Calibration, points_px: np.ndarray, error_px: np.ndarray, height_m: float
) -> tuple[np.ndarray, np.ndarray]:
    """Below points (T, 2) px that are `height_m` high: positions (T, 2) m, and how far `error_px` (T,) moves them."""
    known = np.nan_to_num(points_px)
    here = calibration.to_floor(known, height_m)
    moved = calibration.to_floor(known + np.column_stack([np.zeros(len(known)), error_px]), height_m)
    here[~np.isfinite(points_px).all(axis=1)] = np.nan
    return here, np.linalg.norm(moved - here, axis=1)
