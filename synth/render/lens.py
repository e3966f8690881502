"""From world to pixels through a pinhole and a radially distorting lens, and the warp that shows it in a picture.

The model is OpenCV's with (k1, k2): a point at (x, y) on the plane z = 1, r² = x² + y², is seen at
(x, y) · (1 + k1 r² + k2 r⁴). `project` and `distort` use the same model, so truth and picture agree.
"""

from dataclasses import fields, replace
from typing import TypeVar

import cv2
import numpy as np

from synth.types import Camera, Rendering

_INVERSION_STEPS = 30
_NEGLIGIBLE = 1e-9  # no lens bends this little
_FAR = 1e6
Picture = TypeVar("Picture", np.ndarray, Rendering)


def project(camera: Camera, points_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels and depths of world points, lens distortion included.

    points_m (N, 3) world metres. Gives pixels (N, 2) float64 and depths (N,) float64 along the optical axis. Points at
    or behind the camera (depth <= 0) have NaN pixels. Empty input gives empty output.
    """
    points = np.asarray(points_m, np.float64).reshape(-1, 3) @ camera.rotation.T + camera.translation_m
    depth = points[:, 2]
    ahead = np.where(depth > 0, depth, np.nan)
    flat = points[:, :2] / ahead[:, None]
    square = np.minimum((flat**2).sum(1), _turning_radius_square(camera.distortion))
    k1, k2 = camera.distortion
    bent = flat * (1 + k1 * square + k2 * square**2)[:, None]
    pixels = bent @ camera.matrix[:2, :2].T + camera.matrix[:2, 2]
    return pixels, depth


def overscan(camera: Camera) -> Camera:
    """The distortion-free camera whose picture holds all that the lens of `camera` sees.

    Same pose and focal length, wider image; `distort` accepts renderings made with it. A camera without distortion is
    given back as it is.
    """
    if camera.distortion == (0.0, 0.0):
        return camera
    straight = _straight_pixels(camera)
    left, top = np.maximum(0, np.ceil(-straight.reshape(-1, 2).min(0))).astype(int) + 1
    right, bottom = (
        np.maximum(0, np.ceil(straight.reshape(-1, 2).max(0) - (camera.width, camera.height))).astype(int) + 1
    )
    matrix = np.array(camera.matrix, np.float64)
    matrix[:2, 2] += (left, top)
    return replace(
        camera,
        matrix=matrix,
        width=int(camera.width + left + right),
        height=int(camera.height + top + bottom),
        distortion=(0.0, 0.0),
    )


def distort(picture: Picture, camera: Camera) -> Picture:
    """The picture as the lens of `camera` shows it.

    picture: a Rendering or an array (H, W) or (H, W, C), seen through `overscan(camera)`; (height, width) of `camera`
    comes out. Colour is interpolated, ids and depth take the nearest pixel. A size that is not the overscan's is a
    ValueError.
    """
    if isinstance(picture, Rendering):
        return replace(picture, **{f.name: distort(getattr(picture, f.name), camera) for f in fields(picture)})
    if camera.distortion == (0.0, 0.0):
        return picture
    wide = overscan(camera)
    if picture.shape[:2] != (wide.height, wide.width):
        raise ValueError(
            f"distort: got a picture of {picture.shape[1]}×{picture.shape[0]} px, expected "
            f"{wide.width}×{wide.height} px, the size of overscan(camera); render with overscan(camera)"
        )
    shift = wide.matrix[:2, 2] - camera.matrix[:2, 2]
    # cv2.remap puts pixel centres at whole numbers, we put them at halves.
    at = (_straight_pixels(camera) + shift - 0.5).astype(np.float32)
    smooth = picture.ndim == 3 and picture.dtype != np.int32
    if picture.dtype == np.int32 or not smooth:
        columns = np.clip(np.rint(at[..., 0]).astype(int), 0, wide.width - 1)
        rows = np.clip(np.rint(at[..., 1]).astype(int), 0, wide.height - 1)
        return picture[rows, columns]
    return cv2.remap(picture, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _straight_pixels(camera: Camera) -> np.ndarray:
    """Where each pixel centre (H, W, 2) of the distorted picture lies in the undistorted one."""
    columns, rows = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    pixels = np.stack([columns, rows], -1)
    bent = (pixels - camera.matrix[:2, 2]) @ np.linalg.inv(camera.matrix[:2, :2]).T
    return _unbend(bent, camera.distortion) @ camera.matrix[:2, :2].T + camera.matrix[:2, 2]


def _unbend(bent: np.ndarray, distortion: tuple[float, float]) -> np.ndarray:
    """Invert the radial polynomial by Newton's method on the radius; beyond its turning point it stays there."""
    k1, k2 = distortion
    limit = np.sqrt(_turning_radius_square(distortion))
    seen = np.linalg.norm(bent, axis=-1)
    radius = np.minimum(seen, limit)
    for _ in range(_INVERSION_STEPS):
        value = radius * (1 + k1 * radius**2 + k2 * radius**4) - seen
        slope = 1 + 3 * k1 * radius**2 + 5 * k2 * radius**4
        radius = np.clip(radius - value / np.maximum(slope, 1e-3), 0, limit)
    return bent * np.where(seen > 0, radius / np.maximum(seen, 1e-12), 1.0)[..., None]


def _turning_radius_square(distortion: tuple[float, float]) -> float:
    """The squared radius up to which the polynomial rises, so that it can be inverted; at most 1e6."""
    k1, k2 = distortion
    if abs(k2) < _NEGLIGIBLE:
        return min(-1 / (3 * k1), _FAR) if k1 < -_NEGLIGIBLE else _FAR
    roots = np.roots([5 * k2, 3 * k1, 1.0])
    rising = [float(r.real) for r in roots if abs(r.imag) < _NEGLIGIBLE and r.real > 0]
    return min([*rising, _FAR])
