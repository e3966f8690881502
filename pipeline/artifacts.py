"""Content-addressed artifacts: what reading a camera gave is found again by what it was computed from."""

import dataclasses
import hashlib
from functools import cache
from pathlib import Path

import orjson

from core.errors import CameraError
from core.weights import sha256_of
from pipeline.settings import Settings
from pipeline.version import VERSION
from pipeline.video import CameraSource

SECTIONS = ("detect", "track", "refine", "crops")  # the settings that matter before cameras are brought together
ROOT = Path(__file__).resolve().parents[1]
MAKERS = (
    "core",
    "models/detector/network.py",
    "models/pose/network.py",
    "models/pose/weights.py",
    "pipeline/camera_tracks.py",
    "pipeline/crops.py",
    "pipeline/detect",
    "pipeline/device.py",
    "pipeline/read_cameras.py",
    "pipeline/result.py",
    "pipeline/tasks.py",
    "pipeline/video",
    "reid/backends.py",
    "reid/card.py",
    "reid/crops.py",
    "reid/embedder.py",
    "reid/network",
    "reid/parts",
    "reid/weights.py",
    "trackers",
)  # the code that decides what is in an artifact
SHOWN = 32  # characters of a camera's id in its artifact's name: with all of them it may become too long for a file


def artifact_path(
    folder: Path, source: CameraSource, settings: Settings, networks: tuple[str, str], device: str
) -> Path:
    """Where the artifact of `source` belongs in `folder`; another input, network, setting or code gives another path.

    networks: identifiers of detector and embedder. Raises CameraError where the input cannot be read.
    """
    key = {
        "input": _input_digest(source),
        "camera": source.id,
        "code": code_digest(),
        "networks": networks,
        "device": device.split(":", maxsplit=1)[0],
        "tracker": settings.run.tracker,
        "stride": settings.run.stride,
        "version": VERSION,
        **{section: dataclasses.asdict(getattr(settings, section)) for section in SECTIONS},
    }
    digest = hashlib.sha256(orjson.dumps(key, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return folder / f"{source.id[:SHOWN]}.{digest[:16]}.npz"


@cache
def code_digest(root: Path = ROOT) -> str:
    """Of the source of `MAKERS` below `root`."""
    files = sorted(file for name in MAKERS for file in sources_of(root / name))
    return hashlib.sha256(
        "".join(f"{f.relative_to(root).as_posix()}{sha256_of(f)}" for f in files).encode()
    ).hexdigest()


def sources_of(maker: Path) -> list[Path]:
    """The Python files of one entry of `MAKERS`, a module or a package."""
    return list(maker.rglob("*.py")) if maker.is_dir() else [maker]


def _input_digest(camera: CameraSource) -> str:
    try:
        if not camera.images:
            return sha256_of(camera.path)
        return hashlib.sha256("".join(f"{p.name}{sha256_of(p)}" for p in camera.images).encode()).hexdigest()
    except OSError as error:
        raise CameraError(camera.id, f"{camera.path.name} cannot be read ({error.strerror}).") from error
