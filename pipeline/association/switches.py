"""Tracklets that go over from one person to another: seen on the floor, by where the other cameras see those two.

When two people cross in one camera, its tracker may exchange them; nothing in that camera tells. But before, the
tracklet stands where other cameras see the first person, and afterwards where they see the second. Where it also looks
like somebody else afterwards, less of that is enough.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.types import Tracklet
from pipeline.association.config import AssociateConfig
from pipeline.association.floor import FloorPath, area_m2, instant_nats
from pipeline.association.meeting import meeting

LEAST_NATS, MOST_NATS = -6.0, 8.0  # that one moment says about a group, all cameras together
ELSEWHERE_NATS = 3.0  # against a group of whom another tracklet is seen in the same picture
NOBODY = 0  # the state of standing where no group is seen
NEAR_MOMENTS = 2  # two changes so near are one

# Of a row, and three instants in s: whether it looks like another person from the second to the third than before.
Unlike = Callable[[int, float, float, float], bool]


@dataclass(frozen=True, eq=False)
class _Moments:
    """A path, each stretch of time once: number (M,) int increasing, point_m (M, 2), sigma_m (M,)."""

    number: np.ndarray
    point_m: np.ndarray
    sigma_m: np.ndarray


def find_switches(
    tracklets: Sequence[Tracklet],
    paths: Mapping[int, FloorPath],
    label: np.ndarray,
    config: AssociateConfig,
    unlike: Unlike = lambda *_: False,
) -> dict[int, list[float]]:
    """When rows of tracklets change person, in seconds of the paths' time, first to last; rows that never do are out.

    paths: by row, in common time. label (N,): who is who so far. Every `floor_independent_s` a tracklet is held against
    each group's tracklets in other cameras, as `floor_evidence` does. The likeliest sequence of groups is looked for
    (Viterbi), in which each change costs `switch_nats`, and standing where nobody else is seen earns nothing. So are
    the changes of one in which they cost `switch_unlike_nats` where the stretches before and after are `unlike`.
    """
    if not paths:
        return {}
    cameras = [one.key.camera for one in tracklets]
    floor = _Floor(paths, cameras, label, config.floor_independent_s)
    found: dict[int, list[float]] = {}
    for row, others in sorted(_seen_by_others(paths, cameras).items()):
        nats, times_s = floor.nats(row, others), floor.moments[row].number * config.floor_independent_s
        sure = _changes(likeliest(nats, config.switch_nats))
        likely = _changes(likeliest(nats, config.switch_unlike_nats))
        bounds_s = [-np.inf, *times_s[likely].tolist(), np.inf]
        seen = [
            change
            for number, change in enumerate(likely.tolist())
            if (np.abs(sure - change) > NEAR_MOMENTS).all() and unlike(row, *bounds_s[number : number + 3])
        ]
        if changes := sorted([*sure.tolist(), *seen]):
            found[row] = times_s[changes].tolist()
    return found


def _changes(states: np.ndarray) -> np.ndarray:
    """The moments (K,) at which another group begins; standing where nobody is seen in between is no group."""
    known = np.flatnonzero(states != NOBODY)
    return known[1:][np.diff(states[known]) != 0]


def _seen_by_others(paths: Mapping[int, FloorPath], cameras: Sequence[str]) -> dict[int, list[int]]:
    """For each row the rows of other cameras at its time; those that nobody else sees are left out."""
    spans_s = {row: (path.times_s[0], path.times_s[-1]) for row, path in paths.items()}
    found: dict[int, list[int]] = {}
    for one, other in meeting(spans_s, cameras):
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return found


class _Floor:
    """Who stood where and when, and in which picture."""

    def __init__(
        self, paths: Mapping[int, FloorPath], cameras: Sequence[str], label: np.ndarray, step_s: float
    ) -> None:
        self.moments = {row: _moments(path, step_s) for row, path in paths.items()}
        self._cameras, self._label = cameras, label
        self._area = area_m2(np.concatenate([path.points_m for path in paths.values()]))
        self._in_picture: dict[tuple[str, int], list[int]] = {}
        for row in paths:
            self._in_picture.setdefault((cameras[row], int(label[row])), []).append(row)

    def nats(self, row: int, others: Sequence[int]) -> np.ndarray:
        """What speaks for nobody and for each group of the others, at each moment of `row`: (1 + groups, M)."""
        mine = self.moments[row]
        groups, state = np.unique(self._label[np.array(others)], return_inverse=True)
        nats = np.zeros((1 + len(groups), len(mine.number)))
        for at, other in zip(state + 1, others, strict=True):
            here, said = self._said(mine, self.moments[other])
            nats[at, here] += said
        for at, group in enumerate(groups.tolist(), start=1):
            for other in self._in_picture.get((self._cameras[row], group), []):
                if other != row:
                    nats[at, np.isin(mine.number, self.moments[other].number)] -= ELSEWHERE_NATS
        return nats.clip(LEAST_NATS, MOST_NATS)

    def _said(self, mine: _Moments, theirs: _Moments) -> tuple[np.ndarray, np.ndarray]:
        """Which of my moments (K,) another was seen at as well, and what its place says then."""
        _, here, there = np.intersect1d(mine.number, theirs.number, assume_unique=True, return_indices=True)
        r_m = np.linalg.norm(mine.point_m[here] - theirs.point_m[there], axis=1)
        return here, instant_nats(r_m, mine.sigma_m[here] ** 2 + theirs.sigma_m[there] ** 2, self._area)


def _moments(path: FloorPath, step_s: float) -> _Moments:
    number, starts = np.unique(np.floor(path.times_s / step_s).astype(np.int64), return_index=True)
    point_m = [np.median(part, axis=0) for part in np.split(path.points_m, starts[1:])]
    sigma_m = [np.median(part) for part in np.split(path.sigma_m, starts[1:])]
    return _Moments(number, np.array(point_m), np.array(sigma_m))


def likeliest(nats: np.ndarray, cost: float) -> np.ndarray:
    """The states (T,) with the largest sum of nats (S, T), less `cost` for each change; of equals, fewer changes."""
    best = nats[:, 0]
    came_from = np.zeros(nats.shape, np.int64)
    for step in range(1, nats.shape[1]):
        leader = int(best.argmax())
        changed = best[leader] - cost > best
        came_from[:, step] = np.where(changed, leader, np.arange(len(best)))
        best = np.where(changed, best[leader] - cost, best) + nats[:, step]
    states = [int(best.argmax())]
    for step in range(nats.shape[1] - 1, 0, -1):
        states.append(int(came_from[states[-1], step]))
    return np.array(states[::-1])
