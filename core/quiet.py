"""Keep third-party libraries silent: no telemetry, no update check, no settings file in the user's home.

Ultralytics writes a settings file and may send usage events; OpenVINO asks a consent file before it counts anything.
Both read the environment when they are first imported, so `hush` must run before either import. Every module of ours
that imports one of them calls it first.
"""

import os
import sys
import tempfile
from pathlib import Path


def cache_dir() -> Path:
    """The folder for what may be rebuilt (compiled networks): `$THROUGHLINE_CACHE`, else the user's cache."""
    if given := os.environ.get("THROUGHLINE_CACHE"):
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "throughline"


def hush() -> None:
    """Set what Ultralytics and OpenVINO read at import so that neither talks to a network or to the user's home."""
    if "YOLO_CONFIG_DIR" not in os.environ:
        os.environ["YOLO_CONFIG_DIR"] = str(_ultralytics_config_dir())
    # Otherwise the mere import looks up two host names, and what it finds decides whether usage is reported.
    os.environ["YOLO_OFFLINE"] = "true"
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ.setdefault("YOLO_VERBOSE", "false")
    os.environ["DO_NOT_TRACK"] = "1"
    # OpenVINO counts uses through this package and falls back to a stub that does nothing where it is not installed.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    os.environ["ULTRALYTICS_SYNC"] = "false"


def _ultralytics_config_dir() -> Path:
    """A folder of ours that Ultralytics may write its settings to; a throwaway one where that fails."""
    wanted = cache_dir() / "ultralytics"
    try:
        wanted.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="throughline-"))
    return wanted
