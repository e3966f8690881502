"""Reader of rendered crops: memory-mapped shards as `python -m synth crops` writes them.

A set is a folder with `dataset.json` and folders `shard-NNNNN`, each with images.npy (n, H, W, 3) uint8 BGR,
identity.npy (n,) int32, camera.npy (n,) int16, keypoints_xyc.npy and others_xyc.npy (n, 17, 3) px in the crop (others:
one more person's, confidence 0 where nobody is), and, where it says what people wear, attributes.npy (n, A) int16.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from core.errors import InputError
from reid.data.attributes import AttributeLabels, read_attributes

_ARRAYS = {"images": 4, "identity": 1, "camera": 1, "keypoints_xyc": 3, "others_xyc": 3}


@dataclass(frozen=True, eq=False)
class Sample:
    """One crop: image (H, W, 3) uint8 BGR; keypoints_xyc, others_xyc (17, 3)."""

    image: np.ndarray
    keypoints_xyc: np.ndarray
    others_xyc: np.ndarray


class ShardSet:
    """All crops of a folder behind one index. `identity` and `camera` (n,) int64 are in memory, pictures are not.

    `identities`: how many the finished set has, numbered from 0; while it is being written, some have no crops yet.
    """

    def __init__(self, folder: Path) -> None:
        """Open `folder`. Raises InputError for a missing, empty or broken set."""
        shards = sorted(path for path in folder.glob("shard-*") if path.is_dir() and path.name[6:].isdigit())
        if not shards:
            raise InputError(f"{folder}: no shard-NNNNN folders; write some with `python -m synth crops`")
        opened = [_open(shard) for shard in shards]
        lengths = [len(arrays["identity"]) for arrays in opened]
        self.folder = folder
        self._folders, self._lengths = shards, lengths
        self.identities = _identities(folder)
        self._starts = np.cumsum([0, *lengths])
        self._shards = opened
        self.identity = np.concatenate([arrays["identity"] for arrays in opened]).astype(np.int64)
        self.camera = np.concatenate([arrays["camera"] for arrays in opened]).astype(np.int64)
        if self.identity.min() < 0 or self.identity.max() >= self.identities:
            found = int(self.identity.min()), int(self.identity.max())
            raise InputError(f"{folder}: expected identities from 0 to {self.identities - 1}, got {found}")

    @cached_property
    def attributes(self) -> AttributeLabels:
        """What the people wear, read when it is first asked for. Raises InputError: the set does not say, or broken."""
        return read_attributes(self.folder, self._folders, self._lengths)

    def __len__(self) -> int:
        return len(self.identity)

    def __getitem__(self, index: int) -> Sample:
        shard = int(np.searchsorted(self._starts, index, side="right")) - 1
        row = int(index - self._starts[shard])
        arrays = self._shards[shard]
        return Sample(arrays["images"][row], arrays["keypoints_xyc"][row], arrays["others_xyc"][row])


def is_shards(folder: Path) -> bool:
    """Whether `folder` is such a set and not one of pictures."""
    return (folder / "dataset.json").exists() or any(folder.glob("shard-*"))


def _identities(folder: Path) -> int:
    path = folder / "dataset.json"
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["identities"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: expected JSON with the number of `identities`: {error}") from error


def _open(shard: Path) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    for name, dimensions in _ARRAYS.items():
        path = shard / f"{name}.npy"
        try:
            arrays[name] = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))  # plain views slice faster
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read: {error}") from error
        if arrays[name].ndim != dimensions:
            raise InputError(f"{path}: expected {dimensions} dimensions, got shape {arrays[name].shape}")
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) != 1:
        raise InputError(f"{shard}: arrays of different lengths: {lengths}")
    return arrays
