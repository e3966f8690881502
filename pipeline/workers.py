"""Run one task per camera, in this process or in several, and hand on what each says of its progress."""

import multiprocessing
import os
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.managers import SyncManager
from typing import Any, TypeVar

from pipeline.progress import Progress, Report

Task = TypeVar("Task")
Result = TypeVar("Result")

REPORT_EVERY_S = 0.25
LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class Lost:
    """A task whose process died before it gave a result, also when nothing else ran."""

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

    A process that dies (out of memory, say) takes no other task along. When all others have ended, its own is tried
    once more, alone; where that process dies too, the task is given as `Lost`. Processes never outlive this one.
    """
    if workers == 1 or len(tasks) == 1:
        for task in tasks:
            yield task, work(task, report)
        return
    manager = SyncManager(ctx=multiprocessing.get_context("spawn"))
    manager.start(end_with_parent)
    with manager:
        messages = manager.Queue()
        died: list[Task] = []
        with _Drain(messages, report):
            with closing(_in_processes(work, tasks, workers, QueueReport(messages))) as outcomes:
                for task, outcome in outcomes:
                    if isinstance(outcome, Lost):
                        died.append(task)
                    else:
                        yield task, outcome
            for task in died:
                with closing(_in_processes(work, [task], 1, QueueReport(messages))) as outcomes:
                    yield from outcomes


def _in_processes(
    work: Callable[[Task, Report], Result], tasks: Sequence[Task], workers: int, report: Report
) -> Generator[tuple[Task, Result | Lost], None, None]:
    """`work` on each of `tasks`, as they end; `Lost` where the process of a task died, which costs no other its own."""
    idle: queue.SimpleQueue[ProcessPoolExecutor] = queue.SimpleQueue()
    for _ in range(workers):
        idle.put(_one_process())

    def do(task: Task) -> Result | Lost:
        process = idle.get()
        try:
            return process.submit(work, task, report).result()
        except BrokenProcessPool:
            process = _one_process()
            return Lost("its process died, most often because memory ran out; try --workers 1")
        finally:
            idle.put(process)

    others = set(multiprocessing.active_children())
    try:
        with ThreadPoolExecutor(workers, thread_name_prefix="worker") as threads:
            pending = {threads.submit(do, task): task for task in tasks}
            try:
                for future in as_completed(pending):
                    yield pending[future], future.result()
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                while any(future.running() for future in pending):  # one may only now start its process
                    for child in set(multiprocessing.active_children()) - others:
                        child.terminate()
                    time.sleep(LOOK_EVERY_S)
                raise
    finally:
        while not idle.empty():
            idle.get().shutdown()


def _one_process() -> ProcessPoolExecutor:
    """A pool of its own for each process: a pool that loses one gives up all its tasks."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=end_with_parent)


def end_with_parent() -> None:
    """Let this process end as soon as the one that started it is gone, even if that was killed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="watch", daemon=True).start()


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
