"""Who looks like whom in a training set, so that a batch can hold people who are hard to tell apart.

The idea of graph sampling (Liao and Shao, 'Graph Sampling Based Deep Metric Learning for Generalizable Person
Re-Identification', CVPR 2022): an identity comes with its nearest others. There the network in training says who is
near, once an epoch; here a finished network does, once, so that a batch stays a function of the step.
"""

import numpy as np

from reid.data.crops import Crops
from reid.embedder import Embedder

CROPS_EACH = 4  # of an identity, for its mean vector
NOBODY = -1
_BLOCK = 512


def look_alikes(crops: Crops, embedder: Embedder, among: int) -> np.ndarray:
    """The `among` identities nearest to each, nearest first: (identities, among) int64, NOBODY where there are fewer.

    By cosine of the mean whole-crop vectors of up to CROPS_EACH crops. An identity without crops is near to nobody.
    """
    order = np.argsort(crops.identity, kind="stable")
    names, starts = np.unique(crops.identity[order], return_index=True)
    chosen = [rows[:CROPS_EACH] for rows in np.split(order, starts[1:])]
    centres = _centres(crops, embedder, chosen)
    found = np.full((crops.identities, among), NOBODY, np.int64)
    count = min(among, len(names) - 1)
    for first in range(0, len(names), _BLOCK):
        likeness = centres[first : first + _BLOCK] @ centres.T
        own = np.arange(len(likeness))
        likeness[own, first + own] = -np.inf
        nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :count]
        found[names[first : first + _BLOCK], :count] = names[nearest]
    return found


def _centres(crops: Crops, embedder: Embedder, chosen: list[np.ndarray]) -> np.ndarray:
    """Unit mean vectors (I, D), a few identities in memory at once."""
    means = []
    for first in range(0, len(chosen), _BLOCK):
        some = chosen[first : first + _BLOCK]
        rows = np.concatenate(some)
        vectors = embedder.embed([np.asarray(crops[int(row)].image) for row in rows]).global_
        means += [part.mean(axis=0) for part in np.split(vectors, np.cumsum([len(one) for one in some])[:-1])]
    centres = np.stack(means)
    return centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
