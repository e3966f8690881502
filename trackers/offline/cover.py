"""Who could not have been seen: a place behind somebody else explains why nobody was found there."""

import numpy as np

from core.boxes import area_px
from core.types import Tracklet

_AT_ONCE = 1 << 17  # boxes compared in one go: memory stays small in any crowd


class Crowd:
    """All boxes of one camera by frame."""

    def __init__(self, tracklets: list[Tracklet]) -> None:
        frames = np.concatenate([tracklet.frames for tracklet in tracklets]) if tracklets else np.zeros(0, np.int32)
        boxes = [tracklet.boxes_xyxy for tracklet in tracklets]
        order = np.argsort(frames, kind="stable")
        self._frames = frames[order]
        steps = np.diff(np.unique(frames))
        self.stride = int(np.gcd.reduce(steps)) if len(steps) else 1  # frames between were never looked at
        self._boxes = np.concatenate(boxes)[order].astype(np.float64) if boxes else np.zeros((0, 4))

    def cover(self, frames: np.ndarray, boxes_xyxy: np.ndarray) -> np.ndarray:
        """For boxes (R, 4), each in its frame (R,): the share (R,) that the one person covers most who is in front.

        In front is whose feet are lower in the picture.
        """
        begin = np.searchsorted(self._frames, frames)
        count = np.searchsorted(self._frames, frames, "right") - begin
        most = np.zeros(len(frames))
        step = max(1, _AT_ONCE // max(1, int(count.max(initial=0))))
        for first in range(0, len(frames), step):
            here = slice(first, first + step)
            most[here] = self._cover(begin[here], count[here], boxes_xyxy[here])
        return most / np.maximum(area_px(boxes_xyxy), 1.0)

    def _cover(self, begin: np.ndarray, count: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """The largest area (R,) px² that one of the `count` boxes from row `begin` on has in front of each box."""
        slot = np.arange(count.max(initial=0))
        there = slot < count[:, None]
        others = self._boxes[np.where(there, begin[:, None] + slot, 0)]
        low = np.maximum(others[..., :2], boxes[:, None, :2])
        high = np.minimum(others[..., 2:], boxes[:, None, 2:])
        shared = np.clip(high - low, 0, None).prod(axis=-1)
        in_front = there & (others[..., 3] > boxes[:, None, 3])
        return np.where(in_front, shared, 0.0).max(axis=1, initial=0.0)


def hidden_share(
    crowd: Crowd,
    first: tuple[np.ndarray, np.ndarray],
    last: tuple[np.ndarray, np.ndarray],
    least_cover: float,
    samples: int,
) -> np.ndarray:
    """For how much of each of K ways from a box in one frame to a box in a later one somebody stood in front; (K,).

    first, last: frames (K,) and boxes (K, 4) at either side of the gaps. Looked at in up to `samples` frames between,
    of those that the detector has looked at.
    """
    (begin, from_boxes), (end, to_boxes) = first, last
    inside = np.maximum((end - begin) // crowd.stride - 1, 0)
    count = np.minimum(inside, samples)
    way = np.repeat(np.arange(len(begin)), count)
    number = np.arange(len(way)) - np.repeat(np.cumsum(count) - count, count)
    part = number / np.maximum(count[way] - 1, 1)
    frames = begin[way] + crowd.stride * np.round(1 + part * (inside[way] - 1)).astype(np.intp)
    share = ((frames - begin[way]) / (end - begin)[way])[:, None]
    boxes = from_boxes[way] * (1 - share) + to_boxes[way] * share
    covered = crowd.cover(frames, boxes) >= least_cover
    hidden = np.bincount(way, covered, len(begin))
    return np.where(count > 0, hidden / np.maximum(count, 1), 1.0)  # no frame between: nothing to explain
