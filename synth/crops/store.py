"""Crops on disk: shards of .npy files that are mapped, not read, and a JSON that says what they are."""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from synth.crops.config import FORMAT, MASK_STEP, CropsConfig
from synth.crops.shard import Shard
from synth.people.outfit import ATTRIBUTE_VALUES


class CropsError(InputError):
    """A folder of crops that cannot be read or continued."""


@dataclass(frozen=True)
class Crops:
    """An opened set: `about` is what dataset.json says; each shard's arrays are memory-mapped and read-only."""

    about: dict[str, Any]
    shards: tuple[Shard, ...]

    def __len__(self) -> int:
        """Number of crops."""
        return sum(len(shard.identity) for shard in self.shards)

    def labels(self, name: str) -> np.ndarray:
        """One small array (identity, camera, keypoints_xyc, ...) of all shards end to end."""
        return np.concatenate([getattr(shard, name) for shard in self.shards])

    def image(self, index: int) -> np.ndarray:
        """The index-th crop (H, W, 3) uint8 BGR, a view into the map."""
        for shard in self.shards:
            if index < len(shard.identity):
                return shard.images[index]
            index -= len(shard.identity)
        raise IndexError(f"crop {index + len(self)} of {len(self)}")


def open_crops(folder: Path | str) -> Crops:
    """Open what `crops` wrote. Shards not yet written are left out; a folder that is none is a CropsError."""
    folder = Path(folder)
    about = _read_about(folder)
    if about.get("format") != FORMAT:
        raise CropsError(f"{folder}/dataset.json: expected format {FORMAT}, got {about.get('format')!r}")
    names = [f.name for f in fields(Shard)]
    shards = tuple(
        Shard(**{name: np.load(path / f"{name}.npy", mmap_mode="r") for name in names})
        for path in sorted(folder.glob("shard-*"))
    )
    return Crops(about, shards)


def _read_about(folder: Path) -> dict[str, Any]:
    """What dataset.json says; CropsError where it is missing or damaged."""
    try:
        about = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CropsError(
            f"{folder}: no crops here, dataset.json: {error}; make some with python -m synth crops in a new folder"
        ) from error
    if not isinstance(about, dict):
        raise CropsError(f"{folder}: no crops here, dataset.json holds no object")
    return about


def describe(config: CropsConfig) -> dict[str, Any]:
    """What dataset.json holds: all that decides the bytes."""
    return {
        "format": FORMAT,
        "seed": config.seed,
        "identities": config.identities,
        "per_identity": config.per_identity,
        "height": config.height,
        "width": config.width,
        "mask_step": MASK_STEP,
        "cameras": config.cameras,
        "identities_per_shard": config.identities_per_shard,
        "textures": None if config.textures is None else config.textures.name,
        "attributes": {name: list(values) for name, values in ATTRIBUTE_VALUES.items()},
        "materials": ["other", "skin", "hair", "upper", "lower", "shoes", "carried", "hat"],
    }


def begin(folder: Path, config: CropsConfig) -> list[int]:
    """Write dataset.json, or check that the one there asks for the same; gives the shards still to make."""
    wanted = describe(config)
    path = folder / "dataset.json"
    if path.exists():
        there = _read_about(folder)
        differing = sorted(key for key in wanted if there.get(key) != wanted[key])
        if differing:
            raise CropsError(
                f"{folder} holds other crops (different: {', '.join(differing)}); "
                "choose another folder or the same settings"
            )
    else:
        path.write_text(json.dumps(wanted, indent=1))
    for left in folder.glob(".shard-*"):
        shutil.rmtree(left)
    return [k for k in range(config.shards) if not shard_path(folder, k).is_dir()]


def shard_path(folder: Path, number: int) -> Path:
    """Where a shard lies."""
    return folder / f"shard-{number:05d}"


def write_shard(folder: Path, number: int, shard: Shard) -> None:
    """Write a shard whole: it appears under its name only when all of it is there."""
    work = Path(tempfile.mkdtemp(prefix=".shard-", dir=folder))
    for field in fields(Shard):
        np.save(work / f"{field.name}.npy", getattr(shard, field.name))
    os.chmod(work, 0o755)
    os.rename(work, shard_path(folder, number))
