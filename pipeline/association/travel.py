"""When people go from one camera to another: learned from confident matches, evidence for the others.

Nothing is assumed about the clocks. Tracklets that share a clock (a camera, or one recording of it) are compared with
those of every other clock, and with their own: if the same person tends to be seen 20 s later there, or a recorder's
clock is an hour ahead, the confident matches pile up at one time difference, and a pair at that difference gains.

Memory grows with tracklets, matches and pairs of clocks, never with pairs of tracklets.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import minimum_filter1d
from scipy.signal import fftconvolve

from pipeline.association.matches import matches_of

BINS_PER_WIDTH = 8
REACH_IN_WIDTHS = 6
MOST_BINS = 2**16  # of one pair of clocks; longer spans are counted more coarsely
MOST_BINS_IN_ALL = 2**24
SMALLEST_CHANCE = 1e-3  # of a pair being confident; keeps the expectation of a hopeless start above 0
FULL_PERCENTILE = 90.0  # of lengths: who was seen for as long counts in full
LEAST_SHARE = 0.01  # of that length
MOST_GROWTH = 50.0  # as exponent: beyond it the bound is the overall one anyway


@dataclass(frozen=True)
class Timeline:
    """When N tracklets were seen: clock (N,) int, whose times compare exactly; middle_s (N,) float64 on that clock.

    length_s (N,): for how long each was seen; without it, all for as long.
    """

    clock: np.ndarray
    middle_s: np.ndarray
    length_s: np.ndarray | None = None

    def weight(self) -> np.ndarray:
        """How much each counts (N,), above 0 to 1: the root of its length, the longest tenth alike."""
        if self.length_s is None or not len(self.length_s):
            return np.ones(len(self.clock))
        full_s = np.percentile(self.length_s, FULL_PERCENTILE)
        share = self.length_s / full_s if full_s > 0 else np.ones(len(self.length_s))
        return np.sqrt(np.clip(share, LEAST_SHARE, 1))


class TravelTimes:
    """Log ratio of how often confident matches are seen at a pair's time difference, to any pairs.

    label (N,): confident clusters. For each two clocks, O is the number of matches whose time difference lies near the
    pair's, E the number to expect there if matches did not care about time; both weighted by exp(−|difference| /
    width_s). The evidence is log (O + prior_matches) / (E + prior_matches): the mean of a Gamma posterior on the rate,
    so few matches say little. A pair's own cluster does not testify for it. O is exact; E is counted in bins of
    width_s / BINS_PER_WIDTH, coarser where clocks run for years.
    """

    def __init__(self, timeline: Timeline, label: np.ndarray, width_s: float, prior_matches: float) -> None:
        _, clock = np.unique(timeline.clock, return_inverse=True)
        self.clock, self._width_s, self._prior = clock, width_s, prior_matches
        self.clocks = int(clock.max(initial=-1)) + 1
        self.times_s = timeline.middle_s - timeline.middle_s.min(initial=np.inf) if len(label) else np.zeros(0)
        # Every pair of clocks gets a stretch of one axis, so far from the next that it does not hear of it.
        self._stretch_s = 2 * float(np.ptp(self.times_s)) + 100 * width_s if len(label) else 1.0
        self._matches = matches_of(label, self._place, width_s)
        count = len(label)
        chance = 2 * self._matches.pairs / max(1, count * (count - 1))
        self.expected = Expected(clock, self.times_s, width_s, max(chance, SMALLEST_CHANCE))

    def _place(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Where on the axis pairs (K,) lie."""
        code, difference_s = self._code(rows, columns)
        return code * self._stretch_s + difference_s

    def _code(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The number of the pair of clocks (K,), the smaller first, and the time difference (K,) s from it."""
        one, other = self.clock[rows], self.clock[columns]
        difference_s = self.times_s[columns] - self.times_s[rows]
        difference_s = np.where(one > other, -difference_s, difference_s)
        difference_s = np.where(one == other, np.abs(difference_s), difference_s)
        return np.minimum(one, other) * self.clocks + np.maximum(one, other), difference_s

    def nats(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """The evidence (K,) float64 for pairs of rows (K,) and columns (K,)."""
        if not len(rows):
            return np.zeros(0)
        code, difference_s = self._code(rows, columns)
        observed = self._matches.near(code * self._stretch_s + difference_s)
        observed = np.maximum(observed - self._matches.own(rows, columns), 0)
        return np.log((observed + self._prior) / (self.expected.near(code, difference_s) + self._prior))

    def most_nats(self) -> np.ndarray:
        """The most that a pair in each bin of `expected` can have, float32 in the order of its table."""
        places = self.expected.codes() * self._stretch_s + self.expected.differences_s()
        # Within half a bin, a sum of exponentials grows by no more than this factor.
        growth = np.exp(np.minimum(self.expected.steps_s() / 2 / self._width_s, MOST_GROWTH))
        observed = np.minimum(self._matches.near(places) * growth, self._matches.most)
        # A pair on the border of two bins may be looked up in either.
        least = minimum_filter1d(self.expected.table, 3) if len(self.expected.table) else self.expected.table
        return np.log((observed + self._prior) / (least + self._prior)).astype(np.float32)


class Expected:
    """How many matches to expect near a time difference: all pairs of tracklets there, times their chance.

    One table for all pairs of clocks: that of pair `code` begins at start[code] and has length[code] bins, the first
    around low_s[code] and the next each step_s[code] on.
    """

    def __init__(self, clock: np.ndarray, times_s: np.ndarray, width_s: float, chance: float) -> None:
        clocks = int(clock.max(initial=-1)) + 1
        most = min(MOST_BINS, max(64, MOST_BINS_IN_ALL // max(1, clocks * (clocks + 1))))
        self.start, self.length = np.zeros(clocks**2, np.int64), np.zeros(clocks**2, np.int64)
        self.low_s, self.step_s = np.zeros(clocks**2), np.ones(clocks**2)
        tables: list[np.ndarray] = []
        begin = 0
        of_clock = [times_s[clock == number] for number in range(clocks)]
        for one in range(clocks):
            for other in range(one, clocks):
                code = one * clocks + other
                table, low_s, step_s = _table(of_clock[one], of_clock[other], one == other, width_s, most)
                self.start[code], self.length[code] = begin, len(table)
                self.low_s[code], self.step_s[code] = low_s, step_s
                tables.append((table * chance).astype(np.float32))
                begin += len(table)
        self.table = np.concatenate([np.zeros(0, np.float32), *tables])

    def near(self, code: np.ndarray, difference_s: np.ndarray) -> np.ndarray:
        """The number expected (K,) near differences (K,) s of pairs of clocks (K,)."""
        return self.table[self.at(code, difference_s)]

    def at(self, code: np.ndarray, difference_s: np.ndarray) -> np.ndarray:
        """The bin in which each difference, s, of each pair of clocks lies, both of any shape."""
        within = np.rint((difference_s - self.low_s[code]) / self.step_s[code]).astype(np.int64)
        return np.asarray(self.start[code] + np.clip(within, 0, self.length[code] - 1))

    def codes(self) -> np.ndarray:
        """The pair of clocks of each bin."""
        return np.repeat(np.arange(len(self.length)), self.length)

    def steps_s(self) -> np.ndarray:
        """The width of each bin."""
        return np.repeat(self.step_s, self.length)

    def differences_s(self) -> np.ndarray:
        """The middle of each bin."""
        within = np.arange(len(self.table)) - np.repeat(self.start, self.length)
        return np.repeat(self.low_s, self.length) + within * self.steps_s()


def _table(
    one_s: np.ndarray, other_s: np.ndarray, alone: bool, width_s: float, most_bins: int
) -> tuple[np.ndarray, float, float]:
    """Weighted number of pairs near each difference other − one, the first difference, and the step between them."""
    low_s, high_s = min(one_s.min(), other_s.min()), max(one_s.max(), other_s.max())
    step_s = max(width_s / BINS_PER_WIDTH, (high_s - low_s) / most_bins)
    counts = [np.bincount(((times - low_s) / step_s).astype(np.int64)).astype(float) for times in (one_s, other_s)]
    pairs = np.rint(fftconvolve(counts[1], counts[0][::-1]))
    first = 1 - len(counts[0])
    if alone:
        pairs = pairs[len(counts[0]) - 1 :]
        # Every pair was counted from both sides at difference 0, and everybody with themselves.
        pairs[0] = (pairs[0] - len(one_s)) / 2
        first = 0
    # One bin more on either side: differences of times reach farther than those of their bins.
    pairs = np.pad(pairs, (0 if alone else 1, 1))
    first -= 0 if alone else 1
    reach = int(np.ceil(REACH_IN_WIDTHS * width_s / step_s))
    kernel = np.exp(-np.abs(np.arange(-reach, reach + 1)) * step_s / width_s)
    if step_s > width_s / BINS_PER_WIDTH:
        # Its mean over each coarse bin, so that what lies far off within the bin does not count in full.
        edges_s = (np.arange(-reach, reach + 2) - 0.5) * step_s
        kernel = np.diff(np.sign(edges_s) * width_s * -np.expm1(-np.abs(edges_s) / width_s)) / step_s
    near = fftconvolve(pairs, kernel)[reach : reach + len(pairs)]
    return np.maximum(near, 0), first * step_s, step_s
