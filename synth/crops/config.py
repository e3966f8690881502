"""Every number of the crops in one place."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError, UsageError

FORMAT = 1
MASK_STEP = 8  # the part masks are this much smaller than the crops


@dataclass(frozen=True)
class CropsConfig:
    """What to make: how many identities and crops of each, from which seed, how tall, and how hard.

    cameras: size of the pool; per_identity crops are spread over fewest to most cameras of it; identities_per_shard are
    written at once; twins: share of identities that wear what another in their shard wears; crowd: share of crops with
    others about; hidden: share with a thing in front; clipped: share of boxes that lose head or legs; near_m and far_m:
    how far people are; least_seen: share of a crop's pixels that must be the person's, else it is tried again, at most
    `tries` times; textures: folder of photographed tiles by material, or none.
    """

    identities: int
    per_identity: int
    seed: int = 0
    height: int = 256
    textures: Path | None = None
    cameras: int = 24
    fewest_cameras: int = 4
    most_cameras: int = 6
    identities_per_shard: int = 10
    twins: float = 0.3
    crowd: float = 0.4
    hidden: float = 0.15
    clipped: float = 0.12
    near_m: float = 3.0
    far_m: float = 16.0
    supersample: int = 2
    least_seen: float = 0.12
    tries: int = 5

    def __post_init__(self) -> None:
        """Anything that cannot be made is a UsageError that says what would do, missing textures an InputError."""
        for name in ("identities", "per_identity", "identities_per_shard", "cameras"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name}: expected at least 1, got {getattr(self, name)}")
        if self.seed < 0:
            raise UsageError(f"seed: expected at least 0, got {self.seed}")
        if self.height < 32 or self.height % (2 * MASK_STEP):
            raise UsageError(f"height: expected a multiple of {2 * MASK_STEP} from 32 on, got {self.height}; try 256")
        if self.textures is not None and not self.textures.is_dir():
            raise InputError(f"textures: {self.textures} is no folder; leave it out to use generated textures only")
        if not 1 <= self.fewest_cameras <= self.most_cameras <= self.cameras:
            raise UsageError(
                f"cameras: expected 1 <= fewest <= most <= pool, got "
                f"{self.fewest_cameras}, {self.most_cameras}, {self.cameras}"
            )

    @property
    def width(self) -> int:
        """Crops are half as wide as tall."""
        return self.height // 2

    @property
    def shards(self) -> int:
        """How many shards hold all identities."""
        return -(-self.identities // self.identities_per_shard)
