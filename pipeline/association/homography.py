"""From the feet of people in two pictures of one floor to the homography between them, and how well it fits."""

from collections.abc import Callable

import numpy as np

from pipeline.association.foot_path import Shared

FAR_HEIGHTS = 9.0  # distances are cut here


def distance_heights(homography: np.ndarray, points: Shared) -> np.ndarray:
    """How far apart homography (…, 3, 3) says the two of each instant are (…, K): the larger of both pictures.

    In body heights, cut at FAR_HEIGHTS.
    """
    return np.maximum(*distances_heights(homography, points))


def distances_heights(homography: np.ndarray, points: Shared) -> tuple[np.ndarray, np.ndarray]:
    """As `distance_heights`, in the first camera's picture and in the other's."""
    there, here = apply(homography, points.one_px), apply(np.linalg.inv(homography), points.other_px)
    return (
        _cut(np.linalg.norm(here - points.one_px, axis=-1) / points.one_height_px),
        _cut(np.linalg.norm(there - points.other_px, axis=-1) / points.other_height_px),
    )


def apply(homography: np.ndarray, points_px: np.ndarray) -> np.ndarray:
    """Points (K, 2) px through homography (…, 3, 3), px (…, K, 2); not finite on the horizon."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mapped = points_px @ np.swapaxes(homography[..., :2], -1, -2) + homography[..., None, :, 2]
        return np.asarray(mapped[..., :2] / mapped[..., 2:])


def _cut(distance: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(distance), np.minimum(distance, FAR_HEIGHTS), FAR_HEIGHTS)


def normal_matrices(
    points: Shared, owner: np.ndarray, count: int, weight: np.ndarray | None = None
) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """A'A (count, 9, 9) of the direct linear transform of each owner's points; and from its solutions to homographies.

    Points are normalised together (Hartley 1997), so that the matrices of several owners may be added. Each equation
    counts by the body's height there, so that errors are in heights.
    """
    (one, into_one), (other, into_other) = _normalised(points.one_px), _normalised(points.other_px)
    rows = np.zeros((len(points), 2, 9))
    for axis in (0, 1):
        rows[:, axis, 3 * axis : 3 * axis + 2], rows[:, axis, 3 * axis + 2] = one, 1
        rows[:, axis, 6:8], rows[:, axis, 8] = -other[:, axis, None] * one, -other[:, axis]
    rows /= (points.other_height_px / np.median(points.other_height_px))[:, None, None]
    if weight is not None:
        rows *= weight[:, None, None]
    normal = np.zeros((count, 9, 9))
    np.add.at(normal, owner, np.einsum("kai,kaj->kij", rows, rows))

    def back(solutions: np.ndarray) -> np.ndarray:
        homographies = np.linalg.inv(into_other) @ solutions.reshape(-1, 3, 3) @ into_one
        return np.asarray(homographies / np.linalg.norm(homographies, axis=(1, 2), keepdims=True))

    return normal, back


def _normalised(points_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points around 0 at a mean distance of √2, and the matrix (3, 3) that takes them there."""
    middle = points_px.mean(axis=0)
    scale = np.sqrt(2) / max(float(np.linalg.norm(points_px - middle, axis=1).mean()), 1e-6)
    matrix = np.array([[scale, 0, -scale * middle[0]], [0, scale, -scale * middle[1]], [0, 0, 1]])
    return (points_px - middle) * scale, matrix
