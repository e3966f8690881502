"""What never was a person: short and doubtful, still and doubtful, or somebody else's double."""

import numpy as np

from core.boxes import iou
from core.types import DETECTED, Tracklet
from trackers.config import ClutterConfig


def is_clutter(tracklet: Tracklet, config: ClutterConfig) -> bool:
    """Whether nothing speaks for this tracklet: too few boxes, short and low, or low and never moving."""
    scores = tracklet.scores[tracklet.source == DETECTED]
    if len(scores) < config.least_boxes:
        return True
    mean = float(scores.mean())
    if mean < config.least_score:
        return True
    lasted_s = float(tracklet.times_s[-1] - tracklet.times_s[0])
    if lasted_s < config.short_s and mean < config.short_score:
        return True
    if mean >= config.static_score:
        return False
    centre = (tracklet.boxes_xyxy[:, :2] + tracklet.boxes_xyxy[:, 2:]) / 2
    height = float(np.median(tracklet.boxes_xyxy[:, 3] - tracklet.boxes_xyxy[:, 1]))
    return bool((np.ptp(centre, axis=0) < config.static_move * height).all())


def doubles(tracklets: list[Tracklet], config: ClutterConfig) -> set[int]:
    """Tracklets that lie on a longer one nearly all their life."""
    gone: set[int] = set()
    order = sorted(range(len(tracklets)), key=lambda i: (len(tracklets[i]), -i))
    first = np.array([tracklet.frames[0] for tracklet in tracklets])
    last = np.array([tracklet.frames[-1] for tracklet in tracklets])
    for rank, i in enumerate(order):
        for j in order[rank + 1 :]:
            if first[j] <= last[i] and first[i] <= last[j] and _lies_on(tracklets[i], tracklets[j], config):
                gone.add(i)
                break
    return gone


def _lies_on(short: Tracklet, long: Tracklet, config: ClutterConfig) -> bool:
    _, a, b = np.intersect1d(short.frames, long.frames, assume_unique=True, return_indices=True)
    if len(a) < config.double_share * len(short):
        return False
    overlap = np.array(
        [iou(short.boxes_xyxy[k][None], long.boxes_xyxy[m][None])[0, 0] for k, m in zip(a, b, strict=True)]
    )
    return bool(np.mean(overlap >= config.double_iou) * len(a) >= config.double_share * len(short))
