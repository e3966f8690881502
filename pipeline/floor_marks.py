"""Marks on the floor that somebody measured there and clicked in a picture, and whether they can say anything."""

from dataclasses import dataclass

import numpy as np

from core.arrays import frozen
from core.errors import ShapeError

LEAST_MARKS = 4


@dataclass(frozen=True)
class MarksConfig:
    """outside: how far beyond the picture a click may be, as a share of the picture's width or height.

    same_px, same_m: marks closer than that are one. thin: points whose width is less than this share of their length
    are on one line.
    """

    outside: float = 0.01
    same_px: float = 1.0
    same_m: float = 1e-3
    thin: float = 0.01


@dataclass(frozen=True, eq=False)
class Marks:
    """points_px (N, 2) in a picture of size_px (width, height); points_m (N, 2) on the floor; float64, N ≥ 4.

    Raises ShapeError, which begins with the array at fault, for fewer (none included), unequal numbers, numbers that
    are not finite, a click outside the picture, a mark that is there twice, and marks of which all, or all but one, are
    on one line, in the picture or on the floor.
    """

    points_px: np.ndarray
    points_m: np.ndarray
    size_px: tuple[int, int]
    config: MarksConfig = MarksConfig()

    def __post_init__(self) -> None:
        """Validate and freeze."""
        for name in ("points_px", "points_m"):
            object.__setattr__(self, name, frozen(name, getattr(self, name), (None, 2), np.float64))
        if len(self.points_px) != len(self.points_m):
            raise ShapeError(
                "points_px and points_m: expected the same marks in the same order, got "
                f"{len(self.points_px)} and {len(self.points_m)}"
            )
        if len(self) < LEAST_MARKS:
            raise ShapeError(f"points_px and points_m: expected at least {LEAST_MARKS} marks, got {len(self)}")
        self._check_picture()
        _check_spread("points_px", self.points_px, self.config.same_px, self.config.thin)
        _check_spread("points_m", self.points_m, self.config.same_m, self.config.thin)

    def __len__(self) -> int:
        return len(self.points_px)

    def without(self, row: int) -> "Marks":
        """All but one. Raises ShapeError where the others alone say nothing."""
        return Marks(np.delete(self.points_px, row, 0), np.delete(self.points_m, row, 0), self.size_px, self.config)

    def describe(self, row: int) -> str:
        """A mark as a user wrote it, counted from 1."""
        return f"mark {row + 1}, {_spell(self.points_px[row])} px for {_spell(self.points_m[row])} m,"

    def _check_picture(self) -> None:
        size = np.array(self.size_px)
        beyond = np.maximum(-self.points_px, self.points_px - size) > self.config.outside * size
        if beyond.any():
            row = int(beyond.any(axis=1).argmax())
            raise ShapeError(
                f"points_px: {self.describe(row)} is outside the picture of {self.size_px[0]} × {self.size_px[1]} px; "
                "expected [x, y] from its upper left corner. If the picture clicked in had another size, give that as "
                "size_px = [width, height]"
            )


def _check_spread(name: str, points: np.ndarray, same: float, thin: float) -> None:
    apart = np.linalg.norm(points[:, None] - points, axis=2) + np.where(np.tri(len(points)), np.inf, 0)
    one, other = np.unravel_index(apart.argmin(), apart.shape)
    if apart[one, other] < same:
        raise ShapeError(
            f"{name}: marks {one + 1} and {other + 1} are one, {_spell(points[one])} and {_spell(points[other])}; "
            "leave one of them out, or correct it"
        )
    if any(_is_line(np.delete(points, row, axis=0), thin) for row in range(len(points))):
        raise ShapeError(
            f"{name}: all marks, or all but one, are on one line, which says nothing about the floor beside it; spread "
            "them like the corners of a rectangle"
        )


def _is_line(points: np.ndarray, thin: float) -> bool:
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    length, width = np.ptp(centred @ axes.T, axis=0)
    return bool(width < thin * length)


def _spell(point: np.ndarray) -> str:
    return "[" + ", ".join(f"{value:.10g}" for value in point) + "]"
