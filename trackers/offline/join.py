"""Tracklets that are one person, broken by a gap: which end continues in which beginning, decided for all at once."""

from collections.abc import Mapping

import numpy as np

from core.types import Appearance, Tracklet, TrackletKey
from trackers.assignment import FORBIDDEN, assign
from trackers.config import JoinConfig
from trackers.kalman import to_boxes
from trackers.offline.cover import Crowd, hidden_share
from trackers.offline.ends import ends, motion_cost

Looks = Mapping[TrackletKey, Appearance]


def chains(
    tracklets: list[Tracklet], config: JoinConfig, looks: list[np.ndarray | None] | None = None
) -> list[list[int]]:
    """Tracklets that belong together, as lists of indices in order of time, each in exactly one list.

    looks: for each tracklet the unit vector (D,) it looks like, or None. Every tracklet has at most one successor and
    one predecessor, and a successor begins after its predecessor has ended, so no chain ever holds two boxes in a
    frame. The sum of all costs is the least possible: an assignment of ends to beginnings, which is the network flow of
    Zhang, Li and Nevatia, "Global Data Association for Multi-Object Tracking Using Network Flows", CVPR 2008, where
    every tracklet is known to be somebody.
    """
    cost = join_costs(tracklets, config, looks)
    rows, columns = assign(cost, config.limit)
    successor = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    begins = sorted(set(range(len(tracklets))) - set(columns.tolist()))
    joined = []
    for first in begins:
        chain = [first]
        while chain[-1] in successor:
            chain.append(successor[chain[-1]])
        joined.append(chain)
    return joined


def join_costs(
    tracklets: list[Tracklet], config: JoinConfig, looks: list[np.ndarray | None] | None = None
) -> np.ndarray:
    """Cost (N, N) of tracklet i going on as j; infinite where j does not begin after i has ended, or too late."""
    cost = np.full((len(tracklets), len(tracklets)), FORBIDDEN)
    if len(tracklets) < 2:
        return cost
    tails, heads = ends(tracklets, config.speed_s, last=True), ends(tracklets, config.speed_s, last=False)
    last_frame = np.array([tracklet.frames[-1] for tracklet in tracklets])
    first_frame = np.array([tracklet.frames[0] for tracklet in tracklets])
    gap_s = heads.times_s[None] - tails.times_s[:, None]
    i, j = np.nonzero((first_frame[None] > last_frame[:, None]) & (gap_s <= config.longest_s))
    total = motion_cost(tails, heads, i, j, config)
    if looks is not None:
        total += config.looks_weight * _looks_distance(looks, i, j, config.looks_unknown)
    near = total < config.limit
    i, j, total = i[near], j[near], total[near]
    crowd = Crowd(tracklets)
    from_boxes, to_boxes_ = to_boxes(tails.z, "size"), to_boxes(heads.z, "size")
    for k, (a, b) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
        hidden = hidden_share(
            crowd, (last_frame[a], from_boxes[a]), (first_frame[b], to_boxes_[b]), config.least_cover, config.samples
        )
        total[k] += config.clear_weight * (1 - hidden) * min(gap_s[a, b], config.clear_most_s)
    cost[i, j] = total
    return cost


def mean_looks(tracklets: list[Tracklet], appearances: Looks | None) -> list[np.ndarray | None] | None:
    """For each tracklet the mean of its crops' global vectors, of unit norm, or None without a crop."""
    if not appearances:
        return None
    found: list[np.ndarray | None] = []
    for tracklet in tracklets:
        appearance = appearances.get(tracklet.key)
        if appearance is None:
            found.append(None)
            continue
        mine = (appearance.frames >= tracklet.frames[0]) & (appearance.frames <= tracklet.frames[-1])
        mean = appearance.descriptors.global_[mine].astype(np.float64).sum(axis=0)
        norm = float(np.linalg.norm(mean))
        found.append(mean / norm if norm > 0 else None)
    return found


def _looks_distance(looks: list[np.ndarray | None], i: np.ndarray, j: np.ndarray, unknown: float) -> np.ndarray:
    distance = np.full(len(i), unknown)
    for k, (a, b) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
        one, other = looks[a], looks[b]
        if one is not None and other is not None:
            distance[k] = 1.0 - one @ other
    return distance
