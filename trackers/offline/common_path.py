"""How the picture moves under everybody: the camera's own motion, told from the people alone.

No picture is needed: what most people do from one frame to the next, they do because the camera turns. Where a crowd
walks one way it is the crowd's motion instead, which helps a lost walker just as well.
"""

import numpy as np

from core.types import Tracklet

WITNESSES = 4  # fewer people seen in two successive frames say nothing about the camera


def common_path(tracklets: list[Tracklet], frame_count: int) -> np.ndarray:
    """Common displacement (F, 2) px of all boxes since the first frame: sums of the medians from frame to frame.

    From one frame with boxes to the next, and straight in between, so that a stride changes nothing. Without anybody
    all is still.
    """
    if not tracklets:
        return np.zeros((frame_count, 2))
    looked_at = np.unique(np.concatenate([tracklet.frames for tracklet in tracklets]))
    steps, into = [], []
    for tracklet in tracklets:
        boxes = tracklet.boxes_xyxy.astype(np.float64)
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2
        rank = np.searchsorted(looked_at, tracklet.frames)
        next_row = np.flatnonzero(np.diff(rank) == 1) + 1
        steps.append(centre[next_row] - centre[next_row - 1])
        into.append(rank[next_row])
    step, rank = np.concatenate(steps), np.concatenate(into)
    order = np.argsort(rank, kind="stable")
    ends = np.searchsorted(rank[order], np.arange(len(looked_at) + 1))
    common = np.zeros((len(looked_at), 2))
    for k in np.flatnonzero(np.diff(ends) >= WITNESSES):
        common[k] = np.median(step[order[ends[k] : ends[k + 1]]], axis=0)
    path = np.cumsum(common, axis=0)
    return np.stack([np.interp(np.arange(frame_count), looked_at, path[:, axis]) for axis in (0, 1)], axis=1)
