"""The tracks of one camera as columns of equal length."""

from typing import Any

import numpy as np

from core.errors import ShapeError

# Column: dtype and shape of one entry.
Columns = dict[str, tuple[Any, tuple[int, ...]]]
BASE: Columns = {
    "local_id": (np.int32, ()),
    "hits": (np.int32, ()),
    "born_s": (np.float64, ()),
    "seen_s": (np.float64, ()),
    "confirmed": (np.bool_, ()),
    "score": (np.float64, ()),
    "box": (np.float64, (4,)),
}


class TrackTable:
    """Columns of N tracks, by name. What is added to a column not given is 0."""

    def __init__(self, extra: Columns | None = None) -> None:
        self._kinds = BASE | (extra or {})
        self._columns = {name: np.zeros((0, *shape), dtype) for name, (dtype, shape) in self._kinds.items()}

    def __len__(self) -> int:
        return len(self._columns["local_id"])

    def __getitem__(self, name: str) -> np.ndarray:
        return self._columns[name]

    def append(self, count: int, **values: np.ndarray | float | bool) -> None:
        """Add `count` tracks with the values given, each an array of `count` entries or one for all."""
        for name, (dtype, shape) in self._kinds.items():
            fresh = np.zeros((count, *shape), dtype)
            if name in values:
                fresh[...] = values[name]
            self._columns[name] = np.concatenate([self._columns[name], fresh])

    def keep(self, mask: np.ndarray) -> None:
        """Keep the tracks where `mask` (N,) is true."""
        for name, column in self._columns.items():
            self._columns[name] = column[mask]

    def resize(self, name: str, shape: tuple[int, ...]) -> None:
        """Begin a column again with entries of another shape, all 0."""
        dtype, _ = self._kinds[name]
        self._kinds = self._kinds | {name: (dtype, shape)}
        self._columns[name] = np.zeros((len(self), *shape), dtype)

    def state(self) -> dict[str, np.ndarray]:
        """A copy of all columns."""
        return {name: column.copy() for name, column in self._columns.items()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Take over what `state` gave. Raises ShapeError where the columns are those of another tracker."""
        if set(state) != set(self._kinds):
            raise ShapeError(f"saved tracks: expected columns {sorted(self._kinds)}, got {sorted(state)}")
        self._columns = {name: np.array(column) for name, column in state.items()}
        self._kinds = {name: (dtype, self._columns[name].shape[1:]) for name, (dtype, _) in self._kinds.items()}
