"""The trackers on a MOTChallenge folder, from the command line."""

import time
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from core.types import Tracklet
from trackers import mot_files
from trackers.base import Tracker
from trackers.config import OfflineConfig
from trackers.make import NAMES, make
from trackers.mot_files import Rows, Sequence
from trackers.offline import refine

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Track people in one camera.")


@app.callback()
def _group() -> None:
    """Keep `run` a command of its own while it is the only one."""


@app.command()
def run(
    truth_dir: Annotated[Path, typer.Argument(help="MOTChallenge folder: <sequence>/det/det.txt, seqinfo.ini")],
    results_dir: Annotated[Path, typer.Argument(help="gets <name>/data/<sequence>.txt")],
    tracker: Annotated[str, typer.Option(help=f"one of {', '.join(NAMES)}")] = "default",
    offline: Annotated[bool, typer.Option("--offline", help="add the passes over the whole recording")] = False,
) -> None:
    """Run a tracker over detections and print the time per frame of the tracker alone."""
    name = f"{tracker}-offline" if offline else tracker
    spent, frames = Spent(), 0
    for path in mot_files.sequences(truth_dir):
        sequence = mot_files.read(path)
        rows, one = track(sequence, tracker, offline=offline)
        mot_files.write(results_dir / name / "data" / f"{sequence.name}.txt", rows)
        spent, frames = spent + one, frames + len(sequence.frames)
    ms = 1e3 / max(frames, 1)
    after = f", {spent.offline_s * ms:.3f} afterwards (processor {spent.offline_cpu_s * ms:.3f})" if offline else ""
    typer.echo(f"{name}: {spent.online_s * ms:.3f} ms per frame (processor {spent.online_cpu_s * ms:.3f}){after}")


@dataclass(frozen=True)
class Spent:
    """Seconds in the tracker and in the offline passes, by the clock and of the processor."""

    online_s: float = 0.0
    online_cpu_s: float = 0.0
    offline_s: float = 0.0
    offline_cpu_s: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def track(sequence: Sequence, name: str, *, offline: bool, tracker: Tracker | None = None,
          passes: OfflineConfig | None = None) -> tuple[Rows, Spent]:  # fmt: skip
    """The boxes of one sequence, and the time spent on them.

    tracker: a fresh one to use instead of the named one's defaults; passes: settings of the offline passes.
    """
    tracker = tracker or make(name)
    reported = []
    begin = time.perf_counter(), time.process_time()
    for frame, (detections, time_s) in enumerate(zip(sequence.frames, sequence.times_s, strict=True)):
        reported.append(tracker.update(detections, frame, time_s))
    spent = Spent(time.perf_counter() - begin[0], time.process_time() - begin[1])
    if not offline:
        counts = [int(tracked.confirmed.sum()) for tracked in reported]
        frames = np.repeat(np.arange(len(reported)), counts)
        ids = np.concatenate([np.zeros(0, int), *(tracked.local_ids[tracked.confirmed] for tracked in reported)])
        boxes = np.concatenate([np.zeros((0, 4)), *(tracked.boxes_xyxy[tracked.confirmed] for tracked in reported)])
        return Rows(frames, ids, boxes, np.ones(len(ids))), spent
    begin = time.perf_counter(), time.process_time()
    tracklets = tracker.tracklets(sequence.name)
    refined = refine(tracklets, sequence.times_s, sequence.width, sequence.height, passes)
    spent = replace(spent, offline_s=time.perf_counter() - begin[0], offline_cpu_s=time.process_time() - begin[1])
    return rows_of(refined.tracklets), spent


def rows_of(tracklets: list[Tracklet]) -> Rows:
    """All boxes of the tracklets."""
    if not tracklets:
        return Rows(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 4)), np.zeros(0))
    ids = np.repeat([tracklet.key.local_id for tracklet in tracklets], [len(tracklet) for tracklet in tracklets])
    frames = np.concatenate([tracklet.frames for tracklet in tracklets])
    boxes = np.concatenate([tracklet.boxes_xyxy for tracklet in tracklets])
    return Rows(frames, ids, boxes, np.ones(len(ids)))
