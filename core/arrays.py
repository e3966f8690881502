"""Checks that an array is what a type promises, and copies that nobody can write to."""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from core.errors import ShapeError


def frozen(name: str, value: ArrayLike, shape: tuple[int | None, ...], dtype: DTypeLike) -> np.ndarray:
    """`value` as a read-only array of `dtype` and `shape` (None: any length there).

    An empty value takes the shape (0, …) promised. Raises ShapeError where the shape or a value does not fit.
    """
    array = np.array(value, dtype=dtype)
    if array.size == 0 and not _fits(array, shape):  # an empty list, say
        array = array.reshape([0 if (length is None or axis == 0) else length for axis, length in enumerate(shape)])
    if not _fits(array, shape):
        raise ShapeError(f"{name}: expected shape {_spell(shape)}, got {array.shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ShapeError(f"{name}: expected finite numbers, got NaN or infinity in row {_first_bad_row(array)}")
    array.setflags(write=False)
    return array


def _fits(array: np.ndarray, shape: tuple[int | None, ...]) -> bool:
    return array.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, array.shape, strict=True)
    )


def _first_bad_row(array: np.ndarray) -> int:
    return int(np.argwhere(~np.isfinite(array))[0][0])


def _spell(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("any" if length is None else str(length) for length in shape) + ")"
