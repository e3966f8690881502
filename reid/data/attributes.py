"""What rendered people wear: the labels of a set of shards, as `python -m synth crops` writes them.

`dataset.json` names the attributes and their values in the order of the columns of each shard's attributes.npy (n, A)
int16. Sets from before there were any lack them; nothing but what asks for them needs them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import InputError

MISSING = -1


@dataclass(frozen=True, eq=False)
class AttributeLabels:
    """values: of each attribute, what it can be. rows (n, A) int64: which of them, a column each; MISSING: unknown."""

    values: dict[str, tuple[str, ...]]
    rows: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """(n,) of one attribute; MISSING everywhere where the set does not have it."""
        names = list(self.values)
        return self.rows[:, names.index(name)] if name in names else np.full(len(self.rows), MISSING, np.int64)


def read_attributes(folder: Path, shards: Sequence[Path], lengths: Sequence[int]) -> AttributeLabels:
    """Labels of the crops of `shards`, folders with as many crops as `lengths` says, end to end.

    Raises InputError: the set has none, or they are broken.
    """
    values = _values(folder)
    rows = [_rows(shard / "attributes.npy", values, count) for shard, count in zip(shards, lengths, strict=True)]
    return AttributeLabels(values, np.concatenate(rows).astype(np.int64))


def _values(folder: Path) -> dict[str, tuple[str, ...]]:
    path = folder / "dataset.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["attributes"]
        values = {str(name): tuple(map(str, some)) for name, some in found.items()}
    except KeyError as error:
        raise InputError(
            f"{folder}: says nothing about what people wear (no `attributes` in dataset.json); write a set that does "
            "with `python -m synth crops`"
        ) from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: expected JSON with `attributes`, names and lists of values: {error}") from error
    return values


def _rows(path: Path, values: dict[str, tuple[str, ...]], count: int) -> np.ndarray:
    try:
        rows = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    if rows.shape != (count, len(values)) or not np.issubdtype(rows.dtype, np.integer):
        raise InputError(f"{path}: expected integers of shape {(count, len(values))}, got {rows.dtype} of {rows.shape}")
    limits = np.array([len(some) for some in values.values()])
    if (rows < MISSING).any() or (rows >= limits).any():
        raise InputError(f"{path}: expected places in the lists of dataset.json, or {MISSING}, got others")
    return rows
