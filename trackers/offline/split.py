"""Cut a tracklet where it turns into somebody else: after a gap that does not fit, or where the looks change."""

from itertools import pairwise

import numpy as np

from core.types import Appearance, Tracklet
from trackers.config import JoinConfig, SplitConfig
from trackers.offline.ends import Ends, fit, motion_cost


def split(tracklet: Tracklet, appearance: Appearance | None, config: SplitConfig, join: JoinConfig) -> list[Tracklet]:
    """The pieces of a tracklet, in order, all with its key; itself alone where nothing speaks against it."""
    cuts = set(motion_cuts(tracklet, config, join))
    if appearance is not None:
        cuts |= set(looks_cuts(tracklet, appearance, config))
    if not cuts:
        return [tracklet]
    edges = [0, *sorted(cuts), len(tracklet)]
    return [tracklet[begin:end] for begin, end in pairwise(edges)]


def motion_cuts(tracklet: Tracklet, config: SplitConfig, join: JoinConfig) -> list[int]:
    """Rows that begin a new piece: after a gap of at least `gap_s` whose two sides would not be joined."""
    times, boxes = tracklet.times_s, tracklet.boxes_xyxy
    cuts, begin = [], 0
    for row in np.flatnonzero(np.diff(times) >= config.gap_s - 1e-6) + 1:
        before = slice(max(begin, int(np.searchsorted(times, times[row - 1] - join.speed_s))), row)
        after = slice(row, int(np.searchsorted(times, times[row] + join.speed_s, "right")))
        tail, head = _end(times[before], boxes[before], times[row - 1]), _end(times[after], boxes[after], times[row])
        only = np.zeros(1, np.intp)
        if motion_cost(tail, head, only, only, join)[0] > config.jump:
            cuts.append(int(row))
            begin = int(row)
    return cuts


def looks_cuts(tracklet: Tracklet, appearance: Appearance, config: SplitConfig) -> list[int]:
    """The row that begins another person: where the crops before and after differ most, if they differ that much.

    The looks on both sides are means of at least `least_crops` crops. At most one cut; the pieces are joined anew.
    """
    crops, frames = appearance.descriptors.global_.astype(np.float64), appearance.frames
    count, least = len(crops), config.least_crops
    if count < 2 * least:
        return []
    sums = np.cumsum(crops, axis=0)
    before, after = sums[least - 1 : count - least], sums[-1] - sums[least - 1 : count - least]
    cosine = (before * after).sum(axis=1) / np.maximum(
        np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1), 1e-9
    )
    worst = int(cosine.argmin())
    if 1 - cosine[worst] <= config.looks_jump:
        return []
    last_before, first_after = frames[least - 1 + worst], frames[least + worst]
    # Between the two crops the change is most likely where the track was lost for longest.
    rows = np.flatnonzero((tracklet.frames > last_before) & (tracklet.frames <= first_after))
    rows = rows[rows > 0]
    if not len(rows):
        return []
    return [int(rows[np.diff(tracklet.frames)[rows - 1].argmax()])]


def _end(times_s: np.ndarray, boxes: np.ndarray, at_s: float) -> Ends:
    z, speed = fit(times_s, boxes, at_s)
    return Ends(np.array([at_s]), z[None], speed[None])
