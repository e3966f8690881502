"""How the picture moves under everybody: the camera's own motion, told from the people alone.

No picture is needed: what most people do from one frame to the next, they do because the camera turns. Where a crowd
walks one way it is the crowd's motion instead, which helps a lost walker just as well.
"""

import numpy as np

from core.types import Tracklet

WITNESSES = 4  # fewer people seen in two successive frames say nothing about the camera


def common_path(tracklets: list[Tracklet], frame_count: int) -> np.ndarray:
    """Common displacement (F, 2) px of all boxes since the first frame: sums of the medians from frame to frame."""
    steps, into = [np.zeros((0, 2))], [np.zeros(0, np.intp)]
    for tracklet in tracklets:
        boxes = tracklet.boxes_xyxy.astype(np.float64)
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2
        next_row = np.flatnonzero(np.diff(tracklet.frames) == 1) + 1
        steps.append(centre[next_row] - centre[next_row - 1])
        into.append(tracklet.frames[next_row].astype(np.intp))
    step, frame = np.concatenate(steps), np.concatenate(into)
    order = np.argsort(frame, kind="stable")
    ends = np.searchsorted(frame[order], np.arange(frame_count + 1))
    common = np.zeros((frame_count, 2))
    for k in np.flatnonzero(np.diff(ends) >= WITNESSES):
        common[k] = np.median(step[order[ends[k] : ends[k + 1]]], axis=0)
    return np.cumsum(common, axis=0)
