"""The output folder: may we write there, and what is already in it."""

import errno
import shutil
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

import orjson

from core.errors import InputError, OutputError, UsageError
from core.whole import output_error
from pipeline.export.entries import entries
from pipeline.video import CameraSource

FINISHED = "run.json"  # written last: where it is, the run is complete
WORK = "work"
LEAST_FREE_BYTES = 32 * 2**20
PLACES = {
    "json": ("tracks.json", "tracks.json.gz"),
    "mot": ("mot",),
    "parquet": ("tracks.parquet",),
    "video": ("annotated",),
}
ENDINGS = {"mot": ".txt", "video": ".mp4"}  # of the outputs that have a file per camera, in the folder of that name


def place_of(output: Path, kind: str, camera: str) -> Path:
    """Where an output that has a file per camera has that of `camera`."""
    return output / PLACES[kind][0] / f"{camera}{ENDINGS[kind]}"


def check_output(
    output: Path, videos: Path, sources: Sequence[CameraSource], outputs: Collection[str], *, overwrite: bool
) -> None:
    """Raise UsageError where a run may not write there; nothing is touched.

    That is the folder of the videos, one with a finished run or something else in it unless `overwrite`, and one whose
    own videos are among `sources`.
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
    _refuse_sources(output, sources, outputs)


def _refuse_sources(output: Path, sources: Sequence[CameraSource], outputs: Collection[str]) -> None:
    folders = [output / PLACES[kind][0] for kind in ENDINGS if kind in outputs]
    for folder in (one for one in folders if one.is_dir()):
        if inside := [source.path for source in sources if source.path.resolve().parent.samefile(folder)]:
            raise UsageError(
                f"--output {output}: {inside[0]} lies in {folder}, which is written anew. Name another folder; the "
                "videos stay untouched."
            )


def begin_outputs(output: Path, outputs: Collection[str]) -> None:
    """Say that the folder holds no finished run, and remove what will be written anew of the cameras of an earlier one.

    Nothing is removed but files of the cameras that its run.json or tracks.json names. Raises OutputError.
    """
    earlier = _earlier_cameras(output)
    old = [path for kind in ENDINGS if kind in outputs for path in (output / PLACES[kind][0]).glob(f"*{ENDINGS[kind]}")]
    for path in (output / FINISHED, *(path for path in old if path.stem in earlier)):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise output_error(path, error) from error


def _earlier_cameras(output: Path) -> set[str]:
    names: set[str] = set()
    with suppress(OSError, ValueError, KeyError, TypeError):
        names |= {str(camera["id"]) for camera in orjson.loads((output / FINISHED).read_bytes())["cameras"]}
    for place in PLACES["json"]:
        with suppress(InputError, KeyError, TypeError):
            for kind, entry in entries(output / place):
                if kind != "cameras":  # which come first
                    break
                names.add(str(entry["id"]))
    return names


def left_over(output: Path, outputs: Collection[str]) -> list[str]:
    """Names in the folder that hold outputs which this run does not write: they are an earlier run's."""
    names = [name for kind, places in PLACES.items() if kind not in outputs for name in places]
    return [name for name in names if (output / name).exists()]


def make_output(output: Path) -> None:
    """Make the folder. Raises OutputError where it cannot be written or has no room."""
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
