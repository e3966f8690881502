"""Content-addressed artifacts: what reading a camera gave is found again by what it was computed from."""

import dataclasses
import hashlib
from pathlib import Path

import orjson

from core.errors import CameraError
from core.weights import sha256_of
from pipeline.read_cameras import CameraJob
from pipeline.settings import Settings
from pipeline.version import VERSION
from pipeline.video import CameraSource

SECTIONS = ("detect", "track", "refine", "crops")  # the settings that matter before cameras are brought together


def artifact_path(folder: Path, job: CameraJob, settings: Settings, networks: tuple[str, str], device: str) -> Path:
    """Where the artifact of `job` belongs in `folder`; another input, network or setting gives another path.

    networks: identifiers of detector and embedder. Raises CameraError where the input cannot be read.
    """
    key = {
        "input": _input_digest(job.source),
        "offset_s": job.offset_s,
        "name": job.name,
        "networks": networks,
        "device": device.split(":", maxsplit=1)[0],
        "tracker": settings.run.tracker,
        "stride": settings.run.stride,
        "version": VERSION,
        **{section: dataclasses.asdict(getattr(settings, section)) for section in SECTIONS},
    }
    digest = hashlib.sha256(orjson.dumps(key, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return folder / f"{job.source.id}.{digest[:16]}.npz"


def _input_digest(camera: CameraSource) -> str:
    try:
        if not camera.images:
            return sha256_of(camera.path)
        return hashlib.sha256("".join(f"{p.name}{sha256_of(p)}" for p in camera.images).encode()).hexdigest()
    except OSError as error:
        raise CameraError(camera.id, f"{camera.path.name} cannot be read ({error.strerror}).") from error
