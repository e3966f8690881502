"""`python -m pipeline associate`: association alone, from arrays of embeddings, without video."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from scipy import sparse

from core.arrays import open_arrays
from core.errors import InputError
from core.whole import whole_file
from pipeline.association.config import AssociateConfig
from pipeline.association.doubt import judge
from pipeline.association.normalise import normalise_cameras
from pipeline.association.pairs import VectorPairs
from pipeline.association.solve import Solution, solve
from pipeline.association.travel import Timeline

# A camera with fewer tracklets is not normalised by its own mean; fewer in all are not normalised: the mean of a dozen
# people is more of them than of the camera.
LEAST_TRACKLETS, LEAST_IN_ALL = 50, 150
PER_CROP = ("tracklet", "camera", "sequence", "frame")


@dataclass(frozen=True, eq=False)
class TrackletArrays:
    """N tracklets of arrays: camera (N,); clock (N,), whose frames compare exactly; first, last (N,) frames.

    embedding (N, D) float32 of norm 1: the mean of its crops; counts (N,): how many crops. timed: whether anything is
    known about frames.
    """

    camera: np.ndarray
    clock: np.ndarray
    first: np.ndarray
    last: np.ndarray
    embedding: np.ndarray
    counts: np.ndarray
    timed: bool = True

    def __len__(self) -> int:
        return len(self.camera)


def read_arrays(path: Path) -> TrackletArrays:
    """Read embedding (C, D) and, per crop (C,), tracklet 0..N−1, camera, and optionally sequence and frame.

    Crops of one tracklet share camera and sequence; a sequence is one recording, with its own clock. Without `frame`
    nothing is known about time: all first and last are 0, and no two tracklets share a clock. Raises InputError naming
    the file and the array.
    """
    with open_arrays(path) as file:
        arrays = dict(file)
    _check(path, arrays)
    tracklet = arrays["tracklet"].astype(np.int64)
    numbers, counts = np.unique(tracklet, return_counts=True)
    count = len(numbers)
    if (numbers != np.arange(count)).any():
        missing = int(np.flatnonzero(numbers != np.arange(count))[0])
        raise InputError(f"{path}: tracklet: numbers must run from 0 without gaps; {missing} has no crop")
    camera = _shared(path, "camera", arrays["camera"], tracklet, count)
    sequence = _shared(path, "sequence", arrays.get("sequence", np.zeros(len(tracklet))), tracklet, count)
    timed = "frame" in arrays
    of_clock = np.column_stack([camera, sequence]) if timed else numbers[:, None]
    _, clock = np.unique(of_clock, axis=0, return_inverse=True)
    frame = arrays.get("frame", np.zeros(len(tracklet))).astype(np.int64)
    first, last = np.full(count, np.iinfo(np.int64).max), np.full(count, np.iinfo(np.int64).min)
    np.minimum.at(first, tracklet, frame)
    np.maximum.at(last, tracklet, frame)
    embedding = _tracklet_means(arrays["embedding"].astype(np.float32), tracklet, count)
    return TrackletArrays(camera, clock.reshape(-1), first, last, embedding, counts, timed)


def _check(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    for name in ("embedding", "tracklet", "camera"):
        if name not in arrays:
            raise InputError(f"{path}: holds no array {name!r}; it has {', '.join(arrays) or 'none'}")
    embedding = arrays["embedding"]
    if embedding.ndim != 2 or not np.isfinite(embedding).all():
        raise InputError(f"{path}: embedding: expected finite numbers (crops, D), got shape {embedding.shape}")
    for name in PER_CROP:
        if name in arrays and (arrays[name].shape != (len(embedding),) or arrays[name].dtype.kind not in "iu"):
            got = f"{arrays[name].dtype} {arrays[name].shape}"
            raise InputError(f"{path}: {name}: expected integers ({len(embedding)},), one per crop, got {got}")
    if (arrays["tracklet"] < 0).any():
        raise InputError(f"{path}: tracklet: numbers run from 0, got {arrays['tracklet'].min()}")


def _shared(path: Path, name: str, per_crop: np.ndarray, tracklet: np.ndarray, count: int) -> np.ndarray:
    """The value of each tracklet, which all its crops must share."""
    value = np.zeros(count, np.int64)
    value[tracklet] = per_crop
    if (value[tracklet] != per_crop).any():
        guilty = int(tracklet[value[tracklet] != per_crop][0])
        raise InputError(f"{path}: {name}: the crops of tracklet {guilty} have different ones")
    return value


def _tracklet_means(embedding: np.ndarray, tracklet: np.ndarray, count: int) -> np.ndarray:
    """Means (N, D) of the unit vectors of each tracklet's crops, of norm 1 (0 where they cancel)."""
    belongs = sparse.csr_array(
        (np.ones(len(tracklet), np.float32), (tracklet, np.arange(len(tracklet)))), shape=(count, len(tracklet))
    )
    return _unit(belongs @ _unit(embedding))


def _unit(vectors: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norm, out=np.zeros_like(vectors), where=norm > 0)


def vector_pairs(arrays: TrackletArrays, config: AssociateConfig) -> VectorPairs:
    """Appearance distances of the arrays, 1 − cosine of the mean embeddings after each camera was normalised.

    0 the same, 1 unrelated. Tracklets that overlap in time on one clock, which belongs to one camera, are forbidden.
    Fewer than LEAST_IN_ALL are taken as they are.
    """
    known = np.linalg.norm(arrays.embedding, axis=1) > 0
    vectors = arrays.embedding
    if len(arrays) >= LEAST_IN_ALL:
        vectors = normalise_cameras(vectors, arrays.camera, LEAST_TRACKLETS) * known[:, None]
    return VectorPairs(vectors, known, arrays.clock, arrays.first, arrays.last, config.nat_distance)


def associate_tracklet_arrays(
    arrays: TrackletArrays, config: AssociateConfig, fps: float
) -> tuple[Solution, np.ndarray]:
    """The clusters of N tracklets, and the probability (N,) that each belongs there, by `doubt.judge`.

    Whose membership was too doubtful is alone, and the probability is that of the membership it was refused.
    """
    timeline = Timeline(arrays.clock, (arrays.first + arrays.last) / 2 / fps, (arrays.last - arrays.first + 1) / fps)
    if not arrays.timed:
        config = replace(config, travel=False)
    solution = solve(vector_pairs(arrays, config), timeline, config)
    found = judge(solution, config)
    return replace(solution, label=found.label), found.probability


def associate_arrays(
    arrays: Annotated[Path, typer.Argument(help="NPZ with embedding (C, D), tracklet, camera, sequence, frame (C,).")],
    output: Annotated[Path, typer.Option(help="NPZ to write: identity, camera, counts, probability per tracklet.")],
    overrides: Annotated[list[str] | None, typer.Option("--set", help="associate.key=value, repeatable.")] = None,
    fps: Annotated[float, typer.Option(min=1e-3, help="Frames per second of `frame`.")] = 25.0,
) -> None:
    """Tracklets of many cameras, given as embeddings, become identities."""
    from pipeline.settings import override  # it reads this package's settings

    # Not the caution of a run, which was chosen for the bundled network: arrays come from any network.
    config = override(AssociateConfig(), "associate", overrides or [])
    tracklets = read_arrays(arrays)
    solution, probability = associate_tracklet_arrays(tracklets, config, fps)
    _, identity = np.unique(solution.label, return_inverse=True)
    with whole_file(output) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file, identity=identity, camera=tracklets.camera, counts=tracklets.counts, probability=probability
        )
    typer.echo(f"{len(tracklets)} tracklets, {identity.max(initial=-1) + 1} identities: {output}")
