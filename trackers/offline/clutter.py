"""What never was a person: short and doubtful, still and doubtful, jointless, or somebody else's double."""

import numpy as np

from core.boxes import area_px
from core.types import DETECTED, Tracklet
from trackers.config import ClutterConfig

SUREST_JOINTS = 6  # a person cut off or hidden to the waist still shows so many


def is_clutter(tracklet: Tracklet, config: ClutterConfig) -> bool:
    """Whether nothing speaks for this tracklet: too few boxes, or low and short, never moving or without a joint."""
    detected = tracklet.source == DETECTED
    scores = tracklet.scores[detected]
    if len(scores) < config.least_boxes:
        return True
    mean = float(scores.mean())
    if mean < config.least_score:
        return True
    lasted_s = float(tracklet.times_s[-1] - tracklet.times_s[0])
    if lasted_s < config.short_s and mean < config.short_score:
        return True
    if mean < config.jointless_score and _joints_seen(tracklet, detected) < config.jointless_confidence:
        return True
    centre = (tracklet.boxes_xyxy[:, :2] + tracklet.boxes_xyxy[:, 2:]) / 2
    height = float(np.median(tracklet.boxes_xyxy[:, 3] - tracklet.boxes_xyxy[:, 1]))
    moved = float(np.ptp(centre, axis=0).max()) / max(height, 1e-9)
    if lasted_s > config.still_s and mean < config.still_score and moved < config.still_move:
        return True
    return mean < config.static_score and moved < config.static_move


def _joints_seen(tracklet: Tracklet, detected: np.ndarray) -> float:
    """Mean confidence of the SUREST_JOINTS of each detection; 1 where the detector gives no joints."""
    if tracklet.keypoints_xyc is None:
        return 1.0
    surest = np.sort(tracklet.keypoints_xyc[detected, :, 2], axis=1)[:, -SUREST_JOINTS:]
    return float(surest.mean())


def doubles(tracklets: list[Tracklet], config: ClutterConfig) -> set[int]:
    """Tracklets that lie on a longer one nearly all their life."""
    gone: set[int] = set()
    order = np.array(sorted(range(len(tracklets)), key=lambda i: (len(tracklets[i]), -i)), np.intp)
    first = np.array([tracklet.frames[0] for tracklet in tracklets])
    last = np.array([tracklet.frames[-1] for tracklet in tracklets])
    for rank, i in enumerate(order.tolist()):
        longer = order[rank + 1 :]
        at_once = longer[(first[longer] <= last[i]) & (first[i] <= last[longer])]
        if any(_lies_on(tracklets[i], tracklets[j], config) for j in at_once.tolist()):
            gone.add(i)
    return gone


def _lies_on(short: Tracklet, long: Tracklet, config: ClutterConfig) -> bool:
    _, a, b = np.intersect1d(short.frames, long.frames, assume_unique=True, return_indices=True)
    if len(a) < config.double_share * len(short):
        return False
    overlap = iou_of_pairs(short.boxes_xyxy[a], long.boxes_xyxy[b])
    return bool(np.mean(overlap >= config.double_iou) * len(a) >= config.double_share * len(short))


def iou_of_pairs(a_xyxy: np.ndarray, b_xyxy: np.ndarray) -> np.ndarray:
    """Intersection over union (T,) of the boxes in each row of (T, 4) and (T, 4); 0 where both are empty."""
    low = np.maximum(a_xyxy[:, :2], b_xyxy[:, :2])
    high = np.minimum(a_xyxy[:, 2:], b_xyxy[:, 2:])
    size = np.clip(high - low, 0, None)
    shared = size[:, 0] * size[:, 1]
    union = area_px(a_xyxy) + area_px(b_xyxy) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
