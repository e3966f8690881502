"""One person in two groups that a misplaced tracklet keeps apart: merge them and leave that tracklet out.

Linkage never merges across a forbidden pair, and repair moves one tracklet at a time. So a short tracklet in the wrong
group, seen together with a single member of another, could keep hundreds of frames of one person apart for good.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.association.labels import canonical, members
from pipeline.association.pairs import Edges, Pairs, nearest

PARTNERS = 3  # each group is tried with so many of those it is closest to
MOST_PAIRS = 2**20  # groups with more pairs between them are left as they are


@dataclass(frozen=True)
class _Reunion:
    """Groups `one` and `other` merged without the rows `out`; gain as in `reunite`."""

    gain: float
    one: int
    other: int
    out: np.ndarray


def reunite(
    label: np.ndarray,
    pairs: Pairs,
    edges: Edges,
    largest: float,
    least_gain: float,
    rounds: int,
    fixed: np.ndarray | None = None,
    weight: np.ndarray | None = None,
) -> np.ndarray:
    """Labels (N,) after merging groups without those of their members that stand in the way, who are then alone.

    The gain is a correlation clustering's (Bansal, Blum and Chawla 2004): pairs of a group count by how much nearer
    than `largest` they are, weighted by evidence and by the `weight` (N,) of both rows; what merging brings less what
    leaving rows out costs, more than `least_gain`. edges: at least the pairs within `largest`. fixed (N,) bool: rows
    that are never left out. The best reunion goes first, each group takes part in one of each of `rounds`; ties go to
    the lower names.
    """
    if not len(edges):
        return canonical(label)
    label = label.copy()
    nobody, alike = np.zeros(len(label), bool), np.ones(len(label))
    scene = _Scene(pairs, largest, nobody if fixed is None else fixed, alike if weight is None else weight)
    changed = np.ones(len(label), bool)
    for _ in range(rounds):
        groups = members(label)
        found = [scene.reunion(one, other, groups) for one, other in _candidates(label, edges, largest, changed)]
        better = [reunion for reunion in found if reunion is not None and reunion.gain > least_gain]
        changed = _apply(sorted(better, key=lambda one: (-one.gain, one.one, one.other)), groups, label)
        if not changed.any():
            break
    return canonical(label)


def _candidates(label: np.ndarray, edges: Edges, largest: float, changed: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of groups, one of them with a changed row (N,), each among the closest of one of the two."""
    asked = changed[edges.rows] | changed[edges.columns]
    ends = np.column_stack([label[edges.rows[asked]], label[edges.columns[asked]]])
    closeness = np.maximum(largest - edges.distance[asked], 0)
    between = (ends[:, 0] != ends[:, 1]) & (closeness > 0)
    ends, at = np.unique(np.sort(ends[between], axis=1), axis=0, return_inverse=True)
    total = np.bincount(at.reshape(-1), closeness[between], len(ends))
    closest = nearest(Edges(ends[:, 0], ends[:, 1], -total), PARTNERS)
    return list(zip(closest.rows.tolist(), closest.columns.tolist(), strict=True))


def _apply(reunions: list[_Reunion], groups: dict[int, np.ndarray], label: np.ndarray) -> np.ndarray:
    """Carry out what does not touch the groups of an earlier one, in `label`; which rows (N,) were touched."""
    touched = np.zeros(len(label), bool)
    free = int(label.max(initial=0)) + 1
    for reunion in reunions:
        rows = np.concatenate([groups[reunion.one], groups[reunion.other]])
        if touched[rows].any():
            continue
        touched[rows] = True
        label[rows] = reunion.one
        label[reunion.out] = free + np.arange(len(reunion.out))
        free += len(reunion.out)
    return touched


@dataclass(frozen=True)
class _Scene:
    """What a reunion of any two groups is judged by; fixed, weight (N,) as in `reunite`."""

    pairs: Pairs
    largest: float
    fixed: np.ndarray
    weight: np.ndarray

    def reunion(self, one: int, other: int, groups: dict[int, np.ndarray]) -> _Reunion | None:
        """The best way to merge two groups; None where nothing forbids it, nobody is left, or nothing is near."""
        ours, theirs = groups[one], groups[other]
        if len(ours) * len(theirs) > MOST_PAIRS:
            return None
        across, forbidden = self._affinity(ours, theirs)
        if not forbidden.any() or across[~forbidden].sum() <= 0:
            return None
        within = [self._affinity(group, group)[0] for group in (ours, theirs)]
        across = np.where(forbidden, 0, across)
        stay = _cover(across, forbidden, within, (self.fixed[ours], self.fixed[theirs]))
        if stay is None or not (stay[0].any() and stay[1].any()):
            return None
        brought = across[np.ix_(*stay)].sum()
        if brought <= 0:
            return None
        cost = sum(inner.sum() - inner[np.ix_(kept, kept)].sum() for inner, kept in zip(within, stay, strict=True)) / 2
        out = np.concatenate([ours[~stay[0]], theirs[~stay[1]]])
        return _Reunion(float(brought - cost), one, other, out)

    def _affinity(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How much nearer than `largest` (R, C), weighted, nothing for a row and itself; and what is forbidden."""
        of_row, of_column = np.repeat(rows, len(columns)), np.tile(columns, len(rows))
        distance, evidence, forbidden = self.pairs.measure(of_row, of_column)
        known = (evidence > 0) & (of_row != of_column)
        weight = evidence * self.weight[of_row] * self.weight[of_column]
        affinity = np.where(known, weight * (self.largest - distance), 0)
        shape = (len(rows), len(columns))
        return affinity.reshape(shape), forbidden.reshape(shape)


def _cover(
    across: np.ndarray, forbidden: np.ndarray, within: list[np.ndarray], fixed: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray] | None:
    """Who of either group stays, so that no forbidden pair does: always out goes who costs least per pair it blocks.

    None where a forbidden pair is of two fixed rows.
    """
    if (forbidden & fixed[0][:, None] & fixed[1]).any():
        return None
    stay = np.ones(len(across), bool), np.ones(across.shape[1], bool)
    while (blocked := forbidden & stay[0][:, None] & stay[1]).any():
        prices = []
        for axis in (0, 1):
            blocks = blocked.sum(axis=1 - axis)
            beside = across @ stay[1] if axis == 0 else stay[0] @ across
            worth = within[axis] @ stay[axis] + beside
            able = (blocks > 0) & ~fixed[axis]
            prices.append(np.where(able, worth / np.maximum(blocks, 1), np.inf))
        axis = int(prices[1].min() < prices[0].min())
        stay[axis][int(np.argmin(prices[axis]))] = False
    return stay
