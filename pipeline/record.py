"""What a run says about itself: in tracks.json only what decides the result, in run.json everything."""

import dataclasses
import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from core.whole import whole_file
from pipeline.artifacts import SECTIONS
from pipeline.output_folder import FINISHED
from pipeline.settings import Settings
from pipeline.version import VERSION

if TYPE_CHECKING:
    from pipeline.run import Summary

PACKAGES = ("numpy", "opencv-python", "av", "openvino", "torch", "ultralytics", "scipy", "lap", "filterpy", "pyarrow")


def metadata(settings: Settings, device: str, networks: tuple[str, str]) -> dict[str, Any]:
    """What decided the result and nothing else: neither paths nor times nor the number of workers."""
    deciding: dict[str, Any] = {name: dataclasses.asdict(getattr(settings, name)) for name in (*SECTIONS, "associate")}
    deciding |= {"tracker": settings.run.tracker, "stride": settings.run.stride}
    deciding |= {"device": device.split(":", maxsplit=1)[0]}
    digest = hashlib.sha256(orjson.dumps(deciding, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return {
        "version": VERSION,
        "detector": networks[0],
        "reid": networks[1],
        "tracker": settings.run.tracker,
        "stride": settings.run.stride,
        "settings_digest": digest[:16],
    }


def write_run_json(
    output: Path, summary: "Summary", settings: Settings, device: str, workers: int, networks: tuple[str, str]
) -> None:
    """Write run.json, the last file of a run: its presence says that the run is complete."""
    result = summary.result
    content = {
        "version": VERSION,
        "settings": dataclasses.asdict(settings),
        "device": device,
        "workers": workers,
        "networks": {"detector": networks[0], "reid": networks[1]},
        "machine": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "python": platform.python_version(),
        },
        "packages": {name: _version_of(name) for name in PACKAGES},
        "cameras": [
            {
                "id": c.id,
                "source": str(c.source.resolve()),
                "frames": c.frames,
                "error": c.error,
                "artifact": summary.artifacts[c.id].name if c.id in summary.artifacts else None,
            }
            for c in result.cameras
        ],
        "tracklets": len(result.tracklets),
        "identities": len(result.identities),
        "seconds": {name: round(spent, 3) for name, spent in summary.seconds.items()},
        "seconds_inside_cameras": {name: round(spent, 3) for name, spent in summary.stage_seconds.items()},
        "cameras_reused": summary.reused,
        "warnings": [*summary.warnings, *summary.not_drawn],
    }
    with whole_file(output / FINISHED) as temporary:
        temporary.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
