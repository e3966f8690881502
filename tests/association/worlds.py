"""Small made-up worlds: people with known looks, seen by cameras at known times."""

from collections.abc import Sequence

import numpy as np

from benchmarks.association import MatrixLooks
from core.types import Appearance, Descriptors, Tracklet, TrackletKey
from pipeline.result import CameraResult


def tracklet(camera: str, local_id: int, frames: range | list[int], fps: float = 10.0) -> Tracklet:
    count = len(frames)
    box = np.tile([100.0, 100, 150, 250], (count, 1))
    ones = np.ones(count)
    return Tracklet(TrackletKey(camera, local_id), list(frames), np.array(frames) / fps, box, ones, ones * 0)


def descriptors(vectors: np.ndarray) -> Descriptors:
    vectors = np.asarray(vectors, np.float32)
    count = len(vectors)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if count else vectors
    nothing = np.zeros((count, 0, 4))
    return Descriptors(unit, nothing, np.zeros((count, 0)), nothing, np.ones(count))


def appearance(one: Tracklet, vectors: np.ndarray) -> Appearance:
    return Appearance(one.key, one.frames[: len(vectors)], descriptors(vectors))


def cameras(*names: str, height: int = 480) -> list[CameraResult]:
    from pathlib import Path

    return [CameraResult(name, name, Path(name), 640, height, 10.0, np.arange(1000) / 10) for name in names]


def cosine(appearances: Sequence[Appearance]) -> MatrixLooks:
    """Plain distance: 1 − cosine of mean global vectors; full evidence where there is a crop."""
    width = max(one.descriptors.global_.shape[1] for one in appearances)
    known = np.array([len(one.descriptors) > 0 for one in appearances])
    means = np.zeros((len(appearances), width))
    for mean, one in zip(means, appearances, strict=True):
        mean[:] = one.descriptors.global_.mean(axis=0) if len(one.descriptors) else 0
    norm = np.linalg.norm(means, axis=1, keepdims=True)
    means = np.divide(means, norm, out=means, where=norm > 0)
    return MatrixLooks(np.clip(1 - means @ means.T, 0, 2), np.outer(known, known).astype(float))


def crowd(
    rng: np.random.Generator, people: int, names: str, noise: float
) -> tuple[list[Tracklet], dict[TrackletKey, Appearance], dict[TrackletKey, int]]:
    """Every person once in every camera, all at the same time; looks are orthogonal but for `noise`."""
    looks = np.eye(max(people, 8))[:people]
    tracklets, appearances, truth = [], {}, {}
    for camera in names:
        for person in rng.permutation(people):
            one = tracklet(camera, int(person) + 1, range(20))
            vectors = looks[person] + rng.normal(0, noise, (3, looks.shape[1]))
            tracklets.append(one)
            appearances[one.key] = appearance(one, vectors)
            truth[one.key] = int(person)
    return tracklets, appearances, truth
