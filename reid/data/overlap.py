"""Whether people of the training set are in the validation set too: then its scores say nothing.

Only what can be known is looked for: the same folder, the same labels in two parts of one folder, the same pictures.
Two renderings, or two photos, of one person are not found.
"""

import hashlib
from pathlib import Path

import numpy as np

from core.errors import InputError
from reid.data.layouts import Layout, layout_of
from reid.data.shards import ShardSet, is_shards

_LOOKED_AT = 256  # pictures of the validation set that are looked for in the whole training set


def require_apart(train: Path, validation: Path) -> None:
    """Raises InputError, saying what both have, where `validation` is not of other people than `train`."""
    if train.resolve() == validation.resolve():
        if is_shards(train) or not layout_of(train).split:
            raise InputError(f"data.train and data.validation are one folder, {train}; give a folder of other people")
        _require_other_labels(layout_of(train), train)
    mine, theirs = _Contents(train, training=True), _Contents(validation, training=False)
    if mine.are_files != theirs.are_files:
        return  # a rendered crop and a compressed picture are never the same bytes
    known = {mine.key(row) for row in range(len(mine))}
    rows = np.unique(np.linspace(0, len(theirs) - 1, _LOOKED_AT).astype(int)).tolist()
    if found := [row for row in rows if theirs.key(row) in known]:
        raise InputError(
            f"data.validation, {validation}: {len(found)} of the {len(rows)} pictures looked at are in data.train, "
            f"{train}, too, {theirs.name(found[0])} the first; train and validate on different people"
        )


def _require_other_labels(layout: Layout, folder: Path) -> None:
    """Nobody is in both parts of a folder whose labels mean the same in both; distractors may be."""
    if not layout.same_labels:
        return
    query, gallery = layout.test(folder)
    tested = np.concatenate([part.identity for part in (query, gallery) if part is not None])
    both = np.intersect1d(layout.train(folder).identity, tested)
    if len(both := both[both != layout.nobody]):
        raise InputError(f"{folder}: {len(both)} identities, {both[:5].tolist()} first, are to train and to test on")


class _Contents:
    """Pictures by what is in them: files by a checksum, rendered crops by two of their rows, which cost two pages."""

    def __init__(self, folder: Path, *, training: bool) -> None:
        self._crops = ShardSet(folder) if is_shards(folder) else None
        self._paths: list[Path] = []
        if self._crops is None:
            layout = layout_of(folder)
            parts = [layout.train(folder)] if training else [part for part in layout.test(folder) if part is not None]
            self._paths = [path for part in parts for path in part.paths]

    def __len__(self) -> int:
        return len(self._paths) if self._crops is None else len(self._crops)

    @property
    def are_files(self) -> bool:
        """Whether these are picture files."""
        return self._crops is None

    def key(self, row: int) -> bytes:
        """The same for the same picture. Raises InputError."""
        if self._crops is not None:
            image = self._crops[row].image
            return image[len(image) // 3].tobytes() + image[len(image) // 2].tobytes()
        try:
            return hashlib.sha256(self._paths[row].read_bytes()).digest()
        except OSError as error:
            raise InputError(f"{self._paths[row]}: cannot be read: {error.strerror}") from error

    def name(self, row: int) -> str:
        """For messages."""
        return f"crop {row}" if self._crops is not None else self._paths[row].name
