"""Tasks in threads and in processes: every result, no torn report, and nobody goes on after a failure."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline.progress import Progress, Report
from pipeline.workers import Lost, run_in_threads, run_tasks
from tests.support import tasks as tasks_of_processes

ROOT = Path(__file__).resolve().parents[2]


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


def test_a_process_that_dies_takes_only_a_task_that_kills_it_twice(tmp_path: Path) -> None:
    (tmp_path / "once1").touch()
    (tmp_path / "always9").touch()
    once, always = f"dies {tmp_path / 'once1'}", f"dies {tmp_path / 'always9'}"
    tasks = ["first", once, always, "second", "last"]
    found = dict(run_tasks(tasks_of_processes.die_if_told, tasks, 2, lambda _: None))
    lost = found.pop(always)
    assert isinstance(lost, Lost)
    assert "died" in lost.reason
    assert found == {task: task for task in tasks if task != always}
    assert (tmp_path / "always9").read_text() == ".."


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.tasks", str(tmp_path)]
    parent = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        assert _soon(lambda: len(list(tmp_path.iterdir())) == 2)
        family = _session(parent.pid) - {parent.pid}
        assert family >= {int(path.name) for path in tmp_path.iterdir()}
    finally:
        parent.kill()
        parent.wait()
    assert _soon(lambda: not _session(parent.pid)), "processes were left behind"


def _soon(true) -> bool:
    deadline = time.monotonic() + 60
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(true())


def _session(leader: int) -> set[int]:
    """The processes that `leader` started, and itself."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.getsid(int(entry.name)) == leader:
                state = (entry / "stat").read_text().rpartition(") ")[2][0]
                found |= {int(entry.name)} if state != "Z" else set()
        except (OSError, ValueError):  # it has just ended
            continue
    return found
