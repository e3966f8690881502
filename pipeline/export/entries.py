"""Walk through a `tracks.json` entry by entry, so that checking an hour of video takes no more memory than a minute."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import orjson

from core.errors import InputError

LISTS = ("cameras", "identities", "tracklets")
_GZIP_MAGIC = b"\x1f\x8b"
Entry = tuple[str, dict[str, Any]]


def entries(path: Path) -> Iterator[Entry]:
    """(list, entry) of every camera, identity and tracklet in `path`, in the order of the file, gzipped or not.

    `tracks_json.write` gives every entry a line of its own; a file that somebody laid out otherwise is read whole.
    Raises InputError where it cannot be read.
    """
    try:
        with _opened(path) as file:
            first = file.readline()
            if first.rstrip().endswith(b"}"):  # the document, or the end of one, on the first line
                yield from _of_document(orjson.loads(first + file.read()))
            else:
                yield from _of_lines(file)
    except (OSError, EOFError, ValueError, AttributeError, TypeError) as error:
        raise InputError(f"cannot read {path}: {error}; expected a tracks.json of Throughline") from error


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP_MAGIC
    return gzip.open(path) if zipped else path.open("rb")


def _of_document(document: dict[str, Any]) -> Iterator[Entry]:
    for name in LISTS:
        for entry in document.get(name, []):
            yield name, entry


def _of_lines(file: IO[bytes] | gzip.GzipFile) -> Iterator[Entry]:
    name, line = "", b""
    for line in file:
        if line.startswith(b'"'):
            name = line[1 : line.index(b'"', 1)].decode()
        elif line.startswith(b"{") and name in LISTS:
            yield name, orjson.loads(line[: line.rindex(b"}", 0, _end(line)) + 1])
    if not line.rstrip().endswith(b"]}"):
        raise ValueError("it breaks off")


def _end(line: bytes) -> int:
    """Where the entry's own text ends at the latest: the last line also closes the list and the document."""
    closing = line.rstrip()
    return len(closing) - 1 if closing.endswith(b"]}") else len(closing)
