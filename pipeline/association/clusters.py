"""How far every tracklet is from every cluster."""

import numpy as np


def distance_to_clusters(
    label: np.ndarray, distance: np.ndarray, evidence: np.ndarray, forbidden: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Column of each row's own cluster (N,) and mean distances (N, C) of rows to clusters, in the order of labels.

    label (N,) int; distance, evidence (N, N); forbidden (N, N) bool. Means are weighted by evidence and leave the row
    itself out; infinite where there is no evidence, or where the cluster holds somebody forbidden to the row. N = 0
    gives (0,) and (0, 0).
    """
    _, own = np.unique(label, return_inverse=True)
    member = np.zeros((len(label), int(own.max(initial=-1)) + 1), np.float32)
    member[np.arange(len(label)), own] = 1
    weight = evidence.astype(np.float32)
    np.fill_diagonal(weight, 0)
    weights = weight @ member
    sums = np.where(weight > 0, distance * weight, 0).astype(np.float32) @ member
    mean = np.divide(sums, weights, out=np.full_like(sums, np.inf), where=weights > 0)
    mean[(forbidden.astype(np.float32) @ member) > 0] = np.inf
    return own, mean
