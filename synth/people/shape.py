"""One person's body at rest, measured: which vertex belongs to which limb and how far along it lies."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import sparse

from synth.people.body import BONES, BodyModel, body_model
from synth.people.skin import Cloth
from synth.render.scene_buffers import vertex_normals

_ARM_BONES = ("upperarm01", "lowerarm01", "wrist", "finger1-2", "finger3-1", "finger3-2")
_ARM = tuple(BONES.index(f"{b}.{s}") for s in "LR" for b in _ARM_BONES)
_LEG = tuple(BONES.index(f"{b}.{s}") for s in "LR" for b in ("upperleg01", "lowerleg01", "foot", "toe2-1"))


@dataclass(frozen=True)
class Shape:
    """A body at rest in the person frame, and per vertex where on the body it is.

    vertices (V, 3), normals (V, 3), heads (B, 3); left (V,) bool; arm and leg (V,): how much the limb's bones move it,
    0 to 1; along_arm (V,): 0 at the shoulder, 1 at the wrist; along_leg (V,): 0 at the hip, 1 at the ankle.
    """

    model: BodyModel
    vertices: np.ndarray
    normals: np.ndarray
    heads: np.ndarray
    arm: np.ndarray
    leg: np.ndarray
    along_arm: np.ndarray
    along_leg: np.ndarray

    @property
    def height_m(self) -> float:
        """Bare feet to crown."""
        return float(self.vertices[:, 2].max())

    def head(self, bone: str) -> np.ndarray:
        """Where a bone starts (3,)."""
        return self.heads[BONES.index(bone)]

    def cloth(self, vertices: np.ndarray | None = None) -> Cloth:
        """The whole body's mesh, or the same mesh with these vertices."""
        return Cloth(self.vertices if vertices is None else vertices, _weights64(), self.model.faces)


@lru_cache(maxsize=1)
def _weights64() -> np.ndarray:
    return np.asarray(body_model().weights, np.float64)


@lru_cache(maxsize=1)
def neighbours() -> sparse.csr_matrix:
    """(V, V) row-stochastic: takes a value per vertex to the mean over its neighbours."""
    model = body_model()
    faces = np.asarray(model.faces)
    i = np.concatenate([faces[:, k] for k in (0, 1, 2, 1, 2, 0)])
    j = np.concatenate([faces[:, k] for k in (1, 2, 0, 0, 1, 2)])
    count = model.weights.shape[0]
    links = sparse.csr_matrix((np.ones(len(i)), (i, j)), shape=(count, count))
    links.data[:] = 1.0
    degree = np.maximum(np.asarray(links.sum(1)).ravel(), 1)
    return sparse.diags(1 / degree) @ links


def measure(vertices: np.ndarray, heads: np.ndarray) -> Shape:
    """Measure a blended body (see `BodyModel.blend`)."""
    model = body_model()
    weights = _weights64()
    left = vertices[:, 1] > 0

    def along(start: str, end: str) -> np.ndarray:
        out = np.zeros(len(vertices))
        for side, which in (("L", left), ("R", ~left)):
            a, b = heads[BONES.index(f"{start}.{side}")], heads[BONES.index(f"{end}.{side}")]
            out[which] = (vertices[which] - a) @ (b - a) / ((b - a) @ (b - a))
        return out

    upper, fore = along("upperarm01", "lowerarm01"), along("lowerarm01", "wrist")
    thigh, shin = along("upperleg01", "lowerleg01"), along("lowerleg01", "foot")
    return Shape(
        model=model,
        vertices=vertices,
        normals=vertex_normals(vertices, model.faces).astype(np.float64),
        heads=heads,
        arm=weights[:, _ARM].sum(1),
        leg=weights[:, _LEG].sum(1),
        along_arm=_joined(upper, fore),
        along_leg=_joined(thigh, shin),
    )


def _joined(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Two halves of a limb as one measure that passes 0.5 at its middle joint."""
    return np.where(second > 0, 0.5 + 0.5 * second, 0.5 * np.minimum(first, 1.0))


def smoothed(values: np.ndarray, times: int) -> np.ndarray:
    """Values per vertex (V, ...) after averaging with their neighbours this many times."""
    mean = neighbours()
    for _ in range(times):
        values = 0.5 * values + 0.5 * (mean @ values)
    return values
