"""What the whole run costs over the bare detector, in one process, side by side, on the same frames.

    python -m benchmarks.overhead [FOLDER …]

Bare: decode and detect every frame, with the same detector, settings and threads. Whole: the main job with
every output, from nothing, annotated videos included. The two take turns; medians are compared.
"""

import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.record import write_result
from pipeline.progress import Progress, Report
from pipeline.run import run
from pipeline.settings import RunConfig, Settings, resolve
from pipeline.tasks import open_engines, threads_for
from pipeline.video import find_cameras, open_frames

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (
    ROOT / "examples" / "demo",
    ROOT.parent / "shared" / "data" / "videos" / "pose2sim-multi",
    ROOT.parent / "shared" / "data" / "videos" / "intel-one-by-one",
)


def bare(folder: Path, settings: Settings) -> tuple[float, int]:
    """Seconds and frames to decode and detect all of `folder`."""
    detector = open_engines(settings, "cpu", threads_for(1)).detector
    frames = 0

    def pictures() -> Iterator[tuple[int, np.ndarray]]:
        for camera in find_cameras(folder):
            with open_frames(camera, threads=settings.run.decode_threads) as reader:
                for frame in reader:
                    yield frame.index, frame.image

    begin = time.perf_counter()
    for _ in detector.stream(pictures()):
        frames += 1
    return time.perf_counter() - begin, frames


def whole(folder: Path, settings: Settings) -> tuple[float, dict[str, float]]:
    """Seconds of the main job from nothing, and of its stages."""
    with tempfile.TemporaryDirectory() as scratch:
        begin = time.perf_counter()
        summary = run(folder, Path(scratch) / "out", settings, overwrite=False, stage=_silent)
        return time.perf_counter() - begin, summary.seconds | summary.stage_seconds


@contextlib.contextmanager
def _silent(_: str) -> Iterator[Report]:
    def report(_: Progress) -> None:
        """Say nothing."""

    yield report


def main(
    folders: Annotated[list[Path] | None, typer.Argument(help="Folders of videos; the usual ones if left out.")] = None,
    rounds: Annotated[int, typer.Option(help="How often each is run.")] = 3,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE")] = None,
) -> None:
    """Compare the main job with the bare detector."""
    settings = resolve(RunConfig(device="cpu", workers=1), set_ or [])
    rows = {}
    for folder in folders or [folder for folder in FOLDERS if folder.is_dir()]:
        bare(folder, settings)  # compiles the network for this size, which both would pay once
        times: dict[str, list[float]] = {"bare": [], "whole": []}
        for _ in range(rounds):
            bare_seconds, frames = bare(folder, settings)
            whole_seconds, stages = whole(folder, settings)
            times["bare"].append(bare_seconds)
            times["whole"].append(whole_seconds)
        medians = {name: statistics.median(values) for name, values in times.items()}
        ratio = medians["whole"] / medians["bare"]
        rows[folder.name] = {
            "frames": frames,
            "bare_ms_per_frame": round(1000 * medians["bare"] / frames, 2),
            "whole_ms_per_frame": round(1000 * medians["whole"] / frames, 2),
            "ratio": round(ratio, 3),
            "stages_s": {name: round(spent, 2) for name, spent in stages.items()},
        }
        typer.echo(
            f"{folder.name}: bare {rows[folder.name]['bare_ms_per_frame']} ms, whole "
            f"{rows[folder.name]['whole_ms_per_frame']} ms per frame, ratio {ratio:.2f}"
        )
    typer.echo(f"written to {write_result('overhead', {'rounds': rounds, 'folders': rows})}")


if __name__ == "__main__":
    typer.run(main)
