"""What somebody wears, as an auxiliary loss, against its loop."""

import numpy as np
import pytest
import torch

from core.errors import ShapeError
from reid.losses.attributes import attribute_cross_entropy
from tests.reid.losses import oracles

ANSWERS = (4, 2, 3)
LABELS = {
    "all labelled": [[0, 1, 2], [3, 0, 0], [1, 1, 1], [0, 0, 2]],
    "some missing": [[0, -1, 2], [-1, -1, -1], [1, 1, -1], [0, -1, -1]],
    "a question nobody answers": [[0, -1, 2], [3, -1, 0]],
    "one": [[2, 0, 1]],
    "nobody says anything": [[-1, -1, -1], [-1, -1, -1]],
    "nothing": [],
}


def logits(rows: int, kind: str = "random") -> list[torch.Tensor]:
    rng = np.random.default_rng(rows)
    scale = 30.0 if kind == "large" else 0.0 if kind == "ties" else 1.5
    return [torch.from_numpy(rng.normal(0, scale, (rows, count))) for count in ANSWERS]


def labels(values: list[list[int]]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int64).reshape(len(values), len(ANSWERS))


@pytest.mark.parametrize("kind", ["random", "large", "ties"])
@pytest.mark.parametrize("values", LABELS.values(), ids=LABELS.keys())
def test_equals_its_loop(values: list[list[int]], kind: str) -> None:
    x = logits(len(values), kind)
    expected = oracles.attribute_cross_entropy([one.tolist() for one in x], values)
    assert attribute_cross_entropy(x, labels(values)).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("values", [LABELS["all labelled"], LABELS["some missing"]])
def test_gradient_equals_finite_differences(values: list[list[int]]) -> None:
    x = [one.requires_grad_() for one in logits(len(values))]
    assert torch.autograd.gradcheck(lambda *x: attribute_cross_entropy(x, labels(values)), x)


@pytest.mark.parametrize("values", LABELS.values(), ids=LABELS.keys())
def test_gradient_is_finite_and_missing_labels_give_none(values: list[list[int]]) -> None:
    x = [one.requires_grad_() for one in logits(len(values))]
    attribute_cross_entropy(x, labels(values)).backward()
    for one, column in zip(x, labels(values).T, strict=True):
        if one.grad is None:  # a question that was left out
            assert (column < 0).all()
            continue
        assert torch.isfinite(one.grad).all()
        assert not one.grad[column < 0].any()


def test_every_question_counts_the_same_however_many_say_something() -> None:
    x = [torch.zeros(4, 2, dtype=torch.float64), torch.zeros(4, 8, dtype=torch.float64)]
    y = torch.tensor([[0, 3], [1, -1], [0, -1], [0, -1]])
    assert attribute_cross_entropy(x, y).item() == pytest.approx((np.log(2) + np.log(8)) / 2)


def test_no_questions_cost_nothing_and_wrong_shapes_are_refused() -> None:
    assert attribute_cross_entropy([], torch.zeros(3, 0, dtype=torch.int64)).item() == 0
    with pytest.raises(ShapeError, match="a column for each of 3 questions"):
        attribute_cross_entropy(logits(2), torch.zeros(2, 2, dtype=torch.int64))
    with pytest.raises(ShapeError, match="one per label"):
        attribute_cross_entropy(logits(2), torch.zeros(3, 3, dtype=torch.int64))
