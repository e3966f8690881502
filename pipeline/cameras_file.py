"""The optional `cameras.toml` beside the videos: names, clock offsets, calibrations, or marks on the floor for one."""

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from core.errors import CameraError, InputError, ShapeError, UsageError
from pipeline.calibration import Calibration
from pipeline.floor_marks import Marks
from pipeline.floor_points import FloorFit, fit_floor
from pipeline.video import CameraSource, open_frames

ASPECT_OFF = 0.02  # how far the shapes of a whole picture and of its video may differ

HEADER = re.compile(r"""^\s*\[\s*cameras\.([^\]"'\n]+?)(?:\.floor|\.calibration)?\s*\]""", re.MULTILINE)
BARE = re.compile(r"[A-Za-z0-9_.-]+")  # what TOML takes without quotes

Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Pair = tuple[Number, Number]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CalibrationEntry(_Strict):
    """`[cameras.<id>.calibration]`: see `pipeline.calibration.Calibration`."""

    matrix: list[list[Number]]
    distortion: list[Number] = [0.0, 0.0]
    rotation: list[list[Number]]
    translation_m: list[Number]


class FloorEntry(_Strict):
    """`[cameras.<id>.floor]`: see `pipeline.floor_marks.Marks`; size_px: the video's if left out."""

    points_px: list[Pair]
    points_m: list[Pair]
    size_px: tuple[PositiveInt, PositiveInt] | None = None


class CameraEntry(_Strict):
    """`[cameras.<id>]`: a name for display, seconds to add to this camera's timestamps, and how it sees the world."""

    name: str | None = None
    offset_s: Number | None = None
    calibration: CalibrationEntry | None = None
    floor: FloorEntry | None = None


class _Document(_Strict):
    cameras: dict[str, CameraEntry] = {}


@dataclass(frozen=True)
class CamerasFile:
    """What the user said about the cameras, each by camera id; cameras left out are in none of them.

    warnings: what the user should hear about calibrations that marks on the floor gave.
    """

    names: dict[str, str] = field(default_factory=dict)
    offsets_s: dict[str, float] = field(default_factory=dict)
    calibrations: dict[str, Calibration] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def read_cameras_toml(path: Path, sources: Sequence[CameraSource]) -> CamerasFile:
    """What `path` says about the cameras of this folder; empty where there is no such file.

    Of a camera with marks on the floor the first frame is decoded, since only that tells how large its pictures are; if
    there is none, it gets no calibration here, and reading it will say why. Raises InputError where the file cannot be
    read or is no TOML, UsageError for an unknown key, a wrong value, a calibration that cannot be, or a camera that is
    not among `sources`; both name the file and the key.
    """
    if not path.exists():
        return CamerasFile()
    by_id = {source.id: source for source in sources}
    # macOS spells "ü" in file names as "u" and two dots; keyboards do not.
    spelt = {unicodedata.normalize("NFC", camera): camera for camera in by_id}
    stated = _parse(path, list(by_id)).cameras
    entries = {spelt.get(unicodedata.normalize("NFC", camera), camera): entry for camera, entry in stated.items()}
    for camera in entries:
        if camera not in by_id:
            near = get_close_matches(camera, by_id, n=1, cutoff=0)
            hint = f"did you mean {near[0]!r}?" if near else "there are no cameras"
            raise UsageError(f"{path}: cameras.{camera}: there is no such camera; {hint} (have: {', '.join(by_id)})")
    fits = {camera: _floor_fit(path, by_id[camera], entry.floor) for camera, entry in entries.items() if entry.floor}
    fitted = {camera: fit for camera, fit in fits.items() if fit is not None}
    given = {
        camera: _calibration(path, camera, entry.calibration)
        for camera, entry in entries.items()
        if entry.calibration is not None
    }
    return CamerasFile(
        names={camera: entry.name for camera, entry in entries.items() if entry.name is not None},
        offsets_s={camera: entry.offset_s for camera, entry in entries.items() if entry.offset_s is not None},
        calibrations=given | {camera: fit.calibration for camera, fit in fitted.items()},
        warnings=tuple(f"camera {camera!r}: {note}" for camera, fit in fitted.items() for note in fit.notes),
    )


def _parse(path: Path, ids: Sequence[str]) -> _Document:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8: {error}; save it as UTF-8") from error
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: is not valid TOML: {error}{_unquoted(text)}") from error
    try:
        read = _Document.model_validate(document)
    except ValidationError as error:
        raise UsageError(f"{path}: {_first_problem(error, ids)}") from error
    for camera, entry in read.cameras.items():
        if entry.floor and entry.calibration:
            raise UsageError(f"{path}: cameras.{camera}: has both a calibration and a floor; leave one of them out")
    return read


def _unquoted(text: str) -> str:
    """What to say of the first camera whose name stands without the quotes it needs, if there is one."""
    name = next((name for name in HEADER.findall(text) if not BARE.fullmatch(name)), None)
    return f'; a name with spaces or letters beyond A to Z needs quotes: write [cameras."{name}"]' if name else ""


def _first_problem(error: ValidationError, ids: Sequence[str]) -> str:
    """One of pydantic's complaints as `key: what is wrong`; an unknown key goes first, with the nearest known one."""
    problem = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    place = [str(part) for part in problem["loc"]]
    key = ".".join(place)
    if problem["type"] != "extra_forbidden":
        return f"{key}: {problem['msg']}, got {problem['input']!r}"
    name = ".".join(place[1:])  # of a camera with a dot in it, or the beginning of such a name
    if dotted := [camera for camera in ids if len(place) > 2 and f"{camera}.".startswith(f"{name}.")]:
        return f'{key}: a name with a dot needs quotes: write [cameras."{dotted[0]}"]'
    models: dict[int, type[BaseModel]] = {1: _Document, 3: CameraEntry}
    model = models.get(len(place), FloorEntry if "floor" in place[2:3] else CalibrationEntry)
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


def _floor_fit(path: Path, source: CameraSource, entry: FloorEntry) -> FloorFit | None:
    """The camera that sees these marks, in pixels of the video; None where the video cannot be opened."""
    key = f"cameras.{source.id}.floor"
    try:
        with open_frames(source) as reader:
            video_px = (reader.info.width, reader.info.height)
    except CameraError:
        return None
    size_px = entry.size_px or video_px
    larger = np.array(video_px) / size_px
    if abs(larger[0] / larger[1] - 1) > ASPECT_OFF:
        raise UsageError(
            f"{path}: {key}.size_px: {size_px[0]} × {size_px[1]} is no picture of the video at another size: that is "
            f"{video_px[0]} × {video_px[1]}; click in a whole picture, upright and not stretched"
        )
    try:
        fit = fit_floor(Marks(np.array(entry.points_px), np.array(entry.points_m), size_px))
    except ShapeError as error:
        raise UsageError(f"{path}: {key}.{error}") from error
    return replace(fit, calibration=replace(fit.calibration, matrix=np.diag([*larger, 1.0]) @ fit.calibration.matrix))
