"""Which of several groupings agrees most with the others: the medoid of an ensemble (Strehl and Ghosh, JMLR 2002).

Groupings that score nearly the same differ by luck. Where one differs from all others it is more often wrong.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from reid.clustering import UNSURE


def most_agreed(groupings: Sequence[np.ndarray]) -> np.ndarray:
    """The one with the largest sum of `agreement` with the others; of two, the first. One or more; labels (N,)."""
    agreements = np.zeros(len(groupings))
    for (a, one), (b, other) in itertools.combinations(enumerate(groupings), 2):
        agreements[[a, b]] += agreement(one, other)
    return groupings[int(np.argmax(agreements))]


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """F1 of the pairs that one grouping (N,) puts together, against those of another: 1 for equal ones, symmetric.

    UNSURE is with nobody. 0 where neither puts two together.
    """
    sure = (one != UNSURE) & (other != UNSURE)
    crossed = one[sure] * (other.max(initial=0) + 1) + other[sure]  # a number for each meeting of two groups
    either = _pairs(one[one != UNSURE]) + _pairs(other[other != UNSURE])
    return 2 * _pairs(crossed) / max(1, either)


def _pairs(labels: np.ndarray) -> int:
    """How many pairs of labels (M,) are equal."""
    _, sizes = np.unique(labels, return_counts=True)
    return int((sizes * (sizes - 1) // 2).sum())
