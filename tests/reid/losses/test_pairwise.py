"""Losses on a distance matrix: equal to their loops, and their gradients to finite differences."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from core.errors import ShapeError
from reid.losses.batch_hard import batch_hard_triplet, margin_sample_mining, soft_batch_hard_triplet
from reid.losses.contrastive import contrastive
from reid.losses.distances import cosine, euclidean
from reid.losses.improved_triplet import improved_triplet
from reid.losses.quadruplet import quadruplet
from reid.losses.supervised_contrastive import supervised_contrastive
from reid.losses.triplet import triplet
from reid.mining.soft_batch_hard import soft_batch_hard
from tests.reid.losses import oracles

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

CASES: dict[str, tuple[Loss, Callable[[oracles.Matrix, oracles.Labels], float]]] = {
    "contrastive": (lambda d, y: contrastive(d, y, 1.5), lambda d, y: oracles.contrastive(d, y, 1.5)),
    "triplet": (lambda d, y: triplet(d, y, 0.3), lambda d, y: oracles.triplet(d, y, 0.3)),
    "triplet soft": (lambda d, y: triplet(d, y, None), lambda d, y: oracles.triplet(d, y, None)),
    "improved triplet": (
        lambda d, y: improved_triplet(d, y, -1.0, 0.01, 0.002),
        lambda d, y: oracles.improved_triplet(d, y, -1.0, 0.01, 0.002),
    ),
    "quadruplet": (lambda d, y: quadruplet(d, y, 1.0, 0.5), lambda d, y: oracles.quadruplet(d, y, 1.0, 0.5)),
    "batch-hard": (lambda d, y: batch_hard_triplet(d, y, 0.3), lambda d, y: oracles.batch_hard(d, y, 0.3)),
    "batch-hard soft": (lambda d, y: batch_hard_triplet(d, y, None), lambda d, y: oracles.batch_hard(d, y, None)),
    "soft batch-hard": (
        lambda d, y: soft_batch_hard_triplet(d, y, 0.3),
        lambda d, y: oracles.soft_batch_hard(d, y, 0.3),
    ),
    "supervised contrastive": (
        lambda d, y: supervised_contrastive(d, y, 0.5),
        lambda d, y: oracles.supervised_contrastive(d, y, 0.5),
    ),
    "margin sample": (lambda d, y: margin_sample_mining(d, y, 0.3), lambda d, y: oracles.margin_sample(d, y, 0.3)),
}
IDENTITIES = {
    "balanced": [0, 0, 0, 1, 1, 1, 2, 2, 2],
    "uneven": [0, 0, 1, 2, 2, 2, 3, 4],
    "two": [0, 0, 1, 1],
    "one identity": [3, 3, 3],
    "all different": [0, 1, 2, 3],
    "single": [7],
    "nothing": [],
}


def features(count: int, kind: str) -> torch.Tensor:
    rng = np.random.default_rng(len(kind) + count)
    if kind == "ties":
        return torch.from_numpy(rng.integers(0, 2, (count, 3)).astype(np.float64))
    if kind == "all equal":
        return torch.ones((count, 3), dtype=torch.float64)
    scale = 15.0 if kind == "large" else 0.7
    return torch.from_numpy(rng.normal(0, scale, (count, 3)))


@pytest.mark.parametrize("kind", ["random", "large", "ties", "all equal"])
@pytest.mark.parametrize("labels", IDENTITIES.values(), ids=IDENTITIES.keys())
@pytest.mark.parametrize("name", CASES)
def test_equals_its_loop(name: str, labels: list[int], kind: str) -> None:
    loss, oracle = CASES[name]
    x = features(len(labels), kind)
    distance = euclidean(x, x)
    assert loss(distance, torch.tensor(labels)).item() == pytest.approx(oracle(distance.tolist(), labels), abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_gradient_equals_finite_differences(name: str) -> None:
    labels = torch.tensor([0, 0, 0, 1, 1, 2, 2])
    x = features(7, "random").requires_grad_()
    assert torch.autograd.gradcheck(lambda x: CASES[name][0](euclidean(x, x), labels), (x,))


@pytest.mark.parametrize("kind", ["random", "ties", "all equal"])
@pytest.mark.parametrize("labels", IDENTITIES.values(), ids=IDENTITIES.keys())
@pytest.mark.parametrize("name", CASES)
def test_gradient_is_finite_even_where_nothing_can_be_compared(name: str, labels: list[int], kind: str) -> None:
    x = features(len(labels), kind).requires_grad_()
    CASES[name][0](euclidean(x, x), torch.tensor(labels, dtype=torch.int64)).backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("name", CASES)
def test_order_of_the_batch_does_not_matter(name: str) -> None:
    labels, x = torch.tensor(IDENTITIES["uneven"]), features(8, "random")
    order = torch.from_numpy(np.random.default_rng(5).permutation(8))
    mixed = CASES[name][0](euclidean(x[order], x[order]), labels[order])
    assert mixed.item() == pytest.approx(CASES[name][0](euclidean(x, x), labels).item(), abs=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_wrong_shape_is_refused(name: str) -> None:
    with pytest.raises(ShapeError, match="distance"):
        CASES[name][0](torch.zeros(3, 4), torch.tensor([0, 0, 1]))


def test_soft_batch_hard_leaves_out_the_masked_and_the_anchor() -> None:
    distance = torch.tensor(
        [[0.0, 2.0, 15.0, 15.0], [2.0, 0.0, 15.0, 16.9], [15.0, 15.0, 0.0, 1.0], [15.0, 16.9, 1.0, 0.0]]
    )
    positive, negative = soft_batch_hard(distance, torch.tensor([0, 0, 1, 1]))
    assert positive.tolist() == pytest.approx([2.0, 2.0, 1.0, 1.0])
    assert (negative >= 15).all()


def test_hinge_stops_where_the_order_holds() -> None:
    x = torch.tensor([[0.0], [0.1], [9.0], [9.1]], requires_grad=True)
    loss = batch_hard_triplet(euclidean(x, x), torch.tensor([0, 0, 1, 1]), 0.3)
    loss.backward()
    assert loss.item() == 0
    assert not x.grad.any()


def test_cosine_distance_ignores_length() -> None:
    x = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0]])
    assert cosine(x[:1], x).tolist()[0] == pytest.approx([0, 1, 2])
