"""Tracklets of two people, one of whom their camera sees elsewhere as well: found by looks, calibrated or not.

A track passes from one person, or from a plant, to a second person whom another tracklet of its camera has followed so
far. The two tracklets of the second person then share frames: nothing may ever join them, though they look alike from
there on. So where a tracklet's crops fall into two unlike halves, and one half looks like a group with which only the
other half is in conflict, it is cut between the two.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from core.types import Appearance, Tracklet, TrackletKey
from pipeline.association.config import AssociateConfig
from pipeline.association.constraints import cannot_link
from pipeline.association.merging import LooksOf

LEAST_CROPS = 2  # of a half that is to go to another group
BEFORE, AFTER = 0, 1

Rows = dict[int, list[int]]


def find_conflicts(
    tracklets: Sequence[Tracklet],
    appearances: Mapping[TrackletKey, Appearance],
    label: np.ndarray,
    config: AssociateConfig,
    looks: LooksOf,
) -> dict[int, int]:
    """For rows of the N tracklets that are to be cut: the row within the tracklet that begins its second half.

    label (N,): who is who so far. The halves are those that look least alike, which must be farther apart than
    `conflict_unlike`. A half may go to a group that is nearer to it than `conflict_like`, than to the other half, and
    than the rest of its own group is.
    """
    members: Rows = defaultdict(list)
    for row, group in enumerate(label.tolist()):
        members[group].append(row)

    def rest_of(group: int, row: int) -> list[Appearance]:
        keys = [tracklets[at].key for at in members[group] if at != row]
        return [appearances[key] for key in keys if key in appearances]

    found: dict[int, int] = {}
    for row, rivals in sorted(_rivals(tracklets, label).items()):
        crops = appearances.get(tracklets[row].key)
        if crops is None or len(crops.frames) <= LEAST_CROPS:
            continue
        second, apart = _halves(crops, looks)
        if apart <= config.conflict_unlike:
            continue
        halves = [_part(crops, slice(None, second)), _part(crops, slice(second, None))]
        to_own = _distances(halves, rest_of(int(label[row]), row), looks)
        nearest = config.conflict_like
        for group, theirs in sorted(rivals.items()):
            cut = _cut(tracklets[row], [tracklets[at] for at in theirs], *crops.frames[[second - 1, second]].tolist())
            if cut is None:
                continue
            free, begin = cut
            to_group = _distances(halves, rest_of(group, row), looks)
            if len(halves[free].frames) >= LEAST_CROPS and to_group[free] < min(
                nearest, to_group[1 - free], to_own[free]
            ):
                nearest, found[row] = to_group[free], begin
    return found


def _rivals(tracklets: Sequence[Tracklet], label: np.ndarray) -> dict[int, Rows]:
    """For each row the groups that share frames of its camera with it, and the rows by which they do."""
    found: dict[int, Rows] = {}
    for one, other in zip(*cannot_link(tracklets).pairs(), strict=True):
        for row, rival in ((int(one), int(other)), (int(other), int(one))):
            found.setdefault(row, {}).setdefault(int(label[rival]), []).append(rival)
    return found


def _halves(crops: Appearance, looks: LooksOf) -> tuple[int, float]:
    """The crop that begins the second of the two halves that look least alike, and how far apart they are."""
    count = len(crops.frames)
    before = [_part(crops, slice(None, row)) for row in range(1, count)]
    after = [_part(crops, slice(row, None)) for row in range(1, count)]
    distance, evidence = looks([*before, *after]).block(np.arange(count - 1), np.arange(count - 1, 2 * (count - 1)))
    apart = np.where(evidence.diagonal() > 0, distance.diagonal(), 0.0)
    most = int(apart.argmax())
    return most + 1, float(apart[most])


def _distances(halves: Sequence[Appearance], others: Sequence[Appearance], looks: LooksOf) -> np.ndarray:
    """Mean distance (2,) of each half to the others that it can be compared to; infinite without any."""
    if not others:
        return np.full(2, np.inf)
    distance, evidence = looks([*halves, *others]).block(np.arange(2), np.arange(2, 2 + len(others)))
    known = evidence > 0
    sums = np.where(known, distance, 0.0).sum(axis=1)
    return np.divide(sums, known.sum(axis=1), out=np.full(2, np.inf), where=known.any(axis=1))


def _cut(one: Tracklet, rivals: Sequence[Tracklet], last: int, first: int) -> tuple[int, int] | None:
    """Which half the rivals leave free, and the row where it is cut; None where they meet both.

    last, first: the frames of the crops between which the halves part. It is cut where the rivals end or begin, if that
    is in between: the track is then what ended theirs.
    """
    lowest, highest = np.searchsorted(one.frames, [last + 1, first]).tolist()
    shared = np.flatnonzero(np.isin(one.frames, np.concatenate([rival.frames for rival in rivals])))
    if shared[-1] < highest:
        return AFTER, max(int(shared[-1]) + 1, lowest)
    if shared[0] >= lowest:
        return BEFORE, min(int(shared[0]), highest)
    return None


def _part(crops: Appearance, rows: slice) -> Appearance:
    return Appearance(crops.key, crops.frames[rows], crops.descriptors[rows])
