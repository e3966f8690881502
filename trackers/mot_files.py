"""MOTChallenge folders: `<sequence>/seqinfo.ini`, `<sequence>/det/det.txt`; results as `<name>/data/<sequence>.txt`."""

import configparser
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.types import Detections
from core.whole import whole_file

COLUMNS = 7  # that are looked at


@dataclass(frozen=True, eq=False)
class Sequence:
    """One sequence: its frames' detections in order, and its picture size and rate."""

    name: str
    width: int
    height: int
    frame_rate: float
    frames: tuple[Detections, ...]

    @property
    def times_s(self) -> np.ndarray:
        """Presentation times (F,)."""
        return np.arange(len(self.frames)) / self.frame_rate


@dataclass(frozen=True, eq=False)
class Rows:
    """Boxes to write: frames (R,) 0-based, ids (R,), boxes_xyxy (R, 4), scores (R,)."""

    frames: np.ndarray
    ids: np.ndarray
    boxes_xyxy: np.ndarray
    scores: np.ndarray


def sequences(root: Path) -> list[Path]:
    """The sequences of a folder, by name. Raises InputError where there is none."""
    found = sorted(path for path in root.iterdir() if (path / "det" / "det.txt").exists()) if root.is_dir() else []
    if not found:
        raise InputError(f"{root}: expected folders with det/det.txt and seqinfo.ini, found none")
    return found


def read(path: Path) -> Sequence:
    """One sequence. Raises InputError where seqinfo.ini lacks something, or det.txt is not what it says."""
    ini = configparser.ConfigParser()
    try:
        ini.read(path / "seqinfo.ini", encoding="utf-8")
        info = ini["Sequence"]
        length, rate = int(info["seqLength"]), float(info["frameRate"])
        width, height = int(info["imWidth"]), int(info["imHeight"])
    except (KeyError, ValueError, configparser.Error) as error:
        said = " ".join(str(error).split())
        raise InputError(
            f"{path / 'seqinfo.ini'}: expected seqLength, frameRate, imWidth, imHeight ({said})"
        ) from error
    if not 0 < rate < np.inf:
        raise InputError(f"{path / 'seqinfo.ini'}: expected a frameRate above 0, got {rate:g}")
    rows = _detections(path / "det" / "det.txt", length)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    ends = np.searchsorted(rows[:, 0], np.arange(1, length + 2), "left")
    boxes = np.hstack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]])
    frames = tuple(Detections(boxes[begin:end], np.clip(rows[begin:end, 6], 0, 1)) for begin, end in pairwise(ends))
    return Sequence(path.name, width, height, rate, frames)


def _detections(path: Path, length: int) -> np.ndarray:
    """Rows frame, id, x, y, w, h, score (R, 7)."""
    try:
        text = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
    lines = [(number, line) for number, line in enumerate(text, start=1) if line.strip()]
    for number, line in lines:
        if line.count(",") < COLUMNS - 1:
            raise InputError(f"{path}, line {number}: expected frame,id,x,y,w,h,score, got {line!r}")
    if not lines:
        return np.zeros((0, COLUMNS))
    try:
        rows = np.loadtxt([line for _, line in lines], delimiter=",", ndmin=2, usecols=range(COLUMNS))
    except ValueError as error:
        raise InputError(f"{path}: expected numbers between commas ({error})") from error
    outside = np.flatnonzero(~np.isin(rows[:, 0], np.arange(1, length + 1)))
    if len(outside):
        raise InputError(
            f"{path}, line {lines[outside[0]][0]}: a row of frame {rows[outside[0], 0]:g} (one of {len(outside)}); "
            f"frames count from 1, and seqinfo.ini says seqLength={length}"
        )
    senseless = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(senseless):
        raise InputError(f"{path}, line {lines[senseless[0]][0]}: expected finite numbers")
    if (rows[:, 6] <= 0).all():
        raise InputError(f"{path}: no row has a score above 0 in its seventh column; trackers would find nobody")
    return rows


def write(path: Path, rows: Rows) -> None:
    """One result file, ordered by frame and id; frames count from 1 there. Raises OutputError."""
    order = np.lexsort((rows.ids, rows.frames))
    size = rows.boxes_xyxy[:, 2:] - rows.boxes_xyxy[:, :2]
    lines = [
        f"{rows.frames[i] + 1},{rows.ids[i]},{rows.boxes_xyxy[i, 0]:.2f},{rows.boxes_xyxy[i, 1]:.2f},"
        f"{size[i, 0]:.2f},{size[i, 1]:.2f},{rows.scores[i]:.3f},-1,-1,-1\n"
        for i in order
    ]
    with whole_file(path) as part:
        part.write_text("".join(lines), encoding="utf-8")
