"""Stripes aligned by the shortest path (DMLI of AlignedReID, Zhang et al. 2017, equations 1 and 2)."""

import numpy as np


def element_distance(a_stripes: np.ndarray, b_stripes: np.ndarray) -> np.ndarray:
    """tanh(‖f − g‖ / 2) between all stripes: (N, H, d) and (M, H', d) to (H, H', N, M) float32.

    The paper's (e^d − 1) / (e^d + 1), in the form that does not overflow.
    """
    n, rows, depth = a_stripes.shape
    m, columns, _ = b_stripes.shape
    a = np.ascontiguousarray(a_stripes.transpose(1, 0, 2)).reshape(rows * n, depth)
    b = np.ascontiguousarray(b_stripes.transpose(1, 0, 2)).reshape(columns * m, depth)
    squared = (a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * (a @ b.T)
    distance = np.tanh(np.sqrt(np.maximum(squared, 0)) / 2)
    return distance.reshape(rows, n, columns, m).transpose(0, 2, 1, 3).astype(np.float32)


def shortest_path(element: np.ndarray) -> np.ndarray:
    """Least sum of elements on a way from the first to the last cell that moves right or down.

    element (H, H', …) to (…): S(i, j) = min(S(i − 1, j), S(i, j − 1)) + element(i, j).
    """
    rows, columns = element.shape[:2]
    best: list[np.ndarray] = []
    for i in range(rows):
        for j in range(columns):
            if i == 0 and j == 0:
                before = np.zeros_like(element[0, 0])
            elif i == 0:
                before = best[j - 1]
            elif j == 0:
                before = best[j]
            else:
                before = np.minimum(best[j], best[j - 1])
            total = before + element[i, j]
            if i == 0:
                best.append(total)
            else:
                best[j] = total
    return best[-1]


def aligned_distance(a_stripes: np.ndarray, b_stripes: np.ndarray) -> np.ndarray:
    """Shortest-path distance (N, M) float32, divided by the number of cells on a path: 0 the same, below 1."""
    steps = a_stripes.shape[1] + b_stripes.shape[1] - 1
    return shortest_path(element_distance(a_stripes, b_stripes)) / np.float32(steps)
