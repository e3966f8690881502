"""Time as a tracker needs it: forward only, whatever the timestamps say."""

USUAL_STEP_S = 1 / 30
LEARN = 0.1


class Clock:
    """Turns presentation times into steps forward.

    Timestamps of real files stand still or run back; then the usual step so far passes instead, so that motion goes on
    and ages stay true. `now_s` counts from the first frame; `step_s` is the usual step,
    `last_step_s` the last one.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self.step_s = USUAL_STEP_S
        self.last_step_s = 0.0
        self._last_s: float | None = None

    def advance(self, time_s: float) -> float:
        """Seconds since the last frame, > 0; 0 for the first."""
        if self._last_s is None:
            self._last_s = time_s
            return 0.0
        elapsed_s = time_s - self._last_s
        self._last_s = time_s
        if elapsed_s <= 0:
            elapsed_s = self.step_s
        else:
            self.step_s += LEARN * (elapsed_s - self.step_s)
        self.now_s += elapsed_s
        self.last_step_s = elapsed_s
        return elapsed_s

    def state(self) -> tuple[float, float, float, float | None]:
        """All there is to it."""
        return self.now_s, self.step_s, self.last_step_s, self._last_s

    def restore(self, state: tuple[float, float, float, float | None]) -> None:
        """Take over what `state` gave."""
        self.now_s, self.step_s, self.last_step_s, self._last_s = state
