"""Many surfaces as one set of flat arrays: what the kernels read."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from synth.types import Surface


class Batch(NamedTuple):
    """Triangles of several surfaces, end to end.

    vertices_m (V, 3) float64, normals (V, 3) float32, uv (V, 2) float32, faces (F, 3) int32, surface_of_face (F,)
    int32, texel_density (F,) float32: texels per square metre; double_sided (F,) bool; object_ids and materials (S,);
    textures: one flat uint8 array of all mip levels, levels (S, L, 3) int64: offset, height, width of each level;
    casts_shadow (F,) bool.
    """

    vertices_m: np.ndarray
    normals: np.ndarray
    uv: np.ndarray
    faces: np.ndarray
    surface_of_face: np.ndarray
    texel_density: np.ndarray
    double_sided: np.ndarray
    casts_shadow: np.ndarray
    object_ids: np.ndarray
    materials: np.ndarray
    textures: np.ndarray
    levels: np.ndarray


_LEVELS = 8  # 256 texels wide come down to 2


def batch(surfaces: Sequence[Surface]) -> Batch:
    """Put surfaces end to end. No surfaces give empty arrays."""
    starts = np.cumsum([0, *(len(s.vertices_m) for s in surfaces)])
    vertices = _stack([s.vertices_m for s in surfaces], (0, 3), np.float64)
    faces = _stack([s.faces + start for s, start in zip(surfaces, starts, strict=False)], (0, 3), np.int32)
    counts = [len(s.faces) for s in surfaces]
    of_face = np.repeat(np.arange(len(surfaces), dtype=np.int32), counts)
    uv = _stack([s.uv for s in surfaces], (0, 2), np.float32)
    normals = _stack(
        [
            s.normals if s.normals is not None else vertex_normals(np.asarray(s.vertices_m, np.float64), s.faces)
            for s in surfaces
        ],
        (0, 3),
        np.float32,
    )
    textures, levels = _pyramids([s.texture for s in surfaces])
    sizes = levels[:, 0, 1:].astype(np.float32) if len(surfaces) else np.zeros((0, 2), np.float32)
    return Batch(
        vertices_m=vertices,
        normals=normals,
        uv=uv,
        faces=faces,
        surface_of_face=of_face,
        texel_density=_density(vertices, faces, uv, sizes, of_face),
        double_sided=np.repeat(np.array([s.double_sided for s in surfaces], bool), counts),
        casts_shadow=np.repeat(np.array([s.casts_shadow for s in surfaces], bool), counts),
        object_ids=np.array([s.object_id for s in surfaces], np.int32),
        materials=np.array([s.material for s in surfaces], np.uint8),
        textures=textures,
        levels=levels,
    )


@njit(cache=True, error_model="numpy")
def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3) float32, the mean of the adjoining faces weighted by area; zero where a vertex has none."""
    total = np.zeros((vertices.shape[0], 3), np.float32)
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, az = vertices[j, 0] - vertices[i, 0], vertices[j, 1] - vertices[i, 1], vertices[j, 2] - vertices[i, 2]
        bx, by, bz = vertices[k, 0] - vertices[i, 0], vertices[k, 1] - vertices[i, 1], vertices[k, 2] - vertices[i, 2]
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        for v in (i, j, k):
            total[v, 0] += nx
            total[v, 1] += ny
            total[v, 2] += nz
    for v in range(total.shape[0]):
        length = np.sqrt(total[v, 0] ** 2 + total[v, 1] ** 2 + total[v, 2] ** 2)
        if length > 0:
            total[v] /= length
    return total


@njit(cache=True, error_model="numpy")
def _density(
    vertices: np.ndarray, faces: np.ndarray, uv: np.ndarray, sizes: np.ndarray, surface_of_face: np.ndarray
) -> np.ndarray:
    density = np.zeros(faces.shape[0], np.float32)
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, az = vertices[j, 0] - vertices[i, 0], vertices[j, 1] - vertices[i, 1], vertices[j, 2] - vertices[i, 2]
        bx, by, bz = vertices[k, 0] - vertices[i, 0], vertices[k, 1] - vertices[i, 1], vertices[k, 2] - vertices[i, 2]
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        area = np.sqrt(nx * nx + ny * ny + nz * nz)
        du, dv = uv[j, 0] - uv[i, 0], uv[j, 1] - uv[i, 1]
        eu, ev = uv[k, 0] - uv[i, 0], uv[k, 1] - uv[i, 1]
        s = surface_of_face[f]
        texels = abs(du * ev - dv * eu) * sizes[s, 0] * sizes[s, 1]
        density[f] = texels / max(area, 1e-12)
    return density


def _pyramids(textures: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    pyramids = [_pyramid(_Same(texture)) for texture in textures]
    starts = np.cumsum([0, *(len(flat) for flat, _ in pyramids)])
    levels = np.zeros((len(textures), _LEVELS, 3), np.int64)
    for s, (_, own) in enumerate(pyramids):
        levels[s] = own
        levels[s, :, 0] += starts[s]
    return np.concatenate([flat for flat, _ in pyramids] or [np.zeros(0, np.uint8)]), levels


class _Same:
    """An array as a key: equal to itself alone. Textures are made once and never written to."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def __hash__(self) -> int:
        return id(self.array)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.array is self.array


@lru_cache(maxsize=256)  # some dozens of MB; the same clothes are drawn again and again
def _pyramid(texture: _Same) -> tuple[np.ndarray, np.ndarray]:
    """All levels of one texture end to end, and (L, 3) int64 where each begins, its height and width."""
    levels = np.zeros((_LEVELS, 3), np.int64)
    height, width = texture.array.shape[:2]
    total = 0
    for level in range(_LEVELS):
        levels[level] = total, height, width
        total += height * width * 3
        height, width = max(1, height // 2), max(1, width // 2)
    flat = np.empty(total, np.uint8)
    flat[: texture.array.size] = np.asarray(texture.array, np.uint8).ravel()
    _shrink(flat, levels)
    return flat, levels


@njit(cache=True)
def _shrink(flat: np.ndarray, levels: np.ndarray) -> None:
    """Fill each level by averaging 2×2 texels of the one before."""
    for level in range(1, levels.shape[0]):
        source, height, width = levels[level - 1]
        target, low, narrow = levels[level]
        for row in range(low):
            r0, r1 = min(2 * row, height - 1), min(2 * row + 1, height - 1)
            for column in range(narrow):
                c0, c1 = min(2 * column, width - 1), min(2 * column + 1, width - 1)
                for c in range(3):
                    flat[target + (row * narrow + column) * 3 + c] = (
                        np.int32(flat[source + (r0 * width + c0) * 3 + c])
                        + flat[source + (r0 * width + c1) * 3 + c]
                        + flat[source + (r1 * width + c0) * 3 + c]
                        + flat[source + (r1 * width + c1) * 3 + c]
                        + 2
                    ) // 4


def _stack(parts: list[np.ndarray], empty: tuple[int, int], dtype: type) -> np.ndarray:
    if not parts:
        return np.zeros(empty, dtype)
    return np.ascontiguousarray(np.concatenate(parts), dtype=dtype)
