"""How well an embedder finds people again: on rendered shards and on folders of pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.pictures import read_bgr
from core.types import Descriptors
from reid.data.layouts import layout_of
from reid.data.shards import ShardSet, is_shards
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


@dataclass(frozen=True, eq=False)
class Trial:
    """Queries and a gallery: descriptors, identity and camera (n,) int64 of each.

    source: what it was read from. distractors: how many of the gallery show nobody who is looked for, as far as known.
    """

    source: str
    query: Descriptors
    query_identity: np.ndarray
    query_camera: np.ndarray
    gallery: Descriptors
    gallery_identity: np.ndarray
    gallery_camera: np.ndarray
    distractors: int = 0

    @property
    def shows_parts(self) -> bool:
        """Whether any part is seen on both sides: else there is nothing to rank by parts alone."""
        return bool((self.query.visibility.any(axis=0) & self.gallery.visibility.any(axis=0)).any())

    def scores(self, distance: np.ndarray) -> RetrievalScores:
        """Of a distance matrix (Q, G). Raises ShapeError, also where the network gave numbers that are not finite."""
        return retrieval_scores(
            distance, self.query_identity, self.query_camera, self.gallery_identity, self.gallery_camera
        )


def trial_scores(trial: Trial, names: Sequence[str] = tuple(DISTANCES)) -> dict[str, RetrievalScores]:
    """Scores by distance name; none of `parts` where the trial shows none."""
    shown = [name for name in names if name != "parts" or trial.shows_parts]
    return {name: trial.scores(DISTANCES[name](trial.query, trial.gallery)) for name in shown}


def evaluate_shards(embedder: Embedder, folder: Path, with_keypoints: bool = True) -> dict[str, RetrievalScores]:
    """Scores by distance name, across cameras: queries are each identity's first crop per camera. Raises InputError."""
    return trial_scores(shard_trial(embedder, folder, with_keypoints))


def evaluate_folder(embedder: Embedder, folder: Path) -> dict[str, RetrievalScores]:
    """Scores by distance name on pictures in a layout that `reid.data.layouts` knows. Raises InputError."""
    return trial_scores(folder_trial(embedder, folder))


def read_trial(embedder: Embedder, folder: Path, with_keypoints: bool = True) -> Trial:
    """Of shards or of pictures, whichever `folder` holds. Raises InputError."""
    if is_shards(folder):
        return shard_trial(embedder, folder, with_keypoints)
    return folder_trial(embedder, folder)


def shard_trial(embedder: Embedder, folder: Path, with_keypoints: bool = True) -> Trial:
    """Queries are each identity's first crop per camera, the rest is the gallery. Raises InputError."""
    crops = ShardSet(folder)
    batches = []
    for first in range(0, len(crops), _BATCH):
        samples = [crops[row] for row in range(first, min(first + _BATCH, len(crops)))]
        keypoints = np.stack([sample.keypoints_xyc for sample in samples]) if with_keypoints else None
        others = [sample.others_xyc[None] for sample in samples] if with_keypoints else None
        batches.append(embedder.embed([sample.image for sample in samples], keypoints, others))
    return _divided("rendered shards", Descriptors.concatenate(batches), crops.identity, crops.camera, None)


def folder_trial(embedder: Embedder, folder: Path) -> Trial:
    """Queries and gallery as the layout has them; where it has no queries, each identity's first picture per camera,
    but none of a distractor.

    Raises InputError.
    """
    layout = layout_of(folder)
    query, gallery = layout.test(folder)
    if query is None:
        found = embed_pictures(embedder, gallery.paths)
        return _divided(layout.name, found, gallery.identity, gallery.camera, layout.nobody)
    _require_matches(query.identity, query.camera, gallery.identity, gallery.camera)
    asked, found = embed_pictures(embedder, query.paths), embed_pictures(embedder, gallery.paths)
    distractors = int((gallery.identity == layout.nobody).sum())
    return Trial(layout.name, asked, query.identity, query.camera, found, gallery.identity, gallery.camera, distractors)


def embed_pictures(embedder: Embedder, paths: tuple[Path, ...] | list[Path]) -> Descriptors:
    """Descriptors of picture files (at least one), in order, without keypoints. Raises InputError."""
    batches = []
    for first in range(0, len(paths), _BATCH):
        batches.append(embedder.embed([read_bgr(path) for path in paths[first : first + _BATCH]]))
    return Descriptors.concatenate(batches)


def table(scores: Mapping[str, RetrievalScores]) -> list[str]:
    """Lines to print: per cent."""
    wide = max(10, *(len(name) for name in scores))
    lines = [f"{'distance':{wide}} {'queries':>8} {'rank-1':>8} {'rank-5':>8} {'mAP':>8} {'mINP':>8}"]
    for name, one in scores.items():
        values = (one.rank1, one.cmc[4], one.mean_ap, one.mean_inp)
        lines.append(f"{name:{wide}} {one.queries:8d} " + " ".join(f"{100 * value:8.2f}" for value in values))
    return lines


def _divided(source: str, found: Descriptors, identity: np.ndarray, camera: np.ndarray, nobody: int | None) -> Trial:
    queries = first_per_camera(identity, camera)
    queries = queries[identity[queries] != nobody]
    gallery = np.setdiff1d(np.arange(len(identity)), queries)
    if not len(gallery):
        raise InputError(
            "no gallery: every picture is the first of its person in its camera, and those are the queries"
        )
    rows = (identity[queries], camera[queries], identity[gallery], camera[gallery])
    _require_matches(*rows)
    return Trial(source, found[queries], *rows[:2], found[gallery], *rows[2:], int((identity == nobody).sum()))


def _require_matches(
    query_identity: np.ndarray, query_camera: np.ndarray, gallery_identity: np.ndarray, gallery_camera: np.ndarray
) -> None:
    """Refuse what can only score 0: no query has its person in the gallery under another camera."""
    gallery = np.unique(np.stack([gallery_identity, gallery_camera], axis=1), axis=0)
    cameras = {int(one): set(gallery[gallery[:, 0] == one, 1].tolist()) for one in np.unique(query_identity)}
    pairs = zip(query_identity.tolist(), query_camera.tolist(), strict=True)
    if not any(cameras[identity] - {camera} for identity, camera in pairs):
        seen = sorted({*query_camera.tolist(), *gallery_camera.tolist()})
        raise InputError(
            f"no query has a match: expected people seen by two cameras, got cameras {seen[:9]} and none of the people "
            "under two of them; are camera and identity where the layout expects them?"
        )


def _flat(stripes: np.ndarray) -> np.ndarray:
    flat = stripes.reshape(len(stripes), -1)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)


def _blocks(distance: Callable[[np.ndarray, np.ndarray], np.ndarray], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`distance` over 64 rows at a time: the element matrices of aligned stripes are 64 times the result."""
    blocks = [distance(a[first : first + 64], b) for first in range(0, len(a), 64)]
    return np.concatenate([np.zeros((0, len(b)), np.float32), *blocks])
