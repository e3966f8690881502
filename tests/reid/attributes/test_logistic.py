"""Multinomial logistic regression and its temperature."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from reid.attributes.logistic import fit_linear, fit_temperature, log_loss, logits


def drawn(count: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, labels drawn from a softmax, and the weights of it, which sum to 0 over classes."""
    rng = np.random.default_rng(seed)
    weight = np.array([[2.0, -1.0, -1.0], [0.0, 1.5, -1.5]])
    x = rng.normal(size=(count, 2)).astype(np.float32)
    p = softmax(x @ weight + np.array([0.5, 0.0, -0.5]), axis=1)
    return x, (p.cumsum(axis=1) < rng.random((count, 1))).sum(axis=1), weight


def test_finds_the_weights_that_the_labels_were_drawn_with() -> None:
    x, labels, weight = drawn()
    found = fit_linear(x, labels, 3, penalty=1e-6)
    np.testing.assert_allclose(found.weight - found.weight.mean(axis=1, keepdims=True), weight, atol=0.2)
    np.testing.assert_allclose(found.bias - found.bias.mean(), [0.5, 0, -0.5], atol=0.15)


@pytest.mark.parametrize("penalty", [1e-3, 0.1])
def test_no_step_away_from_the_minimum_is_better(penalty: float) -> None:
    x, labels, _ = drawn(200, seed=1)
    found = fit_linear(x, labels, 3, penalty)

    def loss(weight: np.ndarray, bias: np.ndarray) -> float:
        total = 0.0
        for row, label in zip(x.tolist(), labels.tolist(), strict=True):
            scores = [sum(a * b for a, b in zip(row, column, strict=True)) for column in weight.T.tolist()]
            scores = [a + b for a, b in zip(scores, bias.tolist(), strict=True)]
            total -= scores[label] - np.log(sum(np.exp(scores)))
        return total / len(x) + penalty / 2 * sum(value**2 for value in weight.ravel().tolist())

    rng, best = np.random.default_rng(2), loss(found.weight, found.bias)
    for _ in range(10):
        away = found.weight + rng.normal(0, 0.05, (2, 3)), found.bias + rng.normal(0, 0.05, 3)
        assert loss(*away) > best - 1e-6


def test_the_same_rows_give_the_same_bytes_and_none_give_zeros() -> None:
    x, labels, _ = drawn(300)
    one, two = fit_linear(x, labels, 3, 1e-3), fit_linear(x, labels, 3, 1e-3)
    assert one.weight.tobytes() == two.weight.tobytes()
    nothing = fit_linear(np.zeros((0, 2), np.float32), np.zeros(0, int), 3, 1e-3)
    assert nothing.weight.shape == (2, 3)
    assert not nothing.weight.any()


def test_temperature_undoes_what_the_scores_were_multiplied_by() -> None:
    x, labels, weight = drawn()
    honest = x @ weight + np.array([0.5, 0.0, -0.5])
    assert fit_temperature(honest, labels) == pytest.approx(1.0, abs=0.1)
    assert fit_temperature(3 * honest, labels) == pytest.approx(3.0, abs=0.3)
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1


def test_log_loss_of_one_who_knows_nothing() -> None:
    assert log_loss(log_softmax(np.zeros((5, 4)), axis=1), np.array([0, 1, 2, 3, 0])) == pytest.approx(np.log(4))
    assert log_loss(np.zeros((0, 4)), np.zeros(0, int)) == 0


def test_logits_are_linear() -> None:
    one = fit_linear(*drawn(100)[:2], 3, 1e-2)
    np.testing.assert_allclose(logits(np.zeros((1, 2)), one)[0], one.bias)
