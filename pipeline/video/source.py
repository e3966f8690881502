"""Which cameras a folder holds: one video file each, or one sub-folder of images in MOTChallenge layout each."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError

VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".ts")
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
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
    entries = _entries(folder)
    cameras = [CameraSource(path.stem, path) for path in entries if _is_video(path)]
    for path in entries:
        if path.is_dir() and (images := _images_of(path)):
            cameras.append(CameraSource(path.name, path, images))
    if not cameras:
        raise InputError(
            f"{folder}: no camera found. Expected video files ({', '.join(s[1:] for s in VIDEO_SUFFIXES)}) or "
            f"sub-folders of images, got {_describe(entries)}. Put one video per camera there, or name another "
            "with --videos."
        )
    _refuse_shared_ids(folder, cameras)
    return sorted(cameras, key=lambda camera: camera.id)


def _entries(folder: Path) -> list[Path]:
    if not folder.exists():
        raise InputError(f"{folder}: there is no such folder. Check the path given to --videos.")
    if not folder.is_dir():
        raise InputError(
            f"{folder}: expected a folder with one video per camera, got a file. Give --videos its folder."
        )
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except PermissionError as error:
        raise InputError(f"{folder}: the folder cannot be read ({error.strerror}). Allow reading it.") from error


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir()


def _images_of(folder: Path) -> tuple[Path, ...]:
    """The frames of a MOTChallenge sequence (`img1/`, or what seqinfo.ini names) or of a plain folder of images."""
    try:
        inner = folder / "img1"
        where = inner if inner.is_dir() else folder
        return tuple(sorted(path for path in where.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES))
    except PermissionError:
        return ()


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
    names = ", ".join(path.name for path in entries[:5])
    return f"{len(entries)} other entries ({names}{', …' if len(entries) > 5 else ''})"
