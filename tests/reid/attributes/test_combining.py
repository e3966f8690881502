"""Several crops, one answer."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax

from reid.attributes.combining import combined, fit_correlation

PRIOR = np.log([0.5, 0.3, 0.2])


def said(count: int, seed: int = 0) -> np.ndarray:
    return log_softmax(np.random.default_rng(seed).normal(0, 2, (count, 3)), axis=1)


def loop(log_p: list[list[float]], weights: list[float], prior: list[float], correlation: float) -> list[float]:
    """One set, straight from the docstring."""
    total = sum(weights)
    if total == 0:
        return prior
    crops = total**2 / sum(w**2 for w in weights)
    witnesses = crops / (1 + (crops - 1) * correlation)
    scores = []
    for answer in range(len(prior)):
        told = sum(w * (row[answer] - prior[answer]) for w, row in zip(weights, log_p, strict=True)) / total
        scores.append(prior[answer] + witnesses * told)
    norm = math.log(sum(math.exp(one) for one in scores))
    return [one - norm for one in scores]


@given(st.integers(1, 6), st.integers(1, 3), st.floats(0, 1), st.integers(0, 99))
def test_equals_its_loop(crops: int, sets: int, correlation: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    log_p, owner = said(crops, seed), rng.integers(0, sets, crops)
    weights = np.where(rng.random(crops) < 0.2, 0.0, rng.random(crops) + 1e-3)
    found = combined(log_p, weights, owner, sets, PRIOR, correlation)
    for one in range(sets):
        mine = owner == one
        expected = loop(log_p[mine].tolist(), weights[mine].tolist(), PRIOR.tolist(), correlation)
        np.testing.assert_allclose(found[one], expected, atol=1e-9)


@pytest.mark.parametrize("correlation", [0.0, 0.4, 1.0])
def test_one_crop_says_what_it_said_whatever_its_weight(correlation: float) -> None:
    log_p = said(2)
    found = combined(log_p, np.array([0.9, 0.01]), np.array([0, 1]), 2, PRIOR, correlation)
    np.testing.assert_allclose(found, log_p, atol=1e-9)


def test_copies_of_a_crop_are_surer_unless_they_err_together() -> None:
    log_p = np.repeat(np.log([[0.6, 0.2, 0.2]]), 4, axis=0)
    alone, apart = (combined(log_p, np.ones(4), np.zeros(4, int), 1, PRIOR, one)[0] for one in (1.0, 0.0))
    np.testing.assert_allclose(alone, log_p[0], atol=1e-9)
    assert apart[0] > alone[0]


def test_correlation_is_found_again() -> None:
    """Witnesses that are copies of each other err together; independent ones do not."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 4000)
    prior = np.log([0.5, 0.5])

    def witness() -> np.ndarray:
        seen = np.where(rng.random(4000) < 0.8, labels, 1 - labels)  # right in four of five cases, and says so
        return np.log(np.where(np.arange(2) == seen[:, None], 0.8, 0.2))

    first, second = witness(), witness()
    owner, ones = np.tile(np.arange(4000), 2), np.ones(8000)
    assert fit_correlation(np.concatenate([first, first]), ones, owner, labels, prior) > 0.95
    assert fit_correlation(np.concatenate([first, second]), ones, owner, labels, prior) < 0.1
    assert fit_correlation(np.zeros((0, 2)), np.zeros(0), np.zeros(0, int), np.zeros(0, int), prior) == 1
