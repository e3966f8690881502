"""How much time can speak for a pair at most: asked of blocks of tracklets, so that most pairs need no closer look."""

import numpy as np

from pipeline.association.travel import TravelTimes

BLOCK = 64  # tracklets


class TimeBound:
    """Bounds of `TravelTimes.nats`. order (N,): rows sorted by clock, then by time; places below are places in it.

    block_of (N,): the block of each place; blocks follow one another, each of `block` tracklets of one clock or fewer.
    """

    def __init__(self, times: TravelTimes, block: int = BLOCK) -> None:
        self._times, self._most = times, _Peaks(times.most_nats())
        self.order = np.lexsort([times.times_s, times.clock])
        self._clock, self._times_s = times.clock[self.order], times.times_s[self.order]
        within = np.arange(len(self.order)) - np.searchsorted(self._clock, self._clock)  # of its clock
        self.block_of = np.cumsum(within % block == 0) - 1
        starts = np.flatnonzero(within % block == 0)
        ends = np.append(starts, len(self.order))[1:] - 1
        self._block_clock = self._clock[starts]
        self._first_s, self._last_s = self._times_s[starts], self._times_s[ends]

    def between(self, begin: int, end: int) -> np.ndarray:
        """The most nats, (end − begin, blocks) float32, of any pair of a place from begin to end and one of a block.

        Blocks that end before `begin` are left out.
        """
        blocks = slice(int(self.block_of[begin]), None)
        clock, other = self._clock[begin:end, None], self._block_clock[None, blocks]
        first_s = self._first_s[None, blocks] - self._times_s[begin:end, None]
        last_s = self._last_s[None, blocks] - self._times_s[begin:end, None]
        # Differences are the larger clock's time less the smaller's; within one clock they have no sign.
        low_s, high_s = np.where(clock > other, -last_s, first_s), np.where(clock > other, -first_s, last_s)
        same = clock == other
        low_s = np.where(same, np.maximum(np.maximum(low_s, -high_s), 0), low_s)
        high_s = np.where(same, np.maximum(np.abs(first_s), np.abs(last_s)), high_s)
        code = np.minimum(clock, other) * self._times.clocks + np.maximum(clock, other)
        return self._most.within(self._times.expected.at(code, low_s), self._times.expected.at(code, high_s))


class _Peaks:
    """The largest of any stretch of a table, or of one up to four times as long around it: by a pyramid of maxima."""

    def __init__(self, table: np.ndarray) -> None:
        levels = [table]
        while len(levels[-1]) > 1:
            below = levels[-1]
            levels.append(np.maximum.reduceat(below, np.arange(0, len(below), 2)))
        self._start = np.cumsum([0, *(len(level) for level in levels)])
        self._all = np.concatenate(levels)

    def within(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """At least the maximum from low to high, both included."""
        level = np.frexp((high - low).astype(np.float64))[1]  # the least at which both are in one cell or in neighbours
        start = self._start[level]
        return np.asarray(np.maximum(self._all[start + (low >> level)], self._all[start + (high >> level)]))
