"""Read a recording from its end: where the tracker then links boxes otherwise, nobody can be sure who is who.

The forward and the backward pass err in different places: each knows one side of a crossing. What both say is nearly
always right; where they part, a tracklet is cut and both sides weigh in on how it goes on (`trackers.offline.join`).
"""

from collections import defaultdict
from itertools import pairwise

import numpy as np

from core.types import Detections, Tracklet
from trackers.make import make

MOST_ALONE = 50  # boxes in a row


def backward_ids(tracklets: list[Tracklet], frame_times_s: np.ndarray) -> list[np.ndarray]:
    """For each tracklet the id (T,) that the default tracker gives each of its boxes when time runs the other way.

    frame_times_s (F,): presentation time of every frame. A box that no backward track takes has a negative id that no
    other box has, unless more than MOST_ALONE in a row are so: these share one. No tracklets give an empty list.
    """
    if not tracklets:
        return []
    frames, boxes, scores = (
        np.concatenate([getattr(tracklet, name) for tracklet in tracklets])
        for name in ("frames", "boxes_xyxy", "scores")
    )
    ids = -1 - np.arange(len(frames))
    order = np.argsort(frames, kind="stable")
    looked_at, begins = np.unique(frames[order], return_index=True)
    ends = np.append(begins[1:], len(order))
    tracker = make("default")
    # Frames in which nobody was tracked are passed over: with a stride, most were never looked at.
    for step, k in enumerate(range(len(looked_at) - 1, -1, -1)):
        rows = order[begins[k] : ends[k]]
        time_s = float(frame_times_s[-1] - frame_times_s[looked_at[k]])
        tracked = tracker.update(Detections(boxes[rows], scores[rows]), step, time_s)
        ids[rows[tracked.rows]] = tracked.local_ids
    return [_settled(mine) for mine in np.split(ids, np.cumsum([len(tracklet) for tracklet in tracklets])[:-1])]


def _settled(ids: np.ndarray) -> np.ndarray:
    """Ids (T,) with one in place of the negative ones of a long run: what is unsure all day is one thing all day."""
    ids = ids.copy()
    for run in np.split(ids, np.flatnonzero(np.diff(ids < 0)) + 1):  # views
        if len(run) > MOST_ALONE and run[0] < 0:
            run[:] = run[0]
    return ids


def backward_links(pieces: list[Tracklet], ids: list[int]) -> frozenset[tuple[int, int]]:
    """Pairs (i, j) of pieces that follow each other in one backward track; ids: of each piece, negative for none."""
    of_track: dict[int, list[int]] = defaultdict(list)
    for i in sorted(range(len(pieces)), key=lambda i: int(pieces[i].frames[0])):
        if ids[i] >= 0:
            of_track[ids[i]].append(i)
    return frozenset(pair for parts in of_track.values() for pair in pairwise(parts))
