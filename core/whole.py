"""Files appear whole or not at all: written beside their place, flushed to the disk, then renamed into it."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import OutputError

PART_PREFIX, PART_SUFFIX = ".throughline-", ".part"  # what a killed run may leave behind

_REMEDIES = {
    errno.ENOSPC: "free some space or choose another --output",
    errno.EDQUOT: "free some of your quota or choose another --output",
    errno.EFBIG: "the file system or the shell (ulimit -f) allows no file this large; choose another --output",
    errno.EROFS: "the file system is read-only; choose another --output",
    errno.EACCES: "you may not write there; change the permissions or choose another --output",
    errno.EPERM: "you may not write there; change the permissions or choose another --output",
    errno.ENAMETOOLONG: "shorten the camera's file name or the path of --output",
    errno.EIO: "the disk reports a fault; check it, or choose another --output",
}  # fmt: skip
# Errors that only a write can raise: whatever they come from inside the body, the output is what failed.
_WRITE_ONLY = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS))


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path in the folder of `path` (made if absent), which takes the place of `path` when the body ends.

    The body writes the temporary path by any means. On any error, an interrupt included, it is removed and what stood
    at `path` before stays. Raises OutputError where the disk is full, read-only, or forbids it; other errors of the
    body pass through.
    """
    path = Path(path)
    part = path.parent / f"{PART_PREFIX}{secrets.token_hex(8)}{PART_SUFFIX}"
    try:
        with _output_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        with _output_errors(path, part):
            yield part
        with _output_errors(path):
            _flush(part)
            os.replace(part, path)
            _flush_folder(path.parent)
    finally:
        # Gone already where all went well; never made where the folder forbids it.
        with suppress(OSError):
            part.unlink()


@contextmanager
def whole_files(folder: Path, last: str) -> Iterator[Path]:
    """A temporary folder in `folder` (made if absent); when the body ends, all in it moves there, `last` at the end.

    For what belongs together: whoever finds `last` finds the rest too. On any error, an interrupt included, `folder` is
    as it was before. Raises OutputError as `whole_file` does.
    """
    folder = Path(folder)
    part = folder / f"{PART_PREFIX}{secrets.token_hex(8)}{PART_SUFFIX}"
    is_new = not folder.exists()
    try:
        with _output_errors(folder):
            part.mkdir(parents=True)
        with _output_errors(folder, part):
            yield part
        with _output_errors(folder):
            for file in part.rglob("*"):
                if file.is_file():
                    _flush(file)
            for entry in sorted(part.iterdir(), key=lambda entry: entry.name == last):
                os.replace(entry, folder / entry.name)
            _flush_folder(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if is_new:
            with suppress(OSError):  # it is not empty where all went well
                folder.rmdir()


@contextmanager
def _output_errors(path: Path, part: Path | None = None) -> Iterator[None]:
    """Turn an OSError into an OutputError; with `part`, only one that writing `part`, or a file in it, raised."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        about_part = part is not None and error.filename is not None and _is_within(error.filename, part)
        if part is not None and not about_part and error.errno not in _WRITE_ONLY:
            raise
        raise output_error(path, error) from error


def _is_within(name: str | bytes, part: Path) -> bool:
    return Path(os.fsdecode(name)).is_relative_to(part)


def output_error(path: Path, error: OSError) -> OutputError:
    """What `error` means for whoever waits for `path`: the file, the reason, the remedy."""
    code = error.errno if error.errno is not None else 0
    reason = os.strerror(code) if code else str(error)
    remedy = _REMEDIES.get(code, "check the path given to --output")
    return OutputError(f"cannot write {path}: {reason}; {remedy}")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    """Make the rename itself last. Windows cannot open folders, and some network shares refuse to flush one."""
    if os.name == "nt":
        return
    with suppress(OSError):
        _flush(folder)
