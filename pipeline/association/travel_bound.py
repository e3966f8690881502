"""How much time can speak for a pair at most: a look into a table, so that most pairs need no closer look."""

import numpy as np

from pipeline.association.travel import TravelTimes


class TimeBound:
    """Bounds of `TravelTimes.nats` between one row and all after it; order (N,): rows sorted by clock."""

    def __init__(self, times: TravelTimes, order: np.ndarray) -> None:
        self._times, self._most = times, times.most_nats()
        self._clock, self._times_s = times.clock[order], times.times_s[order]
        self._prepared = -1
        self._offset, self._slope = np.zeros(0), np.zeros(0)

    def after(self, row: int, begin: int) -> np.ndarray:
        """The most nats, (N − begin,) float32, between place `row` of the order and places from `begin` on."""
        clock = int(self._clock[row])
        if clock != self._prepared:
            self._prepare(clock)
        place = self._offset[begin:] - self._slope[begin:] * self._times_s[row]
        # Within one clock the difference has no sign; the rows of a clock follow one another.
        low, high = np.searchsorted(self._clock, [clock, clock + 1])
        low = max(low, begin)
        expected, code = self._times.expected, clock * self._times.clocks + clock
        apart_s = np.abs(self._times_s[low:high] - self._times_s[row])
        place[low - begin : max(low, high) - begin] = apart_s / expected.step_s[code] + expected.start[code]
        np.rint(place, out=place)
        return self._most[np.clip(place, 0, len(self._most) - 1).astype(np.int32)]

    def _prepare(self, clock: int) -> None:
        """The place of a pair in the table is offset − slope · time of the row, for rows of this clock."""
        expected = self._times.expected
        code = np.minimum(self._clock, clock) * self._times.clocks + np.maximum(self._clock, clock)
        self._slope = np.where(self._clock >= clock, 1, -1) / expected.step_s[code]
        self._offset = self._slope * self._times_s - expected.low_s[code] / expected.step_s[code] + expected.start[code]
        self._prepared = clock
