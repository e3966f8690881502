"""Which cameras a folder holds: one video file each, or one sub-folder of images in MOTChallenge layout each."""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.pictures import IMAGE_SUFFIXES

VIDEO_SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".ts", ".mts", ".m2ts",
    ".mpg", ".mpeg", ".wmv", ".asf", ".flv", ".3gp", ".ogv", ".mxf",
)  # fmt: skip
SEQUENCE_FILE = "seqinfo.ini"


@dataclass(frozen=True)
class CameraSource:
    """Where a camera's pictures are. `images`: the sorted frames of an image folder, empty for a video file."""

    id: str
    path: Path
    images: tuple[Path, ...] = ()


def find_cameras(folder: Path) -> list[CameraSource]:
    """The cameras of `folder`, by id. A camera's id is its file's stem or its sub-folder's name.

    Raises InputError where the folder is missing, unreadable or holds no camera, or where two cameras share an id.
    """
    cameras, others = _look(folder)
    if not cameras:
        got = "; ".join(others) or _describe(_entries(folder))
        raise InputError(
            f"{folder}: no camera found. Expected video files ({', '.join(s[1:] for s in VIDEO_SUFFIXES)}) or "
            f"sub-folders of images, got {got}. Put one video per camera there, or name another "
            "with --videos."
        )
    _refuse_shared_ids(folder, cameras)
    return sorted(cameras, key=lambda camera: camera.id)


def left_out(folder: Path) -> list[str]:
    """What in `folder` looks like a camera but is none for `find_cameras`, a sentence each: why, and what to do."""
    return _look(folder)[1]


def images_of(folder: Path) -> tuple[Path, ...]:
    """The frames of a MOTChallenge sequence (in `img1/`) or of a plain folder of images, 2.jpg before 10.jpg.

    Raises OSError where the folder cannot be read.
    """
    inner = folder / "img1"
    images = [path for path in _visible(inner if inner.is_dir() else folder) if path.suffix.lower() in IMAGE_SUFFIXES]
    return tuple(sorted(images, key=_natural))


def _look(folder: Path) -> tuple[list[CameraSource], list[str]]:
    """The cameras, and a sentence on each entry that looks like one and is none."""
    cameras, others = [], []
    for path in _entries(folder):
        try:
            images = images_of(path) if path.is_dir() else ()
            if images or _is_video(path):
                _refuse_foreign_names(path, *images)
                cameras.append(CameraSource(path.name if images else path.stem, path, images))
            elif path.is_dir() and (videos := [inner.name for inner in _visible(path) if _is_video(inner)]):
                raise _LeftOutError(
                    f"it is a sub-folder of videos ({_some(videos)}): move them up, or give it to --videos"
                )
        except OSError as error:
            others.append(
                f"{_printable(path.name)} was left out: it cannot be read ({error.strerror}); allow reading it"
            )
        except _LeftOutError as error:
            others.append(f"{_printable(path.name)} was left out: {error}")
    return cameras, others


class _LeftOutError(Exception):
    """Why something is no camera."""


def _refuse_foreign_names(*paths: Path) -> None:
    for path in paths:
        if _printable(path.name) != path.name:
            raise _LeftOutError(f"the name {_printable(path.name)} is not in UTF-8: rename it")


def _printable(name: str) -> str:
    """`name` with backslashes for bytes that are no UTF-8, such as those of old Latin-1 disks."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _visible(folder: Path) -> list[Path]:
    """What is in `folder`, without hidden files: macOS leaves a `._000001.jpg` beside each image on foreign disks."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _natural(path: Path) -> tuple[list[str | int], str]:
    parts = re.split(r"(\d+)", path.name)
    return [int(part) if part.isdecimal() else part for part in parts], path.name


def _entries(folder: Path) -> list[Path]:
    if not folder.exists():
        raise InputError(f"{folder}: there is no such folder. Check the path given to --videos.")
    if not folder.is_dir():
        raise InputError(
            f"{folder}: expected a folder with one video per camera, got a file. Give --videos its folder."
        )
    try:
        return _visible(folder)
    except PermissionError as error:
        raise InputError(f"{folder}: the folder cannot be read ({error.strerror}). Allow reading it.") from error


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir()


def _refuse_shared_ids(folder: Path, cameras: list[CameraSource]) -> None:
    by_id: dict[str, list[Path]] = defaultdict(list)
    for camera in cameras:
        by_id[camera.id.casefold()].append(camera.path)
    for paths in by_id.values():
        if len(paths) > 1:
            names = " and ".join(repr(path.name) for path in sorted(paths))
            raise InputError(
                f"{folder}: {names} would both be camera {paths[0].stem!r}. A camera's name is its file's name without "
                "the ending: rename one of them."
            )


def _describe(entries: list[Path]) -> str:
    if not entries:
        return "an empty folder"
    return f"{len(entries)} other entries ({_some([path.name for path in entries])})"


def _some(names: list[str]) -> str:
    return ", ".join(map(_printable, names[:5])) + (", …" if len(names) > 5 else "")
