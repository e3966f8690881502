"""Shadow maps: how far the directional lamp shines along each ray, before something stops it."""

from typing import NamedTuple

import numpy as np
from numba import njit

from synth.render.raster import bounds, rasterise_flat

_SIDE_PX = 1024
_MARGIN_M = 0.05
_TEXEL_M = 0.01  # no finer than this
BIAS_M = 0.03  # a surface must lie this far behind a caster to be in its shadow


class ShadowMap(NamedTuple):
    """depth_m (N, N) float32: distance along the light at which it stops, inf where nothing is hit; to_map (3, 4):
    takes world points (x, y, z, 1) to column px, row px and distance along the light."""

    depth_m: np.ndarray
    to_map: np.ndarray


def cast(vertices_m: np.ndarray, faces: np.ndarray, direction: np.ndarray, side_px: int = _SIDE_PX) -> ShadowMap:
    """The shadow map of triangles (F, 3) over world vertices (V, 3), fitted around them. No faces give an empty map."""
    forward = np.asarray(direction, np.float64) / np.linalg.norm(direction)
    helper = np.array([1.0, 0.0, 0.0]) if abs(forward[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
    right = np.cross(helper, forward)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(forward, right), forward])
    if len(faces) == 0:
        return ShadowMap(np.full((1, 1), np.inf, np.float32), np.hstack([axes, np.full((3, 1), -1e9)]))
    points = vertices_m @ axes.T
    touched = np.zeros(len(points), bool)
    touched[faces] = True
    low, high = bounds(points[:, :2], touched)
    low, high = low - _MARGIN_M, high + _MARGIN_M
    scale = min(side_px / max(high - low), 1 / _TEXEL_M)
    to_map = np.hstack([axes, np.zeros((3, 1))])
    to_map[:2] *= scale
    to_map[:2, 3] = -low * scale
    points[:, :2] = (points[:, :2] - low) * scale
    shape = np.maximum(1, np.ceil((high - low) * scale)).astype(int)
    depth = np.full((shape[1], shape[0]), np.inf, np.float32)
    rasterise_flat(points, faces, depth)
    return ShadowMap(depth, to_map)


@njit(cache=True, inline="always", error_model="numpy")
def lit(shadow: ShadowMap, x: float, y: float, z: float) -> float:
    """The part of the lamp's light that reaches a world point, 0 to 1: the mean over 3×3 texels of the map."""
    depth, to_map = shadow.depth_m, shadow.to_map
    column = to_map[0, 0] * x + to_map[0, 1] * y + to_map[0, 2] * z + to_map[0, 3]
    row = to_map[1, 0] * x + to_map[1, 1] * y + to_map[1, 2] * z + to_map[1, 3]
    if column < 0 or row < 0 or column >= depth.shape[1] or row >= depth.shape[0]:
        return 1.0
    distance = to_map[2, 0] * x + to_map[2, 1] * y + to_map[2, 2] * z + to_map[2, 3] - BIAS_M
    free = 0
    for dr in range(-1, 2):
        for dc in range(-1, 2):
            r = min(max(int(row) + dr, 0), depth.shape[0] - 1)
            c = min(max(int(column) + dc, 0), depth.shape[1] - 1)
            if distance <= depth[r, c]:
                free += 1
    return free / 9.0
