"""Output folders: refused when in use or too big for the disk, and whole or not there at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import OutputError
from core.whole import output_error

_RESERVE_BYTES = 200_000_000  # never fill the last of the disk


def check_space(folder: Path, needed_bytes: float) -> None:
    """OutputError unless the disk under `folder` (or its nearest existing parent) has that much to spare."""
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < needed_bytes + _RESERVE_BYTES:
        raise OutputError(
            f"{folder}: needs about {needed_bytes / 1e6:.0f} MB and a reserve of {_RESERVE_BYTES / 1e6:.0f} MB, "
            f"the disk has {free / 1e6:.0f} MB free: choose another --output or ask for less"
        )


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """Turn what the disk refuses while `output` is written into an OutputError."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise output_error(output, error) from error


@contextmanager
def whole_folder(output: Path) -> Iterator[Path]:
    """A staging folder beside `output` that becomes it at the end; after an error nothing is left.

    OutputError if `output` exists and is not an empty folder.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise OutputError(f"{output}: expected a new or empty folder, it has something in it: choose another --output")
    staging = output.absolute().with_name(f".{output.absolute().name}.partial")
    if staging.exists():
        shutil.rmtree(staging)
    staging.mkdir(parents=True)
    try:
        yield staging
        if output.exists():
            output.rmdir()
        staging.rename(output)
    finally:
        if staging.exists():
            shutil.rmtree(staging)
