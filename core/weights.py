"""Bundled weights are files with a card, `weights.json`, that names each file's sha256. Nothing unlisted is opened."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import WeightsError

CARD = "weights.json"


@dataclass(frozen=True)
class WeightsCard:
    """What `weights.json` says: a name, files with their sha256, and what else the network needs to be built."""

    folder: Path
    name: str
    files: dict[str, str]
    content: dict[str, Any]

    def path(self, suffix: str) -> Path:
        """The one file that ends in `suffix`; WeightsError where there is none."""
        found = [name for name in self.files if name.endswith(suffix)]
        if len(found) != 1:
            raise WeightsError(f"{self.folder / CARD}: expected one {suffix} file, got {found or 'none'}")
        return self.folder / found[0]

    @property
    def identifier(self) -> str:
        """Name and one sha256 over those of all files, for run.json and cache keys."""
        together = hashlib.sha256("".join(f"{k}{v}" for k, v in sorted(self.files.items())).encode()).hexdigest()
        return f"{self.name}@{together}"


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_card(folder: Path) -> WeightsCard:
    """The card in `folder`, every file of it checked. WeightsError where one is missing, changed, or a pickle."""
    path = folder / CARD
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        files = dict(content["files"])
        name = str(content["name"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path}: expected a card that names the weights, got {error!r}. Get a fresh copy."
        ) from error
    for file, expected in files.items():
        if Path(file).name != file or Path(file).suffix not in {".xml", ".bin", ".safetensors"}:
            raise WeightsError(
                f"{path}: {file!r} may not be bundled; only OpenVINO IR and safetensors are, never a pickle."
            )
        if not (folder / file).is_file():
            raise WeightsError(f"{folder / file}: the weights file is missing. Get a fresh copy of the project.")
        if (got := sha256_of(folder / file)) != expected:
            raise WeightsError(
                f"{folder / file}: the file is not the one its card names (sha256 expected {expected[:16]}…, got "
                f"{got[:16]}…). It is damaged or was exchanged: get a fresh copy."
            )
    return WeightsCard(folder, name, files, content)
