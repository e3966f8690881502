"""The naked body: anny's model taken out once into plain arrays, and blended with NumPy from then on.

anny (Naver, Apache-2.0; MakeHuman's CC0 shapes) is multilinear in its phenotypes: between the anchors of each, a body
is the product-weighted mean of those at the corners. So the corner bodies hold all others, exactly. Person frame:
metres, x forward, y to the left, z up, the floor at the lowest vertex.
"""

import itertools
import os
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.quiet import cache_dir

_FORMAT = 3  # of the cached arrays; raise it when what `_extract` writes changes
_INFLUENCES = 4  # bones that move one vertex

_SPINE = ("root", "spine05", "spine04", "spine03", "spine02", "spine01", "neck01", "head")
_ARM = ("clavicle", "upperarm01", "lowerarm01", "wrist")
_LEG = ("upperleg01", "lowerleg01", "foot", "toe2-1")
_HAND = ("finger1-2", "finger3-1", "finger3-2")
BONES = (*_SPINE, *(f"{bone}.{side}" for side in "LR" for bone in (*_ARM, *_LEG, *_HAND)))
ANCHORS = {
    "gender": (0.0, 1.0),
    "age": (1 / 3, 2 / 3, 1.0),
    "muscle": (0.0, 0.5, 1.0),
    "weight": (0.0, 0.5, 1.0),
    "height": (0.0, 1.0),
    "proportions": (0.0, 1.0),
}


@dataclass(frozen=True)
class BodyModel:
    """The corner bodies and what they share.

    corners (C, V, 3) float32; heads (C, B, 3) float32: where each bone of `BONES` starts; faces (F, 3) int32; weights
    (V, B) float32; parents (B,) int; uv (U, 2) float32 with uv_faces (F, 3); coco (17, V) float32: joints as means of
    vertices; eyes (V,) bool: vertices of the eyeballs.
    """

    corners: np.ndarray
    heads: np.ndarray
    faces: np.ndarray
    weights: np.ndarray
    parents: np.ndarray
    uv: np.ndarray
    uv_faces: np.ndarray
    coco: np.ndarray
    eyes: np.ndarray

    def blend(self, **phenotype: float) -> tuple[np.ndarray, np.ndarray]:
        """Rest vertices (V, 3) and bone heads (B, 3), float64, of the body with these phenotypes, each within ANCHORS.

        A missing phenotype counts as the middle of its range.
        """
        vertices = np.zeros(self.corners.shape[1:])
        heads = np.zeros(self.heads.shape[1:])
        for corner, weight in _corner_weights(phenotype):
            vertices += weight * self.corners[corner]
            heads += weight * self.heads[corner]
        lowest = vertices[:, 2].min()
        vertices[:, 2] -= lowest
        heads[:, 2] -= lowest
        return vertices, heads


def _corner_weights(phenotype: dict[str, float]) -> list[tuple[int, float]]:
    axes = []
    for name, anchors in ANCHORS.items():
        value = phenotype.get(name, (anchors[0] + anchors[-1]) / 2)
        weights = [float(np.interp(value, anchors, np.eye(len(anchors))[k])) for k in range(len(anchors))]
        axes.append(weights)
    mixed = [(k, float(np.prod(w))) for k, w in enumerate(itertools.product(*axes))]
    return [(k, w) for k, w in mixed if w > 0]


@lru_cache(maxsize=1)
def body_model() -> BodyModel:
    """The model, from the cache folder (see `core.quiet.cache_dir`); made there at first use, which takes minutes."""
    folder = cache_dir() / "synth" / f"body-{_FORMAT}"
    if not folder.is_dir():
        _extract(folder)
    names = BodyModel.__dataclass_fields__
    return BodyModel(**{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in names})


def _extract(folder: Path) -> None:
    """Write the arrays of `BodyModel` as .npy files; the folder appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder.parent))
    for name, values in _from_anny().items():
        np.save(work / f"{name}.npy", values)
    try:
        os.rename(work, folder)
    except OSError:  # another process was first
        shutil.rmtree(work)
        if not folder.is_dir():
            raise


def _from_anny() -> dict[str, np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import anny
        import torch

        model = anny.Anny(rig="makehuman")
        coco = anny.KeypointsRegressor.coco(model)
    corners, heads = [], []
    for values in itertools.product(*ANCHORS.values()):
        with torch.no_grad():
            mix = model.get_phenotype_blendshape_coefficients(**dict(zip(ANCHORS, values, strict=True)))
            rest = model.get_rest_model(mix)
        corners.append(_person_frame(rest["rest_vertices"][0].numpy()))
        heads.append(_person_frame(rest["rest_bone_heads"][0].numpy()))
    kept, parents = _kept_bones(list(model.bone_labels), list(model.bone_parents))
    faces = model.get_triangular_faces().numpy().astype(np.int32)
    weights = _weights(model, kept)
    hidden = _vertices_of(model, ("tongue",))
    shown = ~hidden[faces].any(1)
    return {
        "corners": np.stack(corners).astype(np.float32),
        "heads": np.stack(heads)[:, [list(model.bone_labels).index(b) for b in BONES]].astype(np.float32),
        "faces": faces[shown],
        "weights": weights,
        "parents": parents,
        "uv": model.texture_coordinates.numpy().astype(np.float32),
        "uv_faces": model.face_texture_coordinate_indices.numpy().astype(np.int32)[shown],
        "coco": _dense_coco(coco, len(weights)),
        "eyes": _vertices_of(model, ("eye.",)),
    }


def _person_frame(points: np.ndarray) -> np.ndarray:
    """anny looks along −y with its left at +x."""
    return np.stack([-points[..., 1], points[..., 0], points[..., 2]], -1)


def _kept_bones(labels: list[str], parents: list[int]) -> tuple[list[int], np.ndarray]:
    """For each of anny's bones the one of `BONES` that moves it, and the parents within `BONES` (−1 for the root)."""

    def keeper(bone: int) -> int:
        name = labels[bone]
        if name.startswith("toe"):
            return BONES.index(f"toe2-1.{name[-1]}")
        if name.startswith(("finger2", "finger3", "finger4", "finger5")):  # four fingers bend as one
            return BONES.index(f"finger3-{min(int(name[8]), 2)}.{name[-1]}")
        while labels[bone] not in BONES:
            bone = parents[bone]
        return BONES.index(labels[bone])

    above = [-1 if parents[labels.index(b)] < 0 else keeper(parents[labels.index(b)]) for b in BONES]
    return [keeper(k) for k in range(len(labels))], np.array(above)


def _weights(model: object, kept: list[int]) -> np.ndarray:
    indices, values = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.numpy()  # type: ignore[attr-defined]
    dense = np.zeros((len(indices), len(BONES)))
    for column in range(indices.shape[1]):
        np.add.at(dense, (np.arange(len(indices)), np.asarray(kept)[indices[:, column]]), values[:, column])
    smallest_kept = np.sort(dense, 1)[:, -_INFLUENCES][:, None]
    dense[dense < smallest_kept] = 0
    return (dense / dense.sum(1, keepdims=True)).astype(np.float32)


def _vertices_of(model: object, prefixes: tuple[str, ...]) -> np.ndarray:
    labels = model.bone_labels  # type: ignore[attr-defined]
    wanted = np.array([name.startswith(prefixes) for name in labels])
    indices, values = model.vertex_bone_indices.numpy(), model.vertex_bone_weights.numpy()  # type: ignore[attr-defined]
    return (wanted[indices] * values).sum(1) > 0.5


def _dense_coco(regressor: object, vertices: int) -> np.ndarray:
    """The first 17 of anny's regressed joints are COCO's, in its order."""
    weights = regressor.regression_weights.numpy()[:17]  # type: ignore[attr-defined]
    indices = regressor.regression_indices.numpy()[:17]  # type: ignore[attr-defined]
    dense = np.zeros((17, vertices), np.float32)
    for joint in range(17):
        np.add.at(dense[joint], indices[joint], weights[joint])
    return dense
