"""Run one task per camera, in this process or in several, and hand on what each says of its progress."""

import multiprocessing
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, TypeVar

from pipeline.read_cameras import Progress, Report

Task = TypeVar("Task")
Result = TypeVar("Result")

REPORT_EVERY_S = 0.25


@dataclass(frozen=True)
class Lost:
    """A task whose process died before it gave a result."""

    reason: str


def choose_workers(asked: int, cameras: int, device: str) -> int:
    """How many processes: `asked`, or for 0 one per four cores, never more than cameras; one where a GPU is shared."""
    if asked:
        return min(asked, max(1, cameras))
    if device != "cpu":
        return 1
    return max(1, min(cameras, (os.cpu_count() or 1) // 4))


def run_tasks(
    work: Callable[[Task, Report], Result], tasks: Sequence[Task], workers: int, report: Report
) -> Iterator[tuple[Task, Result | Lost]]:
    """`work` on each of `tasks`, as they end; in this process for one worker. `work` must be a module's function.

    A process that is killed (out of memory, say) loses its own task only as far as the pool can tell; the tasks it
    takes along are given as `Lost`.
    """
    if workers == 1 or len(tasks) == 1:
        for task in tasks:
            yield task, work(task, report)
        return
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        messages = manager.Queue()
        with _Drain(messages, report), ProcessPoolExecutor(workers, mp_context=context) as pool:
            pending = {pool.submit(work, task, QueueReport(messages)): task for task in tasks}
            try:
                for future in as_completed(pending):
                    yield pending[future], _result(future)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for process in multiprocessing.active_children():
                    if process.pid != manager._process.pid:  # type: ignore[attr-defined]
                        process.terminate()
                raise


def run_in_threads(
    work: Callable[[Task, Report], Result], tasks: Sequence[Task], threads: int, report: Report
) -> Iterator[tuple[Task, Result]]:
    """`work` on each of `tasks`, as they end, in threads of this process: for work that lets go of Python's lock.

    When one fails, or the user interrupts, the others stop at their next report of progress.
    """
    guard, stop = threading.Lock(), threading.Event()

    def guarded(progress: Progress) -> None:
        if stop.is_set():
            raise InterruptedError("another camera failed, or the user interrupted")
        with guard:
            report(progress)

    with ThreadPoolExecutor(threads, thread_name_prefix="camera") as pool:
        pending = {pool.submit(work, task, guarded): task for task in tasks}
        try:
            for future in as_completed(pending):
                yield pending[future], future.result()
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _result(future: Any) -> Any:
    try:
        return future.result()
    except BrokenProcessPool:
        return Lost("its process died, most often because memory ran out; try --workers 1")


class QueueReport:
    """Sends progress to the parent process, not more often than it can be read."""

    def __init__(self, messages: Any) -> None:
        self._messages = messages
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        """Send `progress`, unless the last message was a moment ago."""
        now = time.monotonic()
        if progress.finished or now - self._last >= REPORT_EVERY_S:
            self._last = now
            self._messages.put(progress)


class _Drain:
    """Reads the workers' messages in a thread while the block runs."""

    def __init__(self, messages: Any, report: Report) -> None:
        self._messages, self._report = messages, report
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._report(self._messages.get(timeout=REPORT_EVERY_S))
            except queue.Empty:
                if self._stop.is_set():
                    return
            except (EOFError, ConnectionError, BrokenPipeError):  # the manager ended with an interrupt
                return
