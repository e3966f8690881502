"""When people go from one camera to another: learned from confident matches, evidence for the others.

Nothing is assumed about the clocks. Tracklets that share a clock (a camera, or one recording of it) are compared with
those of every other clock, and with their own: if the same person tends to be seen 20 s later there, or a recorder's
clock is an hour ahead, the confident matches pile up at one time difference, and a pair at that difference gains.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

BINS_PER_WIDTH = 8
REACH_IN_WIDTHS = 6
MOST_BINS = 2**22  # differences beyond this many bins (months) are lumped together
SMALLEST_CHANCE = 1e-3  # of a pair being confident; keeps the expectation of a hopeless start above 0


@dataclass(frozen=True)
class Timeline:
    """When N tracklets were seen: clock (N,) int, whose times compare exactly; middle_s (N,) float64 on that clock."""

    clock: np.ndarray
    middle_s: np.ndarray


def time_evidence(timeline: Timeline, label: np.ndarray, width_s: float, prior_matches: float) -> np.ndarray:
    """Log ratio (N, N) float32 of how often confident matches are seen at a pair's time difference, to any pairs.

    label (N,): confident clusters. For each two clocks, O is the number of matches whose time difference lies near the
    pair's, E the number to expect there if matches did not care about time; both weighted by exp(−|difference| /
    width_s). The evidence is log (O + prior_matches) / (E + prior_matches): the mean of a Gamma posterior on the rate,
    so few matches say little. A pair's own cluster does not testify for it. Symmetric; the diagonal is 0.
    """
    count = len(label)
    ratio = np.zeros((count, count), np.float32)
    same = label[:, None] == label
    np.fill_diagonal(same, False)
    chance = max(float(same.sum()) / max(1, count * (count - 1)), SMALLEST_CHANCE)
    rows_of = [np.flatnonzero(timeline.clock == clock) for clock in np.unique(timeline.clock)]
    for rows, columns in combinations_with_replacement(rows_of, 2):
        difference_s = timeline.middle_s[columns] - timeline.middle_s[rows][:, None]
        alone = rows is columns
        if alone:
            difference_s = np.abs(difference_s)
        matches = same[np.ix_(rows, columns)]
        observed, everyone = _near(difference_s, matches, width_s)
        observed = np.maximum(observed - _own_testimony(difference_s, matches, label[rows], width_s), 0)
        halves = 0.5 if alone else 1.0
        block = np.log((observed * halves + prior_matches) / (everyone * halves * chance + prior_matches))
        ratio[np.ix_(rows, columns)] = block
        ratio[np.ix_(columns, rows)] = block.T
    np.fill_diagonal(ratio, 0)
    return ratio


def _near(difference_s: np.ndarray, matches: np.ndarray, width_s: float) -> tuple[np.ndarray, np.ndarray]:
    """For each pair of a block (R, C): how many matches, and how many pairs, have a time difference near its own."""
    step_s = width_s / BINS_PER_WIDTH
    bins = np.minimum((difference_s - difference_s.min()) / step_s, MOST_BINS - 1).astype(np.int64)
    away = np.arange(-BINS_PER_WIDTH * REACH_IN_WIDTHS, BINS_PER_WIDTH * REACH_IN_WIDTHS + 1)
    kernel = np.exp(-np.abs(away) / BINS_PER_WIDTH)
    reach = len(away) // 2
    length = int(bins.max()) + 1
    near = [
        np.convolve(np.bincount(chosen, minlength=length), kernel)[reach : reach + length]
        for chosen in (bins[matches], bins.ravel())
    ]
    return near[0][bins], near[1][bins]


def _own_testimony(difference_s: np.ndarray, matches: np.ndarray, label: np.ndarray, width_s: float) -> np.ndarray:
    """What the pairs of each match's own cluster add to its own count, (R, C); 0 where a pair is no match."""
    own = np.zeros(difference_s.shape)
    at_row, at_column = np.nonzero(matches)
    order = np.argsort(label[at_row], kind="stable")
    at_row, at_column = at_row[order], at_column[order]
    starts = np.flatnonzero(np.diff(label[at_row], prepend=-1))
    for rows, columns in zip(np.split(at_row, starts[1:]), np.split(at_column, starts[1:]), strict=True):
        bins_s = difference_s[rows, columns]
        own[rows, columns] = np.exp(-np.abs(bins_s[:, None] - bins_s) / width_s).sum(axis=1)
    return own
