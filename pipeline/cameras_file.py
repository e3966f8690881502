"""The optional `cameras.toml` beside the videos: names, clock offsets, calibrations."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import InputError, ShapeError, UsageError
from pipeline.calibration import Calibration

Number = Annotated[float, Field(allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CalibrationEntry(_Strict):
    """`[cameras.<id>.calibration]`: see `pipeline.calibration.Calibration`."""

    matrix: list[list[Number]]
    distortion: list[Number] = [0.0, 0.0]
    rotation: list[list[Number]]
    translation_m: list[Number]


class CameraEntry(_Strict):
    """`[cameras.<id>]`: a name for display, seconds to add to this camera's timestamps, and how it sees the world."""

    name: str | None = None
    offset_s: Number | None = None
    calibration: CalibrationEntry | None = None


class _Document(_Strict):
    cameras: dict[str, CameraEntry] = {}


@dataclass(frozen=True)
class CamerasFile:
    """What the user said about the cameras, each by camera id; cameras left out are in none of them."""

    names: dict[str, str] = field(default_factory=dict)
    offsets_s: dict[str, float] = field(default_factory=dict)
    calibrations: dict[str, Calibration] = field(default_factory=dict)


def read_cameras_toml(path: Path, camera_ids: Sequence[str]) -> CamerasFile:
    """What `path` says about the cameras of this folder; empty where there is no such file.

    Raises InputError where the file cannot be read or is no TOML, UsageError for an unknown key, a wrong value, a
    calibration that cannot be, or a camera that is not among `camera_ids`; both name the file and the key.
    """
    if not path.exists():
        return CamerasFile()
    entries = _parse(path).cameras
    for camera in entries:
        if camera not in camera_ids:
            near = get_close_matches(camera, camera_ids, n=1, cutoff=0)
            hint = f"did you mean {near[0]!r}?" if near else "there are no cameras"
            raise UsageError(
                f"{path}: cameras.{camera}: there is no such camera; {hint} (have: {', '.join(camera_ids)})"
            )
    return CamerasFile(
        names={camera: entry.name for camera, entry in entries.items() if entry.name is not None},
        offsets_s={camera: entry.offset_s for camera, entry in entries.items() if entry.offset_s is not None},
        calibrations={
            camera: _calibration(path, camera, entry.calibration)
            for camera, entry in entries.items()
            if entry.calibration is not None
        },
    )


def _parse(path: Path) -> _Document:
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not valid TOML: {error}") from error
    try:
        return _Document.model_validate(document)
    except ValidationError as error:
        raise UsageError(f"{path}: {_first_problem(error)}") from error


def _first_problem(error: ValidationError) -> str:
    """One of pydantic's complaints as `key: what is wrong`; an unknown key goes first, with the nearest known one."""
    problem = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    place = [str(part) for part in problem["loc"]]
    key = ".".join(place)
    if problem["type"] != "extra_forbidden":
        return f"{key}: {problem['msg']}, got {problem['input']!r}"
    models: dict[int, type[BaseModel]] = {1: _Document, 3: CameraEntry}
    model = models.get(len(place), CalibrationEntry)
    near = get_close_matches(place[-1], list(model.model_fields), n=1, cutoff=0)[0]
    return f"{key}: there is no such key; did you mean {near!r}?"


def _calibration(path: Path, camera: str, entry: CalibrationEntry) -> Calibration:
    key = f"cameras.{camera}.calibration"
    for name in ("matrix", "rotation"):
        if len({len(row) for row in getattr(entry, name)}) > 1:
            raise UsageError(f"{path}: {key}.{name}: the rows have different lengths; expected 3 rows of 3 numbers")
    try:
        return Calibration(**entry.model_dump())
    except ShapeError as error:
        raise UsageError(f"{path}: {key}.{error}") from error
