"""Meshes that bones move: cutting, splitting for texture, and linear blend skinning."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from synth.render.scene_buffers import vertex_normals

_INFLUENCES = 4


@dataclass(frozen=True)
class Cloth:
    """A mesh at rest before texture: vertices (V, 3) float64 metres, weights (V, B) float64, faces (F, 3) int32."""

    vertices: np.ndarray
    weights: np.ndarray
    faces: np.ndarray

    def keep_faces(self, wanted: np.ndarray) -> "Cloth":
        """Only these faces (F,) bool, and the vertices they need."""
        used, faces = np.unique(self.faces[wanted], return_inverse=True)
        return Cloth(self.vertices[used], self.weights[used], faces.reshape(-1, 3).astype(np.int32))


@dataclass(frozen=True)
class Skinned:
    """A textured mesh that follows bones.

    rest (V, 3) float64, bones (V, 4) int32 and weights (V, 4) float64; faces (F, 3) int32 over those; source (U,)
    int32: the vertex of each textured vertex, textured_faces (F, 3), uv (U, 2) float32; texture (h, w, 3) uint8 sRGB.
    """

    rest: np.ndarray
    bones: np.ndarray
    weights: np.ndarray
    faces: np.ndarray
    source: np.ndarray
    textured_faces: np.ndarray
    uv: np.ndarray
    texture: np.ndarray
    material: int
    double_sided: bool = False

    def posed(self, transforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Vertices (U, 3) float32 and normals (U, 3) float32 after bone transforms (B, 3, 4)."""
        vertices = _skin(self.rest, self.bones, self.weights, transforms)
        normals = vertex_normals(vertices, self.faces)
        return vertices[self.source].astype(np.float32), normals[self.source]


@njit(cache=True, error_model="numpy")
def _skin(rest: np.ndarray, bones: np.ndarray, weights: np.ndarray, transforms: np.ndarray) -> np.ndarray:
    out = np.zeros((rest.shape[0], 3))
    for v in range(rest.shape[0]):
        for n in range(bones.shape[1]):
            w = weights[v, n]
            if w == 0.0:
                continue
            t = transforms[bones[v, n]]
            for axis in range(3):
                out[v, axis] += w * (
                    t[axis, 0] * rest[v, 0] + t[axis, 1] * rest[v, 1] + t[axis, 2] * rest[v, 2] + t[axis, 3]
                )
    return out


def textured(
    cloth: Cloth, uv_of_corner: np.ndarray, texture: np.ndarray, material: int, double_sided: bool = False
) -> Skinned:
    """Give each face corner its texture coordinate (F, 3, 2); corners that agree share a vertex."""
    steps = np.rint(uv_of_corner.reshape(-1, 2) * 2048).astype(np.int64) & 0xFFFF
    keys = (cloth.faces.reshape(-1).astype(np.int64) << 32) | (steps[:, 0] << 16) | steps[:, 1]
    _, first, index = np.unique(keys, return_index=True, return_inverse=True)
    bones = np.argsort(-cloth.weights, 1, kind="stable")[:, :_INFLUENCES].astype(np.int32)
    weights = np.take_along_axis(cloth.weights, bones, 1)
    return Skinned(
        rest=np.ascontiguousarray(cloth.vertices, np.float64),
        bones=bones,
        weights=weights / weights.sum(1, keepdims=True),
        faces=cloth.faces,
        source=cloth.faces.reshape(-1)[first].astype(np.int32),
        textured_faces=index.reshape(-1, 3).astype(np.int32),
        uv=uv_of_corner.reshape(-1, 2)[first].astype(np.float32),
        texture=texture,
        material=material,
        double_sided=double_sided,
    )


def cut(cloth: Cloth, field: np.ndarray) -> Cloth:
    """The part of the mesh where `field` (V,) is positive, with a clean edge where it crosses zero."""
    inside = field > 0
    count = inside[cloth.faces].sum(1)
    whole = cloth.faces[count == 3]
    crossing = cloth.faces[(count == 1) | (count == 2)]
    # Turn each crossing face so that its odd vertex comes first.
    odd = np.where(inside[crossing].sum(1) == 1, inside[crossing].argmax(1), (~inside[crossing]).argmax(1))
    turned = np.stack([np.take_along_axis(crossing, ((odd + k) % 3)[:, None], 1)[:, 0] for k in range(3)], 1)
    edges = np.sort(np.concatenate([turned[:, [0, 1]], turned[:, [0, 2]]]), 1).astype(np.int64)
    unique, index = np.unique((edges[:, 0] << 32) | edges[:, 1], return_inverse=True)
    a, b = unique >> 32, unique & 0xFFFFFFFF
    t = (
        (field[a] / np.where(field[a] == field[b], 1.0, field[a] - field[b]))[:, None]
        if len(unique)
        else np.zeros((0, 1))
    )
    vertices = np.concatenate([cloth.vertices, cloth.vertices[a] * (1 - t) + cloth.vertices[b] * t])
    weights = np.concatenate([cloth.weights, cloth.weights[a] * (1 - t) + cloth.weights[b] * t])
    index = index.reshape(-1) + len(cloth.vertices)
    first, second = index[: len(turned)], index[len(turned) :]
    single = inside[turned[:, 0]] if len(turned) else np.zeros(0, bool)
    tips = np.stack([turned[:, 0], first, second], 1)[single]
    quads = [
        np.stack([first, turned[:, 1], turned[:, 2]], 1)[~single],
        np.stack([first, turned[:, 2], second], 1)[~single],
    ]
    faces = np.concatenate([whole, tips, *quads]).astype(np.int32)
    return Cloth(vertices, weights, faces).keep_faces(np.ones(len(faces), bool))
