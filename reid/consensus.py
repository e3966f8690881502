"""Which of several groupings agrees most with the others: the medoid of an ensemble (Strehl and Ghosh, JMLR 2002).

Groupings that score nearly the same differ by luck. Where one differs from all others it is more often wrong.
"""

from collections.abc import Sequence

import numpy as np

from reid.clustering import UNSURE


def most_agreed(groupings: Sequence[np.ndarray]) -> np.ndarray:
    """The one with the largest sum of `agreement` with the others; of two, the first. One or more; labels (N,)."""
    agreements = [sum(agreement(one, other) for other in groupings) for one in groupings]
    return groupings[int(np.argmax(agreements))]


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """F1 of the pairs that one grouping (N,) puts together, against those of another: 1 for equal ones, symmetric.

    UNSURE is with nobody. 0 where neither puts two together.
    """
    sure = (one != UNSURE) & (other != UNSURE)
    both = _pairs(np.stack([one[sure], other[sure]]))
    either = sum(_pairs(labels[None, labels != UNSURE]) for labels in (one, other))
    return 2 * both / max(1, either)


def _pairs(labels: np.ndarray) -> int:
    """How many pairs of columns of labels (K, M) are equal."""
    _, sizes = np.unique(labels, axis=1, return_counts=True)
    return int((sizes * (sizes - 1) // 2).sum())
