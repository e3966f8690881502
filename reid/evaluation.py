"""How well an embedder finds people again: on rendered shards and on Market-1501-style folders."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.types import Descriptors
from reid.data.folders import market_folder, read_bgr
from reid.data.shards import ShardSet
from reid.distance.aligned import aligned_distance
from reid.distance.appearance import appearance_distance, global_distance, parts_alone_distance
from reid.embedder import Embedder
from reid.retrieval import RetrievalScores, first_per_camera, retrieval_scores

_BATCH = 256

Distance = Callable[[Descriptors, Descriptors], np.ndarray]

DISTANCES: dict[str, Distance] = {
    "global": global_distance,
    "stripes": lambda a, b: 1 - _flat(a.stripes) @ _flat(b.stripes).T,
    "aligned": lambda a, b: _blocks(aligned_distance, a.stripes, b.stripes),
    "parts": parts_alone_distance,
    "fused": lambda a, b: appearance_distance(a, b)[0],
}


def evaluate_shards(embedder: Embedder, folder: Path, with_keypoints: bool = True) -> dict[str, RetrievalScores]:
    """Scores by distance name, across cameras: queries are each identity's first crop per camera."""
    crops = ShardSet(folder)
    batches = []
    for first in range(0, len(crops), _BATCH):
        samples = [crops[row] for row in range(first, min(first + _BATCH, len(crops)))]
        keypoints = np.stack([sample.keypoints_xyc for sample in samples]) if with_keypoints else None
        others = [sample.others_xyc[None] for sample in samples] if with_keypoints else None
        batches.append(embedder.embed([sample.image for sample in samples], keypoints, others))
    return _scores(Descriptors.concatenate(batches), crops.identity, crops.camera)


def evaluate_folder(embedder: Embedder, folder: Path) -> dict[str, RetrievalScores]:
    """Scores by distance name on a folder of named pictures, or on its `query` and `bounding_box_test` folders."""
    query_folder, gallery_folder = folder / "query", folder / "bounding_box_test"
    gallery = market_folder(gallery_folder if gallery_folder.is_dir() else folder)
    found = embed_pictures(embedder, gallery.paths)
    if not query_folder.is_dir():
        return _scores(found, gallery.identity, gallery.camera)
    query = market_folder(query_folder)
    asked = embed_pictures(embedder, query.paths)
    return {
        name: retrieval_scores(distance(asked, found), query.identity, query.camera, gallery.identity, gallery.camera)
        for name, distance in DISTANCES.items()
    }


def embed_pictures(embedder: Embedder, paths: tuple[Path, ...] | list[Path]) -> Descriptors:
    """Descriptors of picture files (at least one), in order, without keypoints. Raises InputError."""
    batches = []
    for first in range(0, len(paths), _BATCH):
        batches.append(embedder.embed([read_bgr(path) for path in paths[first : first + _BATCH]]))
    return Descriptors.concatenate(batches)


def _scores(found: Descriptors, identity: np.ndarray, camera: np.ndarray) -> dict[str, RetrievalScores]:
    queries = first_per_camera(identity, camera)
    gallery = np.setdiff1d(np.arange(len(identity)), queries)
    if not len(gallery):
        raise InputError(
            "no gallery: every picture is the first of its person in its camera, and those are the queries"
        )
    return {
        name: retrieval_scores(
            distance(found[queries], found[gallery]),
            identity[queries], camera[queries], identity[gallery], camera[gallery],
        )
        for name, distance in DISTANCES.items()
    }  # fmt: skip


def _flat(stripes: np.ndarray) -> np.ndarray:
    flat = stripes.reshape(len(stripes), -1)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)


def _blocks(distance: Callable[[np.ndarray, np.ndarray], np.ndarray], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`distance` over 64 rows at a time: the element matrices of aligned stripes are 64 times the result."""
    blocks = [distance(a[first : first + 64], b) for first in range(0, len(a), 64)]
    return np.concatenate([np.zeros((0, len(b)), np.float32), *blocks])
