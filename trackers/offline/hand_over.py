"""Where one tracklet ends upon the person with whom another has begun, the moment they share goes to the surer one.

Boxes filled in up to a last doubtful detection, a second box for one person that began a track, two people who pass and
part a moment late: for a few frames a person is in two tracklets, and whoever merges tracklets must believe in two
people, since both were seen at once.
"""

import numpy as np

from core.types import FILLED, Tracklet
from trackers.config import HandOverConfig
from trackers.offline.clutter import iou_of_pairs


def hand_over(tracklets: list[Tracklet], config: HandOverConfig) -> list[Tracklet]:
    """The tracklets, in their order, without the moments they share; none becomes empty."""
    result = list(tracklets)
    order = sorted(range(len(result)), key=lambda i: (int(result[i].frames[0]), i))
    ending: list[int] = []
    for j in order:
        begin = result[j].frames[0]
        ending = [i for i in ending if result[i].frames[-1] >= begin]
        for i in ending:
            if result[i].frames[-1] >= result[j].frames[0]:
                result[i], result[j] = _parted(result[i], result[j], config)
        ending.append(j)
    return result


def _parted(early: Tracklet, late: Tracklet, config: HandOverConfig) -> tuple[Tracklet, Tracklet]:
    """Both as they are, or one without their common moment: short, in one place, one's end and the other's start.

    What was filled in towards that moment goes with it.
    """
    begin, end = late.frames[0], early.frames[-1]
    kept, rest = early.frames < begin, late.frames > end
    if not kept.any() or not rest.any():
        return early, late  # one lies within the other
    if early.times_s[-1] - late.times_s[0] > config.longest_s:
        return early, late
    _, a, b = np.intersect1d(early.frames, late.frames, assume_unique=True, return_indices=True)
    if not len(a):
        return early, late
    if iou_of_pairs(early.boxes_xyxy[a], late.boxes_xyxy[b]).mean() < config.least_iou:
        return early, late
    if early.scores[a].mean() < late.scores[b].mean():
        return _between_detections(_rows(early, kept)), late
    return early, _between_detections(_rows(late, rest))


def _between_detections(tracklet: Tracklet) -> Tracklet:
    detected = np.flatnonzero(tracklet.source != FILLED)
    return tracklet[detected[0] : detected[-1] + 1]


def _rows(tracklet: Tracklet, keep: np.ndarray) -> Tracklet:
    joints = tracklet.keypoints_xyc
    return Tracklet(
        tracklet.key, tracklet.frames[keep], tracklet.times_s[keep], tracklet.boxes_xyxy[keep],
        tracklet.scores[keep], tracklet.source[keep], None if joints is None else joints[keep],
    )  # fmt: skip
