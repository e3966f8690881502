"""The input of `locate`: per camera a projection and its boxes by frame."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.arrays import frozen
from core.errors import InputError, ShapeError

KEY = "world_to_pixel_3x4"
ENDING = ".det.txt"
COLUMNS = 7  # frame, id (ignored), x, y, w, h, score


@dataclass(frozen=True, eq=False)
class CameraDetections:
    """A calibrated camera and what was found in it.

    projection (3, 4): world, homogeneous, metres with the floor at z = 0 and z up, to pixels; frames (N,) int64, the
    same number the same instant in every camera; boxes_xyxy (N, 4) px; scores (N,). Raises ShapeError, also for a
    projection that is singular or whose camera stands below the floor.
    """

    projection: np.ndarray
    frames: np.ndarray
    boxes_xyxy: np.ndarray
    scores: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze; the projection's sign is made such that what is in front has a positive depth."""
        projection = frozen("projection", self.projection, (3, 4), np.float64)
        determinant = float(np.linalg.det(projection[:, :3]))
        scale = float(np.linalg.norm(projection[:, :3]) ** 3)
        if not np.isfinite(determinant) or abs(determinant) <= 1e-12 * scale:
            raise ShapeError(f"projection: its left 3 × 3 part is singular, got {projection.tolist()}")
        height_m = -float(np.linalg.solve(projection[:, :3], projection[:, 3])[2])
        if height_m <= 0:
            raise ShapeError(f"projection: the camera would be {-height_m:.2f} m below the floor; z must point up")
        object.__setattr__(
            self, "projection", frozen("projection", projection * np.sign(determinant), (3, 4), np.float64)
        )
        object.__setattr__(self, "frames", frozen("frames", self.frames, (None,), np.int64))
        count = len(self.frames)
        object.__setattr__(self, "boxes_xyxy", frozen("boxes_xyxy", self.boxes_xyxy, (count, 4), np.float64))
        object.__setattr__(self, "scores", frozen("scores", self.scores, (count,), np.float64))

    def __len__(self) -> int:
        return len(self.frames)


def read_scene(folder: Path, cameras: Path | None = None) -> dict[str, CameraDetections]:
    """Every `<camera>.det.txt` of a folder (rows frame, id, x, y, w, h, score) with its projection, by camera.

    cameras: JSON {camera: {"world_to_pixel_3x4": 3 × 4}}; without it `cameras.json` of the folder or of the one above.
    A camera of the JSON without detections sees nobody. Raises InputError naming the file, the line or the camera.
    """
    paths = {path.name.removesuffix(ENDING): path for path in sorted(folder.glob(f"*{ENDING}"))}
    if not paths:
        raise InputError(f"{folder}: holds no <camera>{ENDING}; expected one per camera, rows frame,id,x,y,w,h,score")
    where = cameras or _nearest(folder)
    projections = _read_projections(where)
    if unknown := sorted(paths.keys() - projections.keys()):
        raise InputError(f"{where}: has no camera {unknown[0]!r}, but {paths[unknown[0]]} is there; it has "
                         f"{', '.join(sorted(projections)) or 'none'}")  # fmt: skip
    scene = {}
    for name, projection in sorted(projections.items()):
        rows = _read_rows(paths[name]) if name in paths else np.zeros((0, COLUMNS))
        boxes_xyxy = np.column_stack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]])
        try:
            scene[name] = CameraDetections(projection, rows[:, 0], boxes_xyxy, rows[:, 6])
        except ShapeError as error:
            raise InputError(f"{where}: camera {name!r}: {error}") from error
    return scene


def _nearest(folder: Path) -> Path:
    for place in (folder, folder.resolve().parent):
        if (place / "cameras.json").exists():
            return place / "cameras.json"
    raise InputError(f"{folder}: neither it nor the folder above holds cameras.json; name one with --cameras")


def _read_projections(path: Path) -> Mapping[str, np.ndarray]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        entries = {str(name): np.array(entry[KEY], np.float64) for name, entry in document.items()}
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f'{path}: expected {{camera: {{"{KEY}": [[…], […], […]]}}}}, got {error!r}') from error
    for name, entry in entries.items():
        if entry.shape != (3, 4) or not np.isfinite(entry).all():
            raise InputError(f"{path}: camera {name!r}: {KEY}: expected 3 × 4 finite numbers, got shape {entry.shape}")
    return entries


def _read_rows(path: Path) -> np.ndarray:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            values = [float(value) for value in line.split(",")]
        except ValueError as error:
            raise InputError(f"{path}, line {number}: expected numbers between commas, got {line!r}") from error
        if len(values) < COLUMNS or not np.isfinite(values).all() or values[4] <= 0 or values[5] <= 0:
            raise InputError(f"{path}, line {number}: expected frame,id,x,y,w,h,score with w, h > 0, got {line!r}")
        rows.append(values[:COLUMNS])
    return np.array(rows).reshape(-1, COLUMNS)
