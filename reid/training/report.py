"""What a training says and logs of itself."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from reid.training.curves import read_log
from reid.training.recipe import ScheduleConfig

Say = Callable[[str], None]


class Report:
    """Means of the terms since the last line, said and logged every `report_s` seconds and at the end.

    A training that begins at step 0 begins its log anew.
    """

    def __init__(self, path: Path | None, first: int, schedule: ScheduleConfig, say: Say) -> None:
        self._path, self._schedule, self._say = path, schedule, say
        self._sums: dict[str, float] = {}
        self._count = 0
        self._began_s = self._last_s = time.monotonic()
        self._first = first
        if path is not None and first == 0:
            path.unlink(missing_ok=True)

    def add(self, step: int, rate: float, terms: dict[str, float]) -> None:
        """Count a step in; say and log the means where it is time."""
        for name, value in terms.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        now = time.monotonic()
        if now - self._last_s < self._schedule.report_s and step + 1 < self._schedule.steps:
            return
        means = {name: value / self._count for name, value in self._sums.items()}
        done = step + 1 - self._first
        per_step = (now - self._began_s) / done
        pictures = self._count * self._schedule.identities * self._schedule.images / max(now - self._last_s, 1e-6)
        words = "  ".join(f"{name} {value:.3f}" for name, value in means.items())
        left = per_step * (self._schedule.steps - step - 1)
        where = f"step {step + 1}/{self._schedule.steps}"
        self._say(f"{where}  {words}  lr {rate:.2e}  {pictures:.0f}/s  {left / 60:.1f} min left")
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as log:
                log.write(json.dumps({"step": step + 1, "learning_rate": rate, **means}) + "\n")
        self._sums, self._count, self._last_s = {}, 0, now

    def has_scores(self, done: int) -> bool:
        """Whether the log has validation scores after `done` steps."""
        lines = read_log(self._path) if self._path is not None else []
        return any(line["step"] == done and "validation" in line for line in lines)

    def validated(self, done: int, scores: dict[str, float]) -> None:
        """Say and log validation scores after `done` steps."""
        words = "  ".join(f"{name} {value:.3f}" for name, value in scores.items())
        self._say(f"step {done}/{self._schedule.steps}  validation  {words}")
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as log:
                log.write(json.dumps({"step": done, "validation": scores}) + "\n")
