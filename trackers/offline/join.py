"""Tracklets that are one person, broken by a gap: which end continues in which beginning, decided for all at once."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from core.types import Appearance, Tracklet, TrackletKey
from trackers.assignment import FORBIDDEN, assign
from trackers.config import JoinConfig
from trackers.kalman import to_boxes
from trackers.offline.cover import Crowd, hidden_share
from trackers.offline.ends import Ends, ends, motion_cost

Looks = Mapping[TrackletKey, Appearance]
Pairs = frozenset[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Hints:
    """What is known of N tracklets besides their boxes; every part may be missing.

    looks: for each the unit vector (D,) it looks like, or None. path (F, 2): the common displacement, px. forward,
    backward: pairs (i, j) that the tracker linked, reading the recording from its beginning or from its end. apart:
    pairs that must not be joined.
    """

    looks: list[np.ndarray | None] | None = None
    path: np.ndarray | None = None
    forward: Pairs = frozenset()
    backward: Pairs = frozenset()
    apart: Pairs = frozenset()


NO_HINTS = Hints()
_AT_ONCE = 2048


@dataclass(frozen=True, eq=False)
class Joins:
    """Possible joins: tracklet i (K,) going on as j (K,), and what each costs (K,)."""

    i: np.ndarray
    j: np.ndarray
    cost: np.ndarray


def chains(tracklets: list[Tracklet], config: JoinConfig, hints: Hints = NO_HINTS) -> list[list[int]]:
    """Tracklets that belong together, as lists of indices in order of time, each in exactly one list.

    Every tracklet has at most one successor and one predecessor, and a successor begins after its predecessor has
    ended, so no chain ever holds two boxes in a frame. The sum of all costs is the least possible: an assignment of
    ends to beginnings, which is the network flow of Zhang, Li and Nevatia, "Global Data Association for Multi-Object
    Tracking Using Network Flows", CVPR 2008, where every tracklet is known to be somebody.
    """
    successor = solve(possible_joins(tracklets, config, hints), len(tracklets), config.limit)
    joined = []
    for first in sorted(set(range(len(tracklets))) - set(successor.values())):
        chain = [first]
        while chain[-1] in successor:
            chain.append(successor[chain[-1]])
        joined.append(chain)
    return joined


def solve(joins: Joins, count: int, limit: float) -> dict[int, int]:
    """The successor of each of `count` tracklets that has one: the joins below `limit` of the least total cost.

    Who can be joined to whom falls into many small groups over a long recording; each is solved by itself, so time
    and memory grow with the number of possible joins and not with the square of the number of tracklets.
    """
    edges = coo_array((np.ones(len(joins.i)), (joins.i, joins.j + count)), shape=(2 * count, 2 * count))
    _, group = connected_components(edges, directed=False)
    order = np.argsort(group[joins.i], kind="stable")
    bounds = np.flatnonzero(np.diff(group[joins.i[order]])) + 1
    successor: dict[int, int] = {}
    for part in np.split(order, bounds) if len(order) else []:
        tails, row = np.unique(joins.i[part], return_inverse=True)
        heads, column = np.unique(joins.j[part], return_inverse=True)
        cost = np.full((len(tails), len(heads)), FORBIDDEN)
        cost[row, column] = joins.cost[part]
        rows, columns = assign(cost, limit)
        successor.update(zip(tails[rows].tolist(), heads[columns].tolist(), strict=True))
    return successor


def possible_joins(tracklets: list[Tracklet], config: JoinConfig, hints: Hints = NO_HINTS) -> Joins:
    """All joins below the limit of a tracklet to one that begins after it has ended, and not too late."""
    if len(tracklets) < 2:
        return Joins(np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0))
    path = hints.path
    if path is None:
        path = np.zeros((max(int(tracklet.frames[-1]) for tracklet in tracklets) + 1, 2))
    path = config.common_share * path
    tails, heads = ends(tracklets, config, path, last=True), ends(tracklets, config, path, last=False)
    i, j = candidates(tails, heads, config.longest_s)
    allowed = ~_in(hints.apart, i, j)
    i, j = i[allowed], j[allowed]
    cost = motion_cost(tails, heads, i, j, path, config)
    cost -= config.forward_bonus * _in(hints.forward, i, j) + config.backward_bonus * _in(hints.backward, i, j)
    if hints.looks is not None:
        # From the unknown up and down, so that who was never looked at is judged by motion alone.
        unknown = config.looks_unknown
        cost += config.looks_weight * (_looks_distance(hints.looks, i, j, unknown) - unknown)
    near = cost < config.limit
    i, j, cost = i[near], j[near], cost[near]
    cost += config.clear_weight * _clear_s(tracklets, tails, heads, i, j, config)
    return Joins(i, j, cost)


def candidates(tails: Ends, heads: Ends, longest_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs i (K,), j (K,) in which j begins after i has ended, at most `longest_s` later."""
    order = np.argsort(heads.frames, kind="stable")
    begin = np.searchsorted(heads.frames[order], tails.frames, "right")
    latest = np.maximum.accumulate(heads.times_s[order])  # timestamps of real files may run back
    end = np.maximum(np.searchsorted(latest, tails.times_s + longest_s, "right"), begin)
    count = end - begin
    i = np.repeat(np.arange(len(count)), count)
    j = order[np.arange(len(i)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(begin, count)]
    in_time = heads.times_s[j] - tails.times_s[i] >= 0
    return i[in_time], j[in_time]


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


def _in(pairs: Pairs, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Whether each (i, j) is among `pairs` (K,)."""
    if not pairs or not len(i):
        return np.zeros(len(i), bool)
    most = 1 + max(int(j.max()), *(b for _, b in pairs))
    return np.isin(i.astype(np.int64) * most + j, [a * most + b for a, b in pairs])


def _looks_distance(looks: list[np.ndarray | None], i: np.ndarray, j: np.ndarray, unknown: float) -> np.ndarray:
    """Cosine distance (K,), or `unknown` where one has no crop."""
    distance = np.full(len(i), unknown)
    for k, (a, b) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
        one, other = looks[a], looks[b]
        if one is not None and other is not None:
            distance[k] = 1.0 - one @ other
    return distance


def _clear_s(
    tracklets: list[Tracklet], tails: Ends, heads: Ends, i: np.ndarray, j: np.ndarray, config: JoinConfig
) -> np.ndarray:
    """Seconds of each gap (K,) in which nobody stood in front, at most `clear_most_s`."""
    from_boxes, into_boxes = to_boxes(tails.z, "size"), to_boxes(heads.z, "size")
    crowd, hidden = Crowd(tracklets), np.zeros(len(i))
    for begin in range(0, len(i), _AT_ONCE):  # each pair is looked at in many frames: not all pairs at once
        some = slice(begin, begin + _AT_ONCE)
        first, last = (tails.frames[i[some]], from_boxes[i[some]]), (heads.frames[j[some]], into_boxes[j[some]])
        hidden[some] = hidden_share(crowd, first, last, config.least_cover, config.samples)
    return np.minimum(heads.times_s[j] - tails.times_s[i], config.clear_most_s) * (1 - hidden)
