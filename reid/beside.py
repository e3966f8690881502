"""What lies beside a network as JSON and is of that one network alone: its calibration, its attributes."""

import json
from pathlib import Path
from typing import Any

from core.errors import WeightsError


def read_beside(path: Path, task: str, format_: int, network: str, what: str, remedy: str) -> dict[str, Any]:
    """The values of `path` but for task and format, which must be these, as must the network's identifier.

    what: "calibration", say; remedy: what to do where it is not there. Raises WeightsError: missing, broken, of another
    task, another network's.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise WeightsError(f"{path}: no {what} for this network; {remedy}") from error
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: cannot be read as JSON: {error}; {remedy}") from error
    if not isinstance(values, dict) or (values.pop("task", None), values.pop("format", None)) != (task, format_):
        raise WeightsError(f"{path}: expected task {task!r}, format {format_}; {remedy}")
    if values.get("network") != network:
        raise WeightsError(f"{path}: made for {values.get('network')}, the network is {network}; {remedy}")
    return values
