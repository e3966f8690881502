"""The times of a camera's frames, from timestamps that recorders and networks get wrong in every way."""

from fractions import Fraction

LEAP_S = 10.0  # cameras that record only when something moves pause for seconds; what is longer is worth a word


class Clock:
    """Times that begin at 0 and only go forward. `trouble` says afterwards where the timestamps jump, or is None.

    A single timestamp out of order is put between its neighbours. Where they go on from an earlier one, the times go on
    from a usual step later: differences stay the true ones. What is missing or repeats comes a usual step later too.
    """

    def __init__(self, fps: float, time_base: Fraction) -> None:
        self._base = time_base
        self._step = max(1, round(1 / (fps * float(time_base))))
        self._zero: int | None = None  # the timestamp of time 0
        self._believed = 0  # the last timestamp that was
        self._last = -self._step
        self._frames = self._jumps = 0
        self._first_jump = ""
        self.trouble: str | None = None

    def tick(self, pts: int | None, following: int | None) -> tuple[int, float]:
        """Ticks since the first frame, and the same in seconds, of a frame with this timestamp; the next one's, too."""
        self._last = self._place(pts, following)
        self._frames += 1
        return self._last, float(self._last * self._base)

    def _place(self, pts: int | None, following: int | None) -> int:
        usual = self._last + self._step
        if pts is None:
            return usual
        if self._zero is None:
            self._zero, self._believed = pts - usual, pts
            return usual
        ticks = pts - self._zero
        then = self._last if following is None else following - self._zero
        if ticks > self._last and not self._last < then < ticks:
            self._note_jump(ticks, LEAP_S)
        elif then > self._last:
            self._note_jump(ticks, LEAP_S)
            return min(usual, max(then - 1, self._last + 1))
        elif pts < self._believed:
            self._note_jump(ticks, 0)
            self._zero, ticks = pts - usual, usual
        else:
            ticks = usual if pts == self._believed else self._last + 1
        self._believed = pts
        return ticks

    def _note_jump(self, ticks: int, worth_s: float) -> None:
        by_s = float((ticks - self._last) * self._base)
        if abs(by_s) <= worth_s:
            return
        self._jumps += 1
        if self._jumps == 1:
            self._first_jump = f"its timestamps jump by {by_s:+.2f} s at frame {self._frames}"
        more = f" and {self._jumps - 1} more times" if self._jumps > 1 else ""
        self.trouble = f"{self._first_jump}{more}; times from there on may be wrong"
