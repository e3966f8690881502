"""Checks that an array is what a type promises, copies that nobody can write to, and files of arrays."""

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from core.errors import InputError, ShapeError


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


@contextmanager
def open_arrays(path: Path) -> Iterator[Mapping[str, np.ndarray]]:
    """The arrays of an .npz by name, read when asked for.

    Raises InputError where the file is none, or where what the body asks for is damaged; KeyError for a name that is
    not in it.
    """
    try:
        with path.open("rb") as raw:  # by NumPy's hand it would stay open where it is no archive
            file = np.load(raw, allow_pickle=False)
            if isinstance(file, np.ndarray):
                raise InputError(f"{path}: expected arrays written by numpy.savez, got one written by numpy.save")
            with file:
                yield file
    except InputError:
        raise
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: expected arrays written by numpy.savez, got {error}") from error


def _fits(array: np.ndarray, shape: tuple[int | None, ...]) -> bool:
    return array.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, array.shape, strict=True)
    )


def _first_bad_row(array: np.ndarray) -> int:
    return int(np.argwhere(~np.isfinite(array))[0][0])


def _spell(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("any" if length is None else str(length) for length in shape) + ")"
