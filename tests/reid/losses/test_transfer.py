"""Classification, distillation, mutual learning and ranking transfer against their loops."""

import numpy as np
import pytest
import torch

from core.errors import ShapeError
from reid.losses.classification import smoothed_cross_entropy
from reid.losses.darkrank import hard_darkrank, scores, soft_darkrank
from reid.losses.distillation import distillation, mutual_learning
from reid.losses.metric_mutual import metric_mutual
from tests.reid.losses import oracles


def logits(rows: int, columns: int, seed: int, kind: str = "random") -> torch.Tensor:
    rng = np.random.default_rng(seed)
    if kind == "ties":
        return torch.from_numpy(rng.integers(-1, 2, (rows, columns)).astype(np.float64))
    return torch.from_numpy(rng.normal(0, 2, (rows, columns)))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("kind", ["random", "ties"])
def test_cross_entropy(smoothing: float, kind: str) -> None:
    x, y = logits(6, 4, 0, kind), [0, 1, 2, 3, 0, 0]
    found = smoothed_cross_entropy(x, torch.tensor(y), smoothing).item()
    assert found == pytest.approx(oracles.smoothed_cross_entropy(x.tolist(), y, smoothing), abs=1e-6)
    reference = torch.nn.functional.cross_entropy(x, torch.tensor(y), label_smoothing=smoothing).item()
    assert found == pytest.approx(reference, abs=1e-9)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
@pytest.mark.parametrize("kind", ["random", "ties"])
def test_distillation(temperature: float, kind: str) -> None:
    student, teacher = logits(5, 4, 1, kind), logits(5, 4, 2, kind)
    expected = oracles.distillation(student.tolist(), teacher.tolist(), temperature)
    assert distillation(student, teacher, temperature).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("loss", [hard_darkrank, soft_darkrank])
@pytest.mark.parametrize("kind", ["random", "ties"])
@pytest.mark.parametrize("candidates", [1, 3, 4])
def test_darkrank(loss, candidates: int, kind: str) -> None:
    student, teacher = logits(3, candidates, 3, kind), logits(3, candidates, 4, kind)
    expected = getattr(oracles, loss.__name__)(student.tolist(), teacher.tolist())
    assert loss(student, teacher).item() == pytest.approx(expected, abs=1e-6)


def test_rankings_of_a_list_are_a_distribution() -> None:
    s = logits(1, 4, 5).tolist()[0]
    import itertools

    assert sum(oracles.ranking_probability(s, list(p)) for p in itertools.permutations(range(4))) == pytest.approx(1)


def test_darkrank_scores_fall_with_distance() -> None:
    assert scores(torch.tensor([0.0, 1.0, 2.0])).tolist() == [0.0, -3.0, -24.0]


def test_soft_darkrank_refuses_long_lists() -> None:
    with pytest.raises(ShapeError, match="at most 6"):
        soft_darkrank(torch.zeros(1, 7), torch.zeros(1, 7))


@pytest.mark.parametrize("size", [0, 1, 5])
def test_metric_mutual(size: int) -> None:
    a, b = logits(size, size, 6), logits(size, size, 7)
    assert metric_mutual(a, b).item() == pytest.approx(oracles.metric_mutual(a.tolist(), b.tolist()), abs=1e-6)


def test_metric_mutual_has_the_zero_gradient_operator_and_a_diagonal_hessian() -> None:
    a, b = logits(3, 3, 8).requires_grad_(), logits(3, 3, 9).requires_grad_()
    metric_mutual(a, b).backward()
    torch.testing.assert_close(a.grad, 2 * (a - b).detach() / 9)
    torch.testing.assert_close(b.grad, 2 * (b - a).detach() / 9)

    def loss(flat: torch.Tensor) -> torch.Tensor:
        return metric_mutual(flat[:9].reshape(3, 3), flat[9:].reshape(3, 3))

    hessian = torch.autograd.functional.hessian(loss, torch.cat([a.detach().flatten(), b.detach().flatten()]))
    torch.testing.assert_close(hessian, torch.diag(torch.full((18,), 2 / 9, dtype=torch.float64)))


@pytest.mark.parametrize("loss", [distillation, mutual_learning, hard_darkrank, soft_darkrank])
def test_nothing_flows_into_the_teacher_and_the_gradient_is_right(loss) -> None:
    student, teacher = logits(3, 4, 10).requires_grad_(), logits(3, 4, 11).requires_grad_()
    loss(student, teacher).backward()
    assert teacher.grad is None
    assert torch.autograd.gradcheck(lambda s: loss(s, teacher.detach()), (student,))


@pytest.mark.parametrize("loss", [distillation, mutual_learning, soft_darkrank])
def test_agreement_costs_nothing(loss) -> None:
    x = logits(3, 4, 12)
    assert loss(x, x.clone()).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("loss", [distillation, hard_darkrank, soft_darkrank])
def test_empty(loss) -> None:
    assert loss(torch.zeros(0, 4), torch.zeros(0, 4)).item() == 0


def test_cross_entropy_gradient_and_empty() -> None:
    x = logits(4, 3, 13).requires_grad_()
    y = torch.tensor([0, 2, 1, 1])
    assert torch.autograd.gradcheck(lambda x: smoothed_cross_entropy(x, y), (x,))
    assert smoothed_cross_entropy(torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64)).item() == 0
