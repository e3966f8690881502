"""Read a finished run again: who was where, and what each tracklet looked like."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from core.errors import CameraError, InputError
from core.types import Appearance, Tracklet, TrackletKey
from pipeline.camera_tracks import CameraTracks
from pipeline.export.entries import entries
from pipeline.output_folder import FINISHED, WORK
from pipeline.video import CameraSource, images_of, open_frames


@dataclass(frozen=True, eq=False)
class StoredRun:
    """A finished run. reid: identifier of its ReID network. identities: of each tracklet, None where it has none.

    sources: each camera's video file or image folder, which may be gone by now.
    """

    folder: Path
    reid: str
    sources: dict[str, Path]
    tracklets: dict[TrackletKey, Tracklet]
    appearances: dict[TrackletKey, Appearance]
    identities: dict[TrackletKey, int | None]


def open_run(folder: Path) -> StoredRun:
    """The run in `folder`. Raises InputError: none there, not finished, without tracks.json or descriptors, damaged."""
    about = _about(folder)
    path = next((folder / name for name in ("tracks.json", "tracks.json.gz") if (folder / name).exists()), None)
    if path is None:
        raise InputError(f"{folder}: no tracks.json; run again with json among --outputs")
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    offsets_s: dict[str, float] = {}
    for kind, entry in entries(path):
        if kind == "cameras":
            offsets_s[str(entry["id"])] = float(entry["offset_s"])
        elif kind == "tracklets":
            rows[str(entry["camera"])].append(entry)
    run = StoredRun(folder, str(about["networks"]["reid"]), {}, {}, {}, {})
    for camera in about["cameras"]:
        run.sources[camera["id"]] = Path(camera["source"])
        if rows[camera["id"]]:
            _add(run, camera["id"], camera.get("artifact"), rows[camera["id"]], offsets_s[camera["id"]])
    if not any(len(one.frames) for one in run.appearances.values()):
        raise InputError(f"{folder}: no descriptors of people in it; nobody large enough was tracked in this run")
    return run


def pictures_of(run: StoredRun, wanted: dict[str, set[int]]) -> Iterator[tuple[str, int, np.ndarray]]:
    """(camera, frame, image BGR) of the wanted frames that can still be decoded, camera by camera.

    Raises CameraError at the first camera whose video is gone or damaged before a wanted frame.
    """
    for camera, frames in wanted.items():
        source, left = _source(camera, run.sources[camera]), set(frames)
        with open_frames(source) as reader:
            for frame in reader:
                if frame.index in left:
                    left.discard(frame.index)
                    yield camera, frame.index, frame.image
                if not left:
                    break
        if left:
            raise CameraError(camera, f"{source.path} ends before frame {min(left)}; is it the video of the run?")


def _about(folder: Path) -> dict[str, Any]:
    path = folder / FINISHED
    try:
        about: dict[str, Any] = orjson.loads(path.read_bytes())
        if not {"networks", "cameras"} <= set(about):
            raise ValueError("it names no networks or cameras")
    except FileNotFoundError as error:
        raise InputError(
            f"{folder}: not a finished run of Throughline (no {FINISHED}). Give --run the --output of run_pipeline.py."
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: cannot be read: {error}; run the job again with --overwrite") from error
    return about


def _add(run: StoredRun, camera: str, artifact: str | None, rows: list[dict[str, Any]], offset_s: float) -> None:
    """Take the artifact that tracks.json was written from: settings tried before may have left others.

    artifact: its name, None from a run of before it was noted down; then it is known by its tracklets.
    """
    expected = {int(row["local_id"]): (row["frame"][0], len(row["frame"])) for row in rows}
    work = run.folder / WORK
    name = re.compile(re.escape(artifact) if artifact else re.escape(camera) + r"\.[0-9a-f]{16}\.npz")
    for path in sorted(work.iterdir()) if work.is_dir() else []:
        if not name.fullmatch(path.name):
            continue
        try:
            tracks = CameraTracks.load(path)
            tracks = tracks.known_as(run.sources[camera], tracks.camera.name, offset_s)
        except (InputError, KeyError, TypeError):
            continue
        if {t.key.local_id: (int(t.frames[0]), len(t)) for t in tracks.tracklets if len(t)} == expected:
            run.tracklets.update({one.key: one for one in tracks.tracklets})
            run.appearances.update({one.key: one for one in tracks.appearances})
            for row in rows:
                run.identities[TrackletKey(camera, int(row["local_id"]))] = row["identity"]
            return
    raise InputError(
        f"{work}: holds no descriptors of camera {camera!r} that fit tracks.json; were they deleted? Run the job again "
        "with --overwrite."
    )


def _source(camera: str, path: Path) -> CameraSource:
    if not path.exists():
        raise CameraError(camera, f"{path} is gone; put the video back to get pictures of the hits")
    return CameraSource(camera, path, images_of(path) if path.is_dir() else ())
