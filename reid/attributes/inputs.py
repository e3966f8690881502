"""Descriptors as rows of numbers for linear classifiers."""

from collections.abc import Sequence

import numpy as np

from core.errors import ShapeError
from core.types import Descriptors
from reid.parts.shapes import PARTS

BLOCKS = ("global", "stripes", "parts")


def inputs(found: Descriptors, blocks: Sequence[str] = BLOCKS) -> np.ndarray:
    """(N, F) float32: the named blocks side by side, a part by how much of it is seen. Raises ShapeError.

    A network without parts or stripes gives none of those numbers.
    """
    rows = {
        "global": found.global_,
        "stripes": found.stripes.reshape(len(found), -1),
        "parts": (found.parts * found.visibility[..., None]).reshape(len(found), -1),
    }
    if unknown := sorted(set(blocks) - set(rows)):
        raise ShapeError(f"blocks: expected some of {BLOCKS}, got {unknown}")
    return np.concatenate([rows[name] for name in blocks], axis=1, dtype=np.float32)


def seen(found: Descriptors, parts: Sequence[str], least: float) -> np.ndarray:
    """(N,) bool: whether a crop shows one of `parts`, none named counts as seen; also where nobody can tell, since the
    network has no parts or the crop no keypoints."""
    names = list(PARTS.get(found.visibility.shape[1], ()))
    columns = [place for place, name in enumerate(names) if name in parts]
    if not columns:
        return np.ones(len(found), bool)
    return (found.visibility[:, columns] >= least).any(axis=1) | (found.visibility == 0).all(axis=1)
