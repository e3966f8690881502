"""The plainest appearance distance: cosine between the mean global vectors."""

from collections.abc import Sequence

import numpy as np

from core.types import Appearance


def mean_cosine_distance(appearances: Sequence[Appearance]) -> tuple[np.ndarray, np.ndarray]:
    """Distances (N, N) float32 in [0, 2] and evidence (N, N): 1 − cosine of the quality-weighted mean global vectors.

    Evidence is 1 where both have a global vector that is not zero, 0 elsewhere. No appearances: two (0, 0) arrays.
    """
    if not appearances:
        return np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32)
    means = np.stack([_mean(appearance) for appearance in appearances])
    known = np.linalg.norm(means, axis=1) > 0
    distance = np.clip(1 - means @ means.T, 0, 2).astype(np.float32)
    return distance, np.outer(known, known).astype(np.float32)


def _mean(appearance: Appearance) -> np.ndarray:
    descriptors = appearance.descriptors
    weight = np.maximum(descriptors.quality, np.finfo(np.float32).tiny)
    mean = weight @ descriptors.global_
    norm = float(np.linalg.norm(mean))
    return mean / norm if norm > 0 else mean
