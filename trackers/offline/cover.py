"""Who could not have been seen: a place behind somebody else explains why nobody was found there."""

import numpy as np

from core.boxes import area_px, intersection_px
from core.types import Tracklet


class Crowd:
    """All boxes of one camera by frame."""

    def __init__(self, tracklets: list[Tracklet]) -> None:
        frames = np.concatenate([tracklet.frames for tracklet in tracklets]) if tracklets else np.zeros(0, np.int32)
        boxes = [tracklet.boxes_xyxy for tracklet in tracklets]
        order = np.argsort(frames, kind="stable")
        self._frames = frames[order]
        self._boxes = np.concatenate(boxes)[order].astype(np.float64) if boxes else np.zeros((0, 4))

    def cover(self, frame: int, box_xyxy: np.ndarray) -> float:
        """The share of a box (4,) that the one person covers most who stands in front of it: whose feet are lower."""
        begin, end = np.searchsorted(self._frames, [frame, frame + 1])
        others = self._boxes[begin:end]
        others = others[others[:, 3] > box_xyxy[3]]
        if not len(others):
            return 0.0
        return float(intersection_px(box_xyxy[None], others).max() / max(area_px(box_xyxy[None])[0], 1.0))


def hidden_share(
    crowd: Crowd, first: tuple[int, np.ndarray], last: tuple[int, np.ndarray], least_cover: float, samples: int
) -> float:
    """For how much of the way from a box in one frame to a box in a later one somebody stood in front.

    first, last: frame and box (4,) at either side of the gap. Looked at in up to `samples` frames between.
    """
    (begin, from_box), (end, to_box) = first, last
    if end - begin <= 1:
        return 1.0
    frames = np.unique(np.linspace(begin + 1, end - 1, samples).round().astype(int))
    shares = ((frames - float(begin)) / (end - begin))[:, None]
    boxes = from_box * (1 - shares) + to_box * shares
    covered = [crowd.cover(int(frame), box) >= least_cover for frame, box in zip(frames, boxes, strict=True)]
    return float(np.mean(covered))
