"""The trackers on a MOTChallenge folder, from the command line."""

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from core.types import Tracklet
from trackers import mot_files
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
    spent_s = refined_s = 0.0
    frames = 0
    for path in mot_files.sequences(truth_dir):
        sequence = mot_files.read(path)
        rows, online_s, offline_s = track(sequence, tracker, offline=offline)
        mot_files.write(results_dir / name / "data" / f"{sequence.name}.txt", rows)
        spent_s, refined_s, frames = spent_s + online_s, refined_s + offline_s, frames + len(sequence.frames)
    after = f", {refined_s / frames * 1e3:.3f} ms per frame afterwards" if offline else ""
    typer.echo(f"{name}: {spent_s / frames * 1e3:.3f} ms per frame{after}")


def track(sequence: Sequence, name: str, *, offline: bool) -> tuple[Rows, float, float]:
    """The boxes of one sequence, and the seconds spent on them in the tracker and in the offline passes."""
    tracker = make(name)
    reported = []
    begin_s = time.perf_counter()
    for frame, (detections, time_s) in enumerate(zip(sequence.frames, sequence.times_s, strict=True)):
        reported.append(tracker.update(detections, frame, time_s))
    online_s = time.perf_counter() - begin_s
    if not offline:
        counts = [int(tracked.confirmed.sum()) for tracked in reported]
        frames = np.repeat(np.arange(len(reported)), counts)
        ids = np.concatenate([tracked.local_ids[tracked.confirmed] for tracked in reported])
        boxes = np.concatenate([tracked.boxes_xyxy[tracked.confirmed] for tracked in reported])
        return Rows(frames, ids, boxes, np.ones(len(ids))), online_s, 0.0
    begin_s = time.perf_counter()
    tracklets = tracker.tracklets(sequence.name)
    refined = refine(tracklets, sequence.times_s, sequence.width, sequence.height)
    return rows_of(refined.tracklets), online_s, time.perf_counter() - begin_s


def rows_of(tracklets: list[Tracklet]) -> Rows:
    """All boxes of the tracklets."""
    if not tracklets:
        return Rows(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 4)), np.zeros(0))
    ids = np.repeat([tracklet.key.local_id for tracklet in tracklets], [len(tracklet) for tracklet in tracklets])
    frames = np.concatenate([tracklet.frames for tracklet in tracklets])
    boxes = np.concatenate([tracklet.boxes_xyxy for tracklet in tracklets])
    return Rows(frames, ids, boxes, np.ones(len(ids)))
