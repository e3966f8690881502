"""Walks that broke off and went on a little later become one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from pipeline.association.locate.config import LocateConfig


@dataclass(frozen=True, eq=False)
class Walk:
    """One person from frame `first` on, without gaps: places_m (T, 2), speeds_m_s (T, 2)."""

    first: int
    places_m: np.ndarray
    speeds_m_s: np.ndarray

    @property
    def last(self) -> int:
        """Its last frame."""
        return self.first + len(self.places_m) - 1


def stitch(walks: Sequence[Walk], fps: float, config: LocateConfig) -> list[Walk]:
    """The same walks (T,), ends joined to starts at most `stitch_s` later, the nearest together; gaps filled evenly.

    A start is as far from an end as it is from where the end's speed, halved over the gap, would have led.
    """
    if not walks:
        return []
    cost = np.full((len(walks), len(walks)), np.inf)
    for row, before in enumerate(walks):
        for column, after in enumerate(walks):
            gap = after.first - before.last
            if 0 < gap <= config.stitch_s * fps:
                led = before.places_m[-1] + before.speeds_m_s[-1] * gap / fps / 2
                cost[row, column] = np.linalg.norm(after.places_m[0] - led)
    worth = np.minimum(cost, config.stitch_m)
    follows = {
        int(row): int(column)
        for row, column in zip(*linear_sum_assignment(worth), strict=True)
        if cost[row, column] < config.stitch_m
    }
    heads = sorted(set(range(len(walks))) - set(follows.values()))
    joined = []
    for head in heads:
        walk, row = walks[head], head
        while row in follows:
            row = follows[row]
            walk = _join(walk, walks[row])
        joined.append(walk)
    return joined


def _join(before: Walk, after: Walk) -> Walk:
    gap = after.first - before.last
    share = np.arange(1, gap)[:, None] / gap
    between = before.places_m[-1] * (1 - share) + after.places_m[0] * share
    speeds = before.speeds_m_s[-1] * (1 - share) + after.speeds_m_s[0] * share
    return Walk(
        before.first,
        np.concatenate([before.places_m, between, after.places_m]),
        np.concatenate([before.speeds_m_s, speeds, after.speeds_m_s]),
    )
