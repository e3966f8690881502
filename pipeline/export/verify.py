"""Read the written files again: nobody twice in one frame of one camera, and all files tell the same story."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.errors import ConstraintError, InputError
from pipeline.export import mot, tracks_json
from pipeline.export.rows import rounded
from pipeline.result import RunResult

TRACKS_NAMES = ("tracks.json", "tracks.json.gz")
MOT_FOLDER = "mot"
_MOT_COLUMNS = 10


def verify_outputs(folder: Path) -> None:
    """Check `tracks.json` (or `.json.gz`) and `mot/*.txt` of an output folder; either may be absent, not both.

    Raises ConstraintError where an identity is twice in one frame of one camera, a tracklet has no identity or two, or
    the two disagree; InputError where a file cannot be read.
    """
    folder = Path(folder)
    written = [folder / name for name in TRACKS_NAMES if (folder / name).is_file()]
    texts = {path.stem: path for path in sorted((folder / MOT_FOLDER).glob(f"*{mot.SUFFIX}"))}
    if not written and not texts:
        raise InputError(f"{folder}: found neither {TRACKS_NAMES[0]} nor {MOT_FOLDER}/*{mot.SUFFIX} to check")
    if len(written) > 1:
        raise ConstraintError(f"{folder}: {' and '.join(TRACKS_NAMES)} are both there; remove the older one")
    from_text = {camera: read_mot(path) for camera, path in texts.items()}
    for camera, rows in from_text.items():
        _require_once(f"{MOT_FOLDER}/{camera}{mot.SUFFIX}", rows)
    if not written:
        return
    result = tracks_json.read(written[0])
    _require_partition(result)
    from_tracks = dict(_camera_rows(result))
    for camera, rows in from_tracks.items():
        _require_once(f"{written[0].name}, camera {camera!r}", rows)
    if from_text:
        _require_agreement(from_tracks, from_text)


def read_mot(path: Path) -> np.ndarray:
    """Rows (N, 10) float64 of a MOTChallenge text; (0, 10) where it is empty. Raises InputError."""
    try:
        lines = [line.split(",") for line in path.read_text("ascii").splitlines()]
        return np.array(lines, np.float64).reshape(len(lines), _MOT_COLUMNS)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {error}; expected lines of {_MOT_COLUMNS} numbers") from error


def _camera_rows(result: RunResult) -> Iterator[tuple[str, np.ndarray]]:
    """Per camera, what its MOTChallenge text should hold: (N, 7) frame, identity, x, y, width, height, score."""
    identity_of = result.identity_of()
    for camera in result.cameras:
        blocks = [np.zeros((0, 7))]
        for tracklet in result.of_camera(camera.id):
            rows = rounded(tracklet)
            x1, y1, x2, y2 = rows.boxes_xyxy
            identity = np.full(len(rows), identity_of[tracklet.key])
            blocks.append(np.stack([rows.frames + 1, identity, x1, y1, x2 - x1, y2 - y1, rows.scores], axis=1))
        table = np.concatenate(blocks)
        yield camera.id, table[np.lexsort((table[:, 1], table[:, 0]))]


def _require_partition(result: RunResult) -> None:
    """Every tracklet belongs to exactly one identity, and every camera is known."""
    keys = [key for identity in result.identities for key in identity.tracklets]
    twice = {key for key in keys if keys.count(key) > 1} if len(set(keys)) < len(keys) else set()
    if twice:
        raise ConstraintError(f"tracklet {min(twice)} belongs to two identities")
    if set(keys) != set(result.tracklets):
        odd = min(set(keys) ^ set(result.tracklets))
        raise ConstraintError(f"tracklet {odd}: the lists of identities and of tracklets disagree about it")
    unknown = {key.camera for key in keys} - {camera.id for camera in result.cameras}
    if unknown:
        raise ConstraintError(f"camera {min(unknown)!r} has tracklets but is not in the list of cameras")


def _require_once(where: str, rows: np.ndarray) -> None:
    pairs = rows[np.lexsort((rows[:, 1], rows[:, 0])), :2].astype(int)
    again = np.flatnonzero((np.diff(pairs, axis=0) == 0).all(axis=1))
    if len(again):
        frame, identity = pairs[again[0]].tolist()
        raise ConstraintError(f"{where}: identity {identity} is more than once in frame {frame - 1} (counted from 0)")


def _require_agreement(from_tracks: dict[str, np.ndarray], from_text: dict[str, np.ndarray]) -> None:
    if set(from_tracks) != set(from_text):
        odd = min(set(from_tracks) ^ set(from_text))
        raise ConstraintError(f"camera {odd!r} is in only one of tracks.json and {MOT_FOLDER}/")
    for camera, rows in from_tracks.items():
        text = from_text[camera][:, :7]
        if len(rows) != len(text):
            raise ConstraintError(
                f"camera {camera!r}: tracks.json has {len(rows)} boxes, {MOT_FOLDER}/ has {len(text)}; run again"
            )
        differs = np.flatnonzero(np.abs(rows - text).max(axis=1, initial=0) > 1e-3)
        if len(differs):
            frame, identity = rows[differs[0], :2].astype(int).tolist()
            raise ConstraintError(
                f"camera {camera!r}: tracks.json and {MOT_FOLDER}/ disagree at frame {frame - 1}, identity {identity}"
            )
