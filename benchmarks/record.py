"""Write a benchmark's result with what it was measured on."""

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "opencv-python", "av", "openvino", "torch", "ultralytics")


def write_result(name: str, content: dict[str, Any]) -> Path:
    """`content` into results/<name>.json, with versions and machine."""
    RESULTS.mkdir(exist_ok=True)
    about = {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform()},
        "versions": {package: version(package) for package in PACKAGES} | {"python": platform.python_version()},
    }
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(about | content, indent=2) + "\n", encoding="utf-8")
    return path


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()
