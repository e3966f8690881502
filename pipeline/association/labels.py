"""Names of clusters."""

import numpy as np


def canonical(label: np.ndarray) -> np.ndarray:
    """The same clusters (N,), each called after its smallest row."""
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    return first[inverse]


def members(label: np.ndarray) -> dict[int, np.ndarray]:
    """The rows of each cluster, in order, by its name."""
    if not len(label):
        return {}
    order = np.argsort(label, kind="stable")
    names, starts = np.unique(label[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, starts[1:]), strict=True))
