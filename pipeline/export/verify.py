"""Read the written files again: nobody twice in one frame of one camera, and all files tell the same story."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ConstraintError, InputError
from core.types import TrackletKey
from pipeline.export import mot
from pipeline.export.entries import entries

TRACKS_NAMES = ("tracks.json", "tracks.json.gz")
MOT_FOLDER = "mot"
_MOT_COLUMNS = 10


def verify_outputs(
    folder: Path, outputs: Collection[str] = ("json", "mot"), cameras: Collection[str] | None = None
) -> None:
    """Check `tracks.json` (or `.json.gz`) and `mot/*.txt` of an output folder; either may be absent, not both.

    outputs: which of the two are of one run; cameras: of which cameras it has a text, None for all that are there. What
    else is in the folder is not looked at. Raises ConstraintError where an identity is twice in one frame of one
    camera, a tracklet has no identity or two, or the two disagree; InputError where a file cannot be read.
    """
    folder = Path(folder)
    written = [folder / name for name in TRACKS_NAMES if "json" in outputs and (folder / name).is_file()]
    found = sorted((folder / MOT_FOLDER).glob(f"*{mot.SUFFIX}")) if "mot" in outputs else []
    texts = {path.stem: path for path in found if cameras is None or path.stem in cameras}
    if not written and not texts:
        raise InputError(f"{folder}: found neither {TRACKS_NAMES[0]} nor {MOT_FOLDER}/*{mot.SUFFIX} to check")
    if len(written) > 1:
        raise ConstraintError(f"{folder}: {' and '.join(TRACKS_NAMES)} are both there; remove the older one")
    from_text = {camera: read_mot(path) for camera, path in texts.items()}
    for camera, rows in from_text.items():
        _require_once(f"{MOT_FOLDER}/{camera}{mot.SUFFIX}", rows)
    if not written:
        return
    from_tracks = _camera_rows(written[0])
    for camera, rows in from_tracks.items():
        _require_once(f"{written[0].name}, camera {camera!r}", rows)
    if from_text:
        _require_agreement(from_tracks, from_text)


def read_mot(path: Path) -> np.ndarray:
    """Rows (N, 10) float64 of a MOTChallenge text; (0, 10) where it is empty. Raises InputError."""
    try:
        if not path.stat().st_size:
            return np.zeros((0, _MOT_COLUMNS))
        rows = np.loadtxt(path, np.float64, delimiter=",", ndmin=2, encoding="ascii")
        return rows.reshape(len(rows), _MOT_COLUMNS)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {error}; expected lines of {_MOT_COLUMNS} numbers") from error


def _camera_rows(path: Path) -> dict[str, np.ndarray]:
    """Per camera, what its MOTChallenge text should hold: (N, 7) frame, identity, x, y, width, height, score.

    Raises ConstraintError where the lists of cameras, identities and tracklets do not fit together.
    """
    blocks: dict[str, list[np.ndarray]] = {}
    identity_of: dict[TrackletKey, int] = {}
    seen: set[TrackletKey] = set()
    for name, entry in entries(path):
        if name == "cameras":
            blocks[entry["id"]] = [np.zeros((0, 7))]
        elif name == "identities":
            for member in entry["tracklets"]:
                key = TrackletKey(member["camera"], member["local_id"])
                if key in identity_of:
                    raise ConstraintError(f"tracklet {key} belongs to two identities")
                identity_of[key] = entry["id"]
        else:
            key = TrackletKey(entry["camera"], entry["local_id"])
            seen.add(key)
            if key not in identity_of:
                break  # what is wrong is said below
            if key.camera not in blocks:
                raise ConstraintError(f"camera {key.camera!r} has tracklets but is not in the list of cameras")
            blocks[key.camera].append(_rows(entry, identity_of[key]))
    if seen != set(identity_of):
        odd = min(seen ^ set(identity_of))
        raise ConstraintError(f"tracklet {odd}: the lists of identities and of tracklets disagree about it")
    tables = {camera: np.concatenate(found) for camera, found in blocks.items()}
    return {camera: table[np.lexsort((table[:, 1], table[:, 0]))] for camera, table in tables.items()}


def _rows(entry: dict[str, Any], identity: int) -> np.ndarray:
    """One tracklet's rows (T, 7), as `_camera_rows` gives them."""
    frame, x1, y1, x2, y2, score = (np.array(entry[name], float) for name in ("frame", "x1", "y1", "x2", "y2", "score"))
    return np.stack([frame + 1, np.full(len(frame), identity), x1, y1, x2 - x1, y2 - y1, score], axis=1)


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
