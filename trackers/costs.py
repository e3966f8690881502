"""How alike tracks and detections are: terms that a tracker adds up. Tracks × detections throughout."""

import numpy as np

from core.boxes import area_px, intersection_px

# Log determinant of the innovation of a track seen a moment ago, sizes in heights: four deviations of about 1/12.
USUAL_SPREAD = -20.0

# How far each COCO joint lies off its true place, relative to the size of the person (COCO's evaluation code).
JOINT_SPREAD = np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]) / 500


def overlaps(a_xyxy: np.ndarray, b_xyxy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """IoU (N, M) and shared area (N, M) of boxes with an inside (N, 4) and (M, 4): `core.boxes`, once for both.

    Column by column, so that no (N, M, 2) array is made: with 200 boxes the time of a frame goes here.
    """
    ax1, ay1, ax2, ay2 = a_xyxy.T[:, :, None]
    bx1, by1, bx2, by2 = b_xyxy.T[:, None]
    shared = np.minimum(ax2, bx2)
    shared -= np.maximum(ax1, bx1)
    np.maximum(shared, 0.0, out=shared)
    tall = np.minimum(ay2, by2)
    tall -= np.maximum(ay1, by1)
    np.maximum(tall, 0.0, out=tall)
    shared *= tall
    union = np.add((ax2 - ax1) * (ay2 - ay1), (bx2 - bx1) * (by2 - by1), out=tall)
    union -= shared
    return shared / union, shared


def log_likelihood_cost(
    value: np.ndarray, variance: np.ndarray, z: np.ndarray, spread_weight: float = 1.0
) -> np.ndarray:
    """How surprising measurements z (M, 4) are (N, M) to tracks that expect `value` (N, 4) with `variance` (N, 4).

    -2 log of the normal density, without its constant, and with variances in units of the squared height: the squared
    Mahalanobis distance plus `spread_weight` times the log of the determinant, from `USUAL_SPREAD` up.
    Written as one matrix product over [z², z].
    """
    weight = 1.0 / variance
    weighted = weight * value
    squared = np.hstack([weight, -2.0 * weighted]) @ np.hstack([z * z, z]).T
    squared += (weighted * value).sum(axis=1)[:, None]
    np.maximum(squared, 0.0, out=squared)
    spread = np.log(variance / value[:, 3:4] ** 2).sum(axis=1) - USUAL_SPREAD
    squared += spread_weight * spread[:, None]
    return squared


def giou(a_xyxy: np.ndarray, b_xyxy: np.ndarray) -> np.ndarray:
    """Generalised IoU (N, M) in [-1, 1] of boxes (N, 4) and (M, 4).

    Rezatofighi et al., "Generalized Intersection over Union", CVPR 2019: IoU minus the share of the hull that neither
    covers, so that boxes apart still differ by how far.
    """
    shared = intersection_px(a_xyxy, b_xyxy)
    union = area_px(a_xyxy)[:, None] + area_px(b_xyxy)[None] - shared
    size = np.maximum(a_xyxy[:, None, 2:], b_xyxy[None, :, 2:]) - np.minimum(a_xyxy[:, None, :2], b_xyxy[None, :, :2])
    hull = size[..., 0] * size[..., 1]
    safe_union, safe_hull = np.maximum(union, 1e-12), np.maximum(hull, 1e-12)
    return shared / safe_union - (hull - union) / safe_hull


def height_iou(a_xyxy: np.ndarray, b_xyxy: np.ndarray) -> np.ndarray:
    """IoU (N, M) of the vertical extents alone, of boxes (N, 4) and (M, 4).

    Yang et al., "Hybrid-SORT: Weak Cues Matter for Online Multi-Object Tracking", AAAI 2024, eq. 3; times the IoU it is
    their height-modulated IoU.
    """
    top = np.maximum(a_xyxy[:, None, 1], b_xyxy[None, :, 1])
    bottom = np.minimum(a_xyxy[:, None, 3], b_xyxy[None, :, 3])
    shared = np.clip(bottom - top, 0, None)
    tall_a, tall_b = a_xyxy[:, 3] - a_xyxy[:, 1], b_xyxy[:, 3] - b_xyxy[:, 1]
    return shared / np.maximum(tall_a[:, None] + tall_b[None] - shared, 1e-12)


def direction_similarity(past_xyxy: np.ndarray, heading: np.ndarray, boxes_xyxy: np.ndarray) -> np.ndarray:
    """How much each detection lies where a track was heading (N, M): 0.5 straight ahead, -0.5 behind, 0 unknown.

    past_xyxy (N, 4): where the track was a moment ago; heading (N, 2): unit vector, or 0. OC-SORT, eq. 6.
    """
    from_xy = (past_xyxy[:, :2] + past_xyxy[:, 2:]) / 2
    to_xy = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    step = to_xy[None] - from_xy[:, None]
    length = np.sqrt((step**2).sum(axis=-1)) + 1e-6
    cosine = np.clip(np.einsum("nmk,nk->nm", step, heading) / length, -1, 1)
    known = (heading != 0).any(axis=1)
    return np.where(known[:, None], 0.5 - np.arccos(cosine) / np.pi, 0.0)


def keypoint_similarity(a_xyc: np.ndarray, b_xyc: np.ndarray, areas_px: np.ndarray, least: float = 0.3) -> np.ndarray:
    """Object keypoint similarity (N, M) in [0, 1] of poses (N, 17, 3) and (M, 17, 3); NaN where no joint is in both.

    areas_px (N,): of the first poses' boxes. A joint counts where both confidences reach `least`. COCO keypoint
    evaluation: the mean over joints of exp(-d² / (2 s² k²)), s² the area, k twice the joint's spread.
    """
    squared = ((a_xyc[:, None, :, :2] - b_xyc[None, :, :, :2]) ** 2).sum(axis=-1)
    both = (a_xyc[:, None, :, 2] >= least) & (b_xyc[None, :, :, 2] >= least)
    variance = 2 * np.maximum(areas_px, 1.0)[:, None, None] * (2 * JOINT_SPREAD) ** 2
    alike = np.exp(-squared / variance) * both
    count = both.sum(axis=-1)
    return np.divide(alike.sum(axis=-1), count, out=np.full(count.shape, np.nan), where=count > 0)


def appearance_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosine distance (N, M) in [0, 2] of unit vectors (N, D) and (M, D); 1 where one is unknown (0)."""
    return 1.0 - a @ b.T
