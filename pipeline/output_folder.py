"""The output folder: may we write there, and what is already in it."""

import errno
import shutil
from collections.abc import Collection
from pathlib import Path

from core.errors import OutputError, UsageError

FINISHED = "run.json"  # written last: where it is, the run is complete
WORK = "work"
LEAST_FREE_BYTES = 32 * 2**20
PLACES = {
    "json": ("tracks.json", "tracks.json.gz"),
    "mot": ("mot",),
    "parquet": ("tracks.parquet",),
    "video": ("annotated",),
}


def prepare_output(output: Path, videos: Path, *, overwrite: bool) -> bool:
    """Make the folder; True where an unfinished run of ours is in it that can be gone on with.

    Raises UsageError where it is the input folder or holds something else, OutputError where it cannot be written.
    """
    if output.exists() and output.resolve() == videos.resolve():
        raise UsageError(
            f"--output {output}: that is the folder of the videos. Name another; the videos stay untouched."
        )
    if output.exists() and not output.is_dir():
        raise UsageError(f"--output {output}: expected a folder, there is a file of that name. Name another.")
    finished = (output / FINISHED).exists()
    begun = (output / WORK).is_dir()
    if finished and not overwrite:
        raise UsageError(
            f"--output {output}: holds a finished run. Add --overwrite to replace it (what did not change is not "
            "computed again), or name another folder."
        )
    if output.is_dir() and any(output.iterdir()) and not (finished or begun or overwrite):
        raise UsageError(
            f"--output {output}: the folder is not empty and not one of ours. Name another, or add --overwrite to "
            "write beside what is there."
        )
    _make_writable(output)
    if finished:
        (output / FINISHED).unlink()
    return begun


def left_over(output: Path, outputs: Collection[str]) -> list[str]:
    """Names in the folder that hold outputs which this run does not write: they are an earlier run's."""
    names = [name for kind, places in PLACES.items() if kind not in outputs for name in places]
    return [name for name in names if (output / name).exists()]


def _make_writable(output: Path) -> None:
    try:
        (output / WORK).mkdir(parents=True, exist_ok=True)
        probe = output / WORK / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
        free = shutil.disk_usage(output).free
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise OutputError(
            f"--output {output}: cannot be written ({reason}). Name a folder that you may write to."
        ) from error
    if free < LEAST_FREE_BYTES:
        raise OutputError(
            f"--output {output}: only {free / 2**20:.0f} MB are free on that disk, expected at least "
            f"{LEAST_FREE_BYTES / 2**20:.0f}. Free some space, or name a folder on another disk."
        )
