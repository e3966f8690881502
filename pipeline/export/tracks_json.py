"""`tracks.json`: written tracklet by tracklet, so that memory does not grow with the file; read back whole."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import orjson
from pydantic import ValidationError

from core.errors import InputError
from core.types import Evidence, Identity, Tracklet, TrackletKey
from core.whole import whole_file
from pipeline.export import tracks_schema
from pipeline.export.rows import rounded
from pipeline.result import CameraResult, RunResult

_GZIP_MAGIC = b"\x1f\x8b"
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY
_NUMBER_DECIMALS = 6  # of rates, durations and evidence


@dataclass(frozen=True)
class RecordedCamera(CameraResult):
    """A camera as `tracks.json` tells it: how many frames and how long, but not when each frame was.

    source is the file's bare name and frame_times_s is empty.
    """

    recorded_frames: int = 0
    recorded_duration_s: float = 0.0

    @property
    def frames(self) -> int:
        """How many frames were decoded."""
        return self.recorded_frames

    @property
    def duration_s(self) -> float:
        """From the first frame's beginning to the last frame's end."""
        return self.recorded_duration_s


def write(path: Path, result: RunResult, *, compress: bool = False) -> Path:
    """Write `result` to `path` (with `.gz` added where compressed and not there already); returns where it lies.

    One line per camera, identity and tracklet. The bytes depend on `result` alone: no clock, no path, no order of
    dictionaries. Raises OutputError.
    """
    path = Path(path)
    if compress and path.suffix != ".gz":
        path = path.with_name(path.name + ".gz")
    with whole_file(path) as part, _opened(part, compress) as file:
        head = {"format": tracks_schema.FORMAT, "version": tracks_schema.VERSION}
        file.write(_dumps(head)[:-1])
        file.write(b',\n"run":' + orjson.dumps(dict(result.metadata), option=_OPTIONS | orjson.OPT_SORT_KEYS))
        _write_list(file, "cameras", (_camera(camera) for camera in result.cameras))
        _write_list(file, "identities", (_identity(identity) for identity in result.identities))
        identity_of = result.identity_of()
        rows = (_tracklet(result.tracklets[key], identity_of.get(key)) for key in sorted(result.tracklets))
        _write_list(file, "tracklets", rows)
        file.write(b"}\n")
    return path


@contextmanager
def _opened(path: Path, compress: bool) -> Iterator[IO[bytes]]:
    with path.open("wb") as file:
        if not compress:
            yield file
            return
        # No name and no time in the header, so that the same tracks give the same bytes.
        with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as zipped:
            yield zipped  # type: ignore[misc]


def _dumps(value: object) -> bytes:
    return orjson.dumps(value, option=_OPTIONS)


def _write_list(file: IO[bytes], name: str, items: Iterator[dict[str, Any]]) -> None:
    file.write(b',\n"' + name.encode() + b'":[')
    for index, item in enumerate(items):
        file.write((b",\n" if index else b"\n") + _dumps(item))
    file.write(b"]")


def _camera(camera: CameraResult) -> dict[str, Any]:
    return {
        "id": camera.id,
        "name": camera.name,
        "file": camera.source.name,
        "width": camera.width,
        "height": camera.height,
        "fps": round(float(camera.fps), _NUMBER_DECIMALS),
        "frames": camera.frames,
        "duration_s": round(float(camera.duration_s), _NUMBER_DECIMALS),
        "offset_s": round(float(camera.offset_s), _NUMBER_DECIMALS),
        "error": camera.error,
    }


def _identity(identity: Identity) -> dict[str, Any]:
    members = [
        {**_reference(key), "evidence": _evidence(identity.evidence.get(key))} for key in sorted(identity.tracklets)
    ]
    return {"id": identity.id, "tracklets": members}


def _reference(key: TrackletKey) -> dict[str, Any]:
    return {"camera": key.camera, "local_id": int(key.local_id)}


def _evidence(evidence: Evidence | None) -> dict[str, Any] | None:
    if evidence is None:
        return None
    return {
        "score": _number(evidence.score),
        "margin": _number(evidence.margin),
        "probability": _number(evidence.probability),
        "best_pair": None if evidence.best_pair is None else _reference(evidence.best_pair),
        "frames": None if evidence.frames is None else [int(frame) for frame in evidence.frames],
        "unknown": bool(evidence.unknown),
    }


def _number(value: float | None) -> float | None:
    return None if value is None else round(float(value), _NUMBER_DECIMALS)


def _tracklet(tracklet: Tracklet, identity: int | None) -> dict[str, Any]:
    rows = rounded(tracklet)
    x1, y1, x2, y2 = rows.boxes_xyxy
    return {
        **_reference(tracklet.key), "identity": identity, "frame": rows.frames, "time_s": rows.times_s,
        "x1": x1, "y1": y1, "x2": x2, "y2": y2, "score": rows.scores, "source": rows.source,
    }  # fmt: skip


def read(path: Path) -> RunResult:
    """What `write` wrote, plain or gzipped, validated. Its cameras are `RecordedCamera`s; it has no keypoints.

    Raises InputError where the file is absent, not JSON, or not what the schema says.
    """
    document = read_document(path)
    cameras = [_read_camera(camera) for camera in document.cameras]
    tracklets = {}
    for entry in document.tracklets:
        key = TrackletKey(entry.camera, entry.local_id)
        boxes = np.array([entry.x1, entry.y1, entry.x2, entry.y2], np.float32).T
        tracklets[key] = Tracklet(
            key, np.array(entry.frame), np.array(entry.time_s), boxes, np.array(entry.score), np.array(entry.source)
        )
    identities = [_read_identity(identity) for identity in document.identities]
    return RunResult(cameras, tracklets, identities, document.run)


def read_document(path: Path) -> tracks_schema.Tracks:
    """The file as the schema's own model. Raises InputError as `read` does."""
    try:
        data = Path(path).read_bytes()
        if data[:2] == _GZIP_MAGIC:
            data = gzip.decompress(data)
        return tracks_schema.Tracks.model_validate_json(data)
    except (OSError, EOFError) as error:
        raise InputError(f"cannot read {path}: {error}; expected a tracks.json of Throughline") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "the document"
        raise InputError(
            f"{path}: {where}: {first['msg']} ({error.error_count()} problems in all); expected a tracks.json of "
            f"format {tracks_schema.FORMAT} version {tracks_schema.VERSION}; run the pipeline again to write one"
        ) from error


def _read_camera(camera: tracks_schema.Camera) -> RecordedCamera:
    return RecordedCamera(
        camera.id, camera.name, Path(camera.file), camera.width, camera.height, camera.fps, np.zeros(0),
        camera.offset_s, camera.error, camera.frames, camera.duration_s,
    )  # fmt: skip


def _read_identity(identity: tracks_schema.Identity) -> Identity:
    keys = tuple(TrackletKey(member.camera, member.local_id) for member in identity.tracklets)
    evidence = {
        key: Evidence(
            member.evidence.score,
            member.evidence.margin,
            member.evidence.probability,
            None if (pair := member.evidence.best_pair) is None else TrackletKey(pair.camera, pair.local_id),
            member.evidence.frames,
            member.evidence.unknown,
        )
        for key, member in zip(keys, identity.tracklets, strict=True)
        if member.evidence is not None
    }
    return Identity(identity.id, keys, evidence)
