"""Work for worker processes, which can be given nothing but a module's functions; and a parent to be killed."""

import os
import signal
import sys
import time
from pathlib import Path

from pipeline.progress import Report
from pipeline.workers import run_tasks


def die_if_told(task: str, report: Report) -> str:
    """The task itself, unless it begins with "dies": then the process is killed, once per file that it names."""
    _, _, tally = task.partition("dies ")
    if tally and len(Path(tally).read_text()) < int(tally[-1]):
        with Path(tally).open("a") as file:
            file.write(".")
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def linger(folder: str, report: Report) -> None:
    """Leave this process's id in `folder`, and stay."""
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(60)


if __name__ == "__main__":
    list(run_tasks(linger, [sys.argv[1]] * 2, 2, lambda _: None))
