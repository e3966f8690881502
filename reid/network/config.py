"""What a network is made of: enough to build it again before its weights are loaded."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import SettingError

MEMBERS = ("osnet", "osnet-ain", "resnet18", "resnet18-ibn", "palette")
TIMM = "timm:"  # before the name of one of timm's networks
TRUNKS = (*MEMBERS, "osnet-ain+palette", "resnet18-ibn+palette", "osnet-ain+resnet18-ibn+palette")
PART_COUNTS = (3, 5, 8)


@dataclass(frozen=True)
class NetworkConfig:
    """Architecture of a ReID network.

    trunk: one of TRUNKS, or one of timm's networks such as timm:resnet18, alone or with +palette; members joined by +
    answer each for itself, with a share of every similarity of their own: `palette_share` for the palette beside
    others, and of the rest `first_share` for the first of two. width: multiplies every channel count of OSNet's paper,
    resnet_width: of ResNet's. bands: heights at which the global vector looks separately, nearer to the middle of the
    crop more; 0 for one plain average. embedding: D of the global vector; part_embedding: d of parts and stripes.
    parts: K, one of PART_COUNTS (0: no part branch). stripes: H. input_height, input_width: px,
    multiples of 16. Raises SettingError.
    """

    trunk: str = "osnet-ain"
    palette_share: float = 0.5
    first_share: float = 0.5
    width: float = 0.25
    resnet_width: float = 0.5
    bands: int = 0
    embedding: int = 256
    part_embedding: int = 64
    parts: int = 5
    stripes: int = 8
    input_height: int = 160
    input_width: int = 64

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.trunk not in TRUNKS and not _of_timm(self.trunk):
            raise SettingError(f"network.trunk: expected one of {TRUNKS}, or {TIMM}NAME, got {self.trunk!r}")
        for name in ("palette_share", "first_share"):
            if not 0 < getattr(self, name) < 1:
                raise SettingError(f"network.{name}: expected between 0 and 1, got {getattr(self, name)}")
        if self.bands < 0:
            raise SettingError(f"network.bands: expected 0 or more, got {self.bands}")
        if self.embedding % self.members or self.part_embedding % self.members:
            sizes = (self.embedding, self.part_embedding)
            raise SettingError(f"network.embedding, part_embedding: expected multiples of {self.members}, got {sizes}")
        for name in ("embedding", "part_embedding", "stripes"):
            if getattr(self, name) < 1:
                raise SettingError(f"network.{name}: expected 1 or more, got {getattr(self, name)}")
        if self.parts not in (0, *PART_COUNTS):
            raise SettingError(f"network.parts: expected 0 or one of {PART_COUNTS}, got {self.parts}")
        if self.input_height % 16 or self.input_width % 16 or self.input_height <= 0 or self.input_width <= 0:
            size = (self.input_height, self.input_width)
            raise SettingError(f"network input size: expected positive multiples of 16, got {size}")
        for name in ("width", "resnet_width"):
            if not 0.1 <= getattr(self, name) <= 4:
                raise SettingError(f"network.{name}: expected 0.1 to 4, got {getattr(self, name)}")

    @property
    def members(self) -> int:
        """How many trunks there are."""
        return self.trunk.count("+") + 1

    @property
    def shares(self) -> tuple[float, ...]:
        """What each trunk has of every similarity; the sum is 1."""
        if self.members == 1:
            return (1.0,)
        learnt = 1 - self.palette_share
        first = (self.first_share, 1 - self.first_share) if self.members > 2 else (1.0,)
        return (*(learnt * share for share in first), self.palette_share)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the feature map: a sixteenth of the input."""
        return self.input_height // 16, self.input_width // 16

    def to_dict(self) -> dict[str, Any]:
        """For a card or the metadata of a weights file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "NetworkConfig":
        """The reverse of `to_dict`. Raises SettingError for a key that no network has."""
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - known):
            raise SettingError(f"network: unknown {unknown}, known are {sorted(known)}")
        return cls(**values)


def _of_timm(trunk: str) -> bool:
    """Whether this is timm:NAME or timm:NAME+palette; whether timm knows the name is seen when it is built."""
    name = trunk.removesuffix("+palette")
    return name.startswith(TIMM) and len(name) > len(TIMM) and "+" not in name
