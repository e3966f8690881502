"""Tasks in threads: every result, no torn report, and nobody goes on after a failure."""

import threading
import time

import pytest

from pipeline.read_cameras import Progress, Report
from pipeline.workers import run_in_threads


def test_every_task_gives_its_result_and_reports_one_at_a_time() -> None:
    inside, seen = threading.Semaphore(1), []

    def report(progress: Progress) -> None:
        assert inside.acquire(blocking=False), "two reports at once"
        time.sleep(0.0005)
        seen.append(progress.frames)
        inside.release()

    def work(task: int, report: Report) -> int:
        for frame in range(5):
            report(Progress(f"cam{task}", frame, 5))
        return task * task

    assert dict(run_in_threads(work, range(6), 3, report)) == {n: n * n for n in range(6)}
    assert len(seen) == 30


def test_a_failure_stops_the_others_and_is_what_the_caller_sees() -> None:
    frames: list[int] = []

    def work(task: int, report: Report) -> None:
        if task == 0:
            time.sleep(0.05)
            raise OSError("disk full")
        for frame in range(10_000):
            report(Progress("cam", frame, 10_000))
            frames.append(frame)
            time.sleep(0.001)

    with pytest.raises(OSError, match="disk full"):
        list(run_in_threads(work, [0, 1], 2, lambda _: None))
    assert 0 < len(frames) < 5_000


def test_no_tasks() -> None:
    assert list(run_in_threads(lambda task, _: task, [], 2, lambda _: None)) == []
