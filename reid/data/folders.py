"""Folders of crops named as in Market-1501: `0002_c1s1_000451_03.jpg` is identity 2 seen by camera 1."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.pictures import IMAGE_SUFFIXES

MARKET_NAME = re.compile(r"(-?\d+)_c(\d+)")
NOBODY = 0  # the identity of distractors: each is somebody else, and nobody is looked for
_BESIDE = {".json", ".txt"}  # what belongs to pictures and is none

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class PictureFolder:
    """Paths in sorted order; identity and camera (n,) int64."""

    paths: tuple[Path, ...]
    identity: np.ndarray
    camera: np.ndarray

    def __len__(self) -> int:
        return len(self.paths)


def pictures(folder: Path, say: Say = lambda line: None) -> list[Path]:
    """All pictures of `folder`, sorted by name; other files are left out, which is said. Raises InputError for none."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed: {error.strerror}") from error
    found = [path for path in entries if path.suffix.lower() in IMAGE_SUFFIXES]
    others = [path for path in entries if _is_other(path)]
    kinds = " ".join(sorted({path.suffix.lower() or "(no ending)" for path in others}))
    if not found:
        got = f", got {kinds}" if others else ""
        raise InputError(f"{folder}: no pictures; expected one of {sorted(IMAGE_SUFFIXES)}{got}")
    if others:
        say(f"left out {len(others)} files that are no pictures we read: {kinds}")
    return found


def _is_other(path: Path) -> bool:
    """Whether this is a file, neither hidden nor of what is read, that somebody may take for a picture."""
    is_known = path.suffix.lower() in {*IMAGE_SUFFIXES, *_BESIDE}
    return not is_known and not path.name.startswith(".") and path.is_file()


def market_folder(folder: Path) -> PictureFolder:
    """Pictures with their labels; junk (identity −1) is left out. Raises InputError for a name without labels."""
    paths, labels = [], []
    for path in pictures(folder):
        match = MARKET_NAME.match(path.name)
        if match is None:
            raise InputError(f"{path}: expected a name such as 0002_c1s1_000451_03.jpg")
        label = int(match.group(1)), int(match.group(2))
        if label[0] >= 0:
            paths.append(path)
            labels.append(label)
    if not paths:
        raise InputError(f"{folder}: no pictures of people; all are junk (identity -1)")
    identity, camera = np.array(labels, np.int64).reshape(-1, 2).T
    return PictureFolder(tuple(paths), identity, camera)


def label_of(path: Path) -> int | None:
    """Identity in the name of a picture, None where it has none or is of nobody: a distractor, or junk."""
    match = MARKET_NAME.match(path.name)
    label = NOBODY if match is None else int(match.group(1))
    return label if label > NOBODY else None
