"""What a camera adds to every embedding is taken out again: white balance, angle, height."""

import numpy as np

SMALLEST_SPREAD = 1e-6


def normalise_cameras(vectors: np.ndarray, camera: np.ndarray, least_tracklets: int) -> np.ndarray:
    """Unit vectors (N, D) float32 with each camera's mean 0 and spread 1 in every dimension, then of norm 1 again.

    camera (N,): any labels. A camera with fewer than `least_tracklets` rows is too few to tell the camera from the
    people in it: the mean and spread of all rows take its place. N = 0 gives (0, D). (Camera-based batch normalisation,
    Zhuang et al. ECCV 2020, applied once, at test time.)
    """
    vectors = np.asarray(vectors, np.float32)
    out = np.zeros_like(vectors)
    for name in np.unique(camera):
        rows = camera == name
        sample = vectors[rows] if rows.sum() >= least_tracklets else vectors
        out[rows] = (vectors[rows] - sample.mean(axis=0)) / (sample.std(axis=0) + SMALLEST_SPREAD)
    norm = np.linalg.norm(out, axis=1, keepdims=True)
    return np.divide(out, norm, out=np.zeros_like(out), where=norm > 0)
