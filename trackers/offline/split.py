"""Cut a tracklet where it may turn into somebody else: read backwards it goes on otherwise, or the looks change."""

from itertools import pairwise

import numpy as np

from core.types import Appearance, Tracklet
from trackers.config import SplitConfig


def cuts(
    tracklet: Tracklet, backward_ids: np.ndarray | None, appearance: Appearance | None, config: SplitConfig
) -> tuple[list[int], set[int]]:
    """Rows that begin a new piece, ascending; and those of them that the looks demand.

    backward_ids (T,): see `trackers.offline.backwards`. A cut where only the two directions differ is a question that
    `trackers.offline.join` answers, often by undoing it; a cut by looks stands against the tracker.
    """
    doubtful = set() if backward_ids is None else set((np.flatnonzero(np.diff(backward_ids)) + 1).tolist())
    changed = set() if appearance is None else set(looks_cuts(tracklet, appearance, config))
    return sorted(doubtful | changed), changed


def pieces_of(tracklet: Tracklet, rows: list[int]) -> list[Tracklet]:
    """The pieces that begin at row 0 and at each of `rows`, all with the tracklet's key."""
    return [tracklet[begin:end] for begin, end in pairwise([0, *rows, len(tracklet)])]


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
