"""The card of a network: what its weights are, what made them, and the checksums they must have."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import SettingError, WeightsError
from core.weights import CARD, sha256_of
from core.whole import whole_file
from reid.network.config import NetworkConfig

TASK, FORMAT = "person-reid", 1
BUNDLED = Path(__file__).resolve().parent.parent / "models" / "reid"


def folder_of(weights: str | Path) -> Path:
    """The folder that `--weights` names: `bundled`, a folder, or its weights.json."""
    folder = BUNDLED if str(weights) == "bundled" else Path(weights)
    return folder.parent if folder.name == CARD else folder


@dataclass(frozen=True)
class Card:
    """What `weights.json` holds.

    files: file name to sha256 (hex). recipe: the training recipe as it was; scores: what was measured.
    """

    name: str
    network: NetworkConfig
    files: Mapping[str, str]
    recipe: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write `folder`/weights.json. Raises OutputError."""
        values = dataclasses.asdict(self) | {"format": FORMAT, "task": TASK}
        with whole_file(folder / CARD) as temporary:
            temporary.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Card":
        """Read `folder`/weights.json. Raises WeightsError."""
        path = folder / CARD
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise WeightsError(f"{path}: no such card; `python -m reid export` writes one") from error
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise WeightsError(f"{path}: cannot be read as JSON: {error}") from error
        if not isinstance(values, dict) or values.get("task") != TASK or values.get("format") != FORMAT:
            raise WeightsError(f"{path}: expected a card of task {TASK!r}, format {FORMAT}; is it another network's?")
        try:
            network = NetworkConfig.from_dict(values["network"])
            return cls(values["name"], network, dict(values["files"]), values["recipe"], values["scores"])
        except (KeyError, TypeError, SettingError) as error:
            raise WeightsError(f"{path}: not a card of ours: {error}") from error

    def checked(self, folder: Path, name: str) -> Path:
        """Path of file `name`, after its sha256 was found to be the card's. Raises WeightsError."""
        path = folder / name
        if name not in self.files:
            raise WeightsError(f"{folder / CARD}: lists no {name}; it lists {sorted(self.files)}")
        try:
            found = sha256_of(path)
        except OSError as error:
            raise WeightsError(f"{path}: cannot be read ({error.strerror}); is the download complete?") from error
        if found != self.files[name]:
            raise WeightsError(f"{path}: sha256 expected {self.files[name]}, got {found}; fetch it again")
        return path

    @property
    def identifier(self) -> str:
        """Name and a checksum over all files: changes whenever the network might answer differently."""
        joined = "".join(f"{name}:{value};" for name, value in sorted(self.files.items()))
        return f"{self.name}@{hashlib.sha256(joined.encode()).hexdigest()[:16]}"
