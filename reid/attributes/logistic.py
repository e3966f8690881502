"""Multinomial logistic regression with an L2 penalty, and one temperature for its probabilities (Guo et al., ICML 2017,
"On calibration of modern neural networks", section 4.2). Both are convex: the same data give the same numbers.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax

_STEPS, _TOLERANCE = 300, 1e-6
_COLDEST, _HOTTEST = -2.0, 3.0  # natural logarithms of temperatures


class Linear(NamedTuple):
    """weight (F, C) and bias (C,) float64."""

    weight: np.ndarray
    bias: np.ndarray


def fit_linear(inputs: np.ndarray, labels: np.ndarray, classes: int, penalty: float) -> Linear:
    """Minimise the mean of −log softmax(x W + b)[label] plus penalty / 2 · |W|², by L-BFGS from zero.

    inputs (n, F) float; labels (n,) int in 0 to classes − 1. No rows give zeros.
    """
    count, width = inputs.shape
    if not count:
        return Linear(np.zeros((width, classes)), np.zeros(classes))
    x = np.asarray(inputs, np.float32)  # products in 32 bits take half the time, sums are in 64
    truth = np.eye(classes)[labels]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        one = _parted(flat, width, classes)
        log_p = log_softmax(x @ one.weight.astype(np.float32) + one.bias, axis=1)
        wrong = (np.exp(log_p) - truth) / count
        value = -(truth * log_p).sum() / count + penalty / 2 * (one.weight**2).sum()
        slope = np.concatenate([(x.T @ wrong.astype(np.float32) + penalty * one.weight).ravel(), wrong.sum(axis=0)])
        return float(value), slope

    options = {"maxiter": _STEPS, "gtol": _TOLERANCE}
    found = minimize(loss, np.zeros((width + 1) * classes), jac=True, method="L-BFGS-B", options=options)
    return _parted(found.x, width, classes)


def logits(inputs: np.ndarray, one: Linear) -> np.ndarray:
    """(n, C) float64."""
    return np.asarray(inputs, np.float64) @ one.weight + one.bias


def fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """The T for which softmax(scores / T) says best what is right: scores (n, C), labels (n,). No rows give 1."""
    if not len(scores):
        return 1.0

    def surprise(log_temperature: float) -> float:
        return log_loss(log_softmax(scores / np.exp(log_temperature), axis=1), labels)

    return float(np.exp(minimize_scalar(surprise, bounds=(_COLDEST, _HOTTEST), method="bounded").x))


def log_loss(log_p: np.ndarray, labels: np.ndarray) -> float:
    """Mean of −log p(label) over rows (n, C); 0 for no rows."""
    return float(-log_p[np.arange(len(labels)), labels].mean()) if len(labels) else 0.0


def _parted(flat: np.ndarray, width: int, classes: int) -> Linear:
    return Linear(flat[: width * classes].reshape(width, classes), flat[width * classes :])
