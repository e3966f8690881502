"""Aligned stripes and parts."""

import numpy as np
import pytest
import torch

from reid.distance.aligned import aligned_distance
from reid.losses.aligned import aligned_triplet, element_distance, shortest_path
from reid.losses.distances import euclidean
from reid.losses.parts import (
    LEAST_MUTUAL,
    part_averaged_contrastive,
    part_averaged_cosine,
    part_averaged_distance,
    part_averaged_triplet,
)
from tests.reid.losses import oracles

LABELS = [0, 0, 1, 1, 2, 2]


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 4), (3, 3), (4, 5), (6, 6)])
def test_shortest_path_equals_enumeration(rows: int, columns: int) -> None:
    element = normal(3, rows, columns).abs()
    found = shortest_path(element)
    for one, value in zip(element, found, strict=True):
        assert value.item() == pytest.approx(oracles.shortest_path(one.tolist()), abs=1e-9)


def test_element_distance_does_not_overflow() -> None:
    a = torch.zeros(1, 1, dtype=torch.float32)
    found = element_distance(a, torch.tensor([[1.0], [90.0], [200.0]]))
    assert found[0].tolist() == pytest.approx([np.tanh(0.5), 1, 1])
    small = 1.7
    assert element_distance(a, torch.tensor([[small]])).item() == pytest.approx(np.expm1(small) / (np.exp(small) + 1))


def test_numpy_and_torch_align_alike() -> None:
    a, b = normal(4, 6, 5, seed=1), normal(3, 6, 5, seed=2)
    expected = shortest_path(element_distance(a[:, None], b[None])) / 11
    np.testing.assert_allclose(aligned_distance(a.numpy(), b.numpy()), expected.numpy(), atol=1e-6)


@pytest.mark.parametrize("margin", [0.3, None])
def test_aligned_triplet_mines_globally_and_pulls_locally(margin: float | None) -> None:
    x, stripes = normal(6, 4, seed=3), normal(6, 3, 5, seed=4)
    distance = euclidean(x, x)
    d = distance.tolist()
    terms = []
    for a in range(6):
        p = max(oracles.positives(LABELS, a), key=lambda j, a=a: d[a][j])
        n = min(oracles.negatives(LABELS, a), key=lambda j, a=a: d[a][j])
        local = [oracles.shortest_path(element_distance(stripes[a], stripes[j]).tolist()) / 5 for j in (p, n)]
        terms.append(oracles.hinge(*local, margin))
    found = aligned_triplet(distance, stripes, torch.tensor(LABELS), margin).item()
    assert found == pytest.approx(oracles.mean(terms), abs=1e-6)


def test_aligned_triplet_gradient_goes_to_the_stripes_only() -> None:
    x, stripes = normal(6, 4, seed=3).requires_grad_(), normal(6, 3, 5, seed=4).requires_grad_()
    labels = torch.tensor(LABELS)
    aligned_triplet(euclidean(x, x), stripes, labels, None).backward()
    assert x.grad is None
    distance = euclidean(x, x).detach()
    assert torch.autograd.gradcheck(lambda s: aligned_triplet(distance, s, labels, None), (stripes,))


def test_part_averaged_distance_and_triplet() -> None:
    parts = normal(6, 3, 4, seed=5)
    visibility = torch.from_numpy(np.random.default_rng(6).uniform(0, 1, (6, 3)))
    visibility[0] = 0
    visibility[1] = torch.tensor([1.0, 0, 0])
    visibility[2] = torch.tensor([0, 0, 1.0])
    expected, comparable = oracles.part_averaged(parts.tolist(), visibility.tolist(), LEAST_MUTUAL)
    distance, found = part_averaged_distance(parts, visibility)
    assert found.tolist() == comparable
    np.testing.assert_allclose(distance.numpy(), expected, atol=1e-6)
    terms = []
    for a in range(6):
        positive = [expected[a][j] for j in oracles.positives(LABELS, a) if comparable[a][j]]
        negative = [expected[a][j] for j in oracles.negatives(LABELS, a) if comparable[a][j]]
        if positive and negative:
            terms.append(max(0.0, max(positive) - min(negative) + 0.3))
    loss = part_averaged_triplet(parts, visibility, torch.tensor(LABELS), 0.3)
    assert 0 < len(terms) < 6
    assert loss.item() == pytest.approx(oracles.mean(terms), abs=1e-6)


def test_part_averaged_gradient_and_nothing_visible() -> None:
    parts = normal(6, 2, 3, seed=7).requires_grad_()
    visibility = torch.ones(6, 2, dtype=torch.float64)
    labels = torch.tensor(LABELS)
    assert torch.autograd.gradcheck(lambda p: part_averaged_triplet(p, visibility, labels, None), (parts,))
    loss = part_averaged_triplet(parts, torch.zeros_like(visibility), labels)
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(parts.grad).all()


def test_part_averaged_contrastive_compares_what_both_show() -> None:
    parts = normal(6, 3, 4, seed=8).requires_grad_()
    visibility = torch.from_numpy(np.random.default_rng(9).uniform(0, 1, (6, 3)))
    visibility[0] = torch.tensor([1.0, 0, 0])
    visibility[1] = torch.tensor([0, 0, 1.0])
    unit = torch.nn.functional.normalize(parts, dim=2).detach()
    for i in range(6):
        for j in range(6):
            weight = visibility[i] * visibility[j]
            expected = (weight * (1 - (unit[i] * unit[j]).sum(1))).sum() / weight.sum().clamp(min=LEAST_MUTUAL)
            distance, comparable = part_averaged_cosine(parts, visibility)
            assert distance[i, j].item() == pytest.approx(expected.item(), abs=1e-9)
            assert comparable[i, j] == (weight.sum() > LEAST_MUTUAL)
    labels = torch.tensor(LABELS)
    assert torch.autograd.gradcheck(lambda p: part_averaged_contrastive(p, visibility, labels), (parts,))
    assert part_averaged_contrastive(parts, torch.zeros_like(visibility), labels).item() == 0
