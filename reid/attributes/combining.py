"""Several crops of one person answer one question together.

Crops of one tracklet are wrong together more often than by chance, so n of them are not n witnesses. With a correlation
ρ they count as n / (1 + (n − 1) ρ) of them (the design effect of Kish 1965, section 5.4): ρ = 0 is naive Bayes, ρ = 1
the geometric mean of what they say. Weights that differ count as n = (Σw)² / Σw² crops (Kish's effective size).
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from reid.attributes.logistic import log_loss


def combined(
    log_p: np.ndarray, weights: np.ndarray, sets: np.ndarray, count: int, prior: np.ndarray, correlation: float
) -> np.ndarray:
    """Log-probabilities (count, C) of sets of crops; one crop alone says what it said.

    log_p (N, C) of each crop; weights (N,) at least 0; sets (N,): which set a crop is of, 0 to count − 1; prior (C,):
    log-probabilities of the answers when nothing is known, which a set without weight gives.
    """
    total, squares = (np.bincount(sets, weights=w, minlength=count) for w in (weights, weights**2))
    told = np.stack(
        [np.bincount(sets, weights=weights * column, minlength=count) for column in (log_p - prior).T], axis=1
    )
    known = total > 0
    crops = np.divide(total**2, squares, out=np.zeros(count), where=known)
    mean = np.divide(told, total[:, None], out=np.zeros_like(told), where=known[:, None])
    witnesses = crops / (1 + np.maximum(crops - 1, 0) * correlation)
    return log_softmax(prior + witnesses[:, None] * mean, axis=1)


def fit_correlation(
    log_p: np.ndarray, weights: np.ndarray, sets: np.ndarray, labels: np.ndarray, prior: np.ndarray
) -> float:
    """The ρ in [0, 1] with which sets say best what is right: labels (count,), one for each set. No sets give 1."""
    if not len(labels):
        return 1.0

    def surprise(correlation: float) -> float:
        return log_loss(combined(log_p, weights, sets, len(labels), prior, correlation), labels)

    return float(minimize_scalar(surprise, bounds=(0.0, 1.0), method="bounded").x)
