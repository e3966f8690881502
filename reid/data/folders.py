"""Folders of crops named as in Market-1501: `0002_c1s1_000451_03.jpg` is identity 2 seen by camera 1."""

import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from core.errors import InputError

MARKET_NAME = re.compile(r"(-?\d+)_c(\d+)")
_PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


@dataclass(frozen=True, eq=False)
class PictureFolder:
    """Paths in sorted order; identity and camera (n,) int64."""

    paths: tuple[Path, ...]
    identity: np.ndarray
    camera: np.ndarray

    def __len__(self) -> int:
        return len(self.paths)


def pictures(folder: Path) -> list[Path]:
    """All pictures of `folder`, sorted by name. Raises InputError where there is none."""
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _PICTURES)
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed: {error.strerror}") from error
    if not found:
        raise InputError(f"{folder}: no pictures; expected one of {sorted(_PICTURES)}")
    return found


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
    """Identity in the name of a picture, None where it has none."""
    match = MARKET_NAME.match(path.name)
    return None if match is None else int(match.group(1))


def read_bgr(path: Path) -> np.ndarray:
    """(h, w, 3) uint8 BGR. Raises InputError."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f"{path}: cannot be read as a picture; is the file complete?")
    return image
