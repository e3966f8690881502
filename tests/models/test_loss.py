"""A joint's confidence is taught whether it is visible."""

from copy import deepcopy
from types import SimpleNamespace

import pytest
import torch
from ultralytics.utils.loss import PoseLoss26

from models.detector.loss import VisiblePoseLoss
from models.detector.network import PointwiseConv, SlimPoseModel, multiply_pointwise


@pytest.fixture(scope="module")
def network() -> SlimPoseModel:
    torch.manual_seed(0)
    network = SlimPoseModel(verbose=False)
    network.args = SimpleNamespace(
        box=7.5, cls=0.5, dfl=1.5, pose=12.0, kobj=1.0, rle=1.0, cls_pw=0.0, overlap_mask=True
    )
    return network.train()


def batch(visibility: float) -> dict[str, torch.Tensor]:
    joints = torch.full((1, 17, 3), 0.5)
    joints[..., 2] = visibility
    return {
        "img": torch.full((1, 3, 64, 64), 0.5),
        "batch_idx": torch.zeros(1),
        "cls": torch.zeros(1, 1),
        "bboxes": torch.tensor([[0.5, 0.5, 0.5, 0.9]]),
        "keypoints": joints,
    }


def term(network: SlimPoseModel, visibility: float, bias: float, name: str) -> float:
    head = list(network.model.children())[-1]
    for convolution in head.cv4_kpts:
        convolution.weight.data[2::3] = 0
        convolution.bias.data[2::3] = bias
    _, items = network.loss(batch(visibility))
    return float(items[name])


def test_a_hidden_joint_must_not_be_sure(network: SlimPoseModel) -> None:
    names = list(network.loss(batch(2))[1])
    (confidence,) = (name for name in names if "kobj" in name or "visibility" in name)
    assert term(network, 2, 5.0, confidence) < 0.1
    assert term(network, 1, -5.0, confidence) < 0.1
    assert term(network, 2, -5.0, confidence) > 3
    assert term(network, 1, 5.0, confidence) > 3


def test_a_hidden_joint_still_has_a_place_and_an_unlabelled_one_has_none(network: SlimPoseModel) -> None:
    names = list(network.loss(batch(2))[1])
    (place,) = (name for name in names if "pose" in name)
    seen, hidden, unlabelled = (term(network, visibility, 0.0, place) for visibility in (2, 1, 0))
    assert seen == pytest.approx(hidden)
    assert hidden > 0 == unlabelled


def test_sixteen_bits_cost_next_to_nothing(network: SlimPoseModel) -> None:
    picture = batch(2) | {"img": torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))}
    full, _ = network.loss(picture)
    network.sixteen_bits = True
    try:
        half, _ = network.loss(picture)
    finally:
        network.sixteen_bits = False
    assert half.dtype == torch.float32
    assert half.tolist() != full.tolist()
    assert half.sum().item() == pytest.approx(full.sum().item(), rel=0.1)
    half.sum().backward()
    assert {value.grad.dtype for value in network.parameters() if value.grad is not None} == {torch.float32}


def test_places_are_the_stock_ones() -> None:
    generator = torch.Generator().manual_seed(2)
    anchors, said = torch.rand(6, 2, generator=generator), torch.rand(2, 6, 17, 5, generator=generator)
    torch.testing.assert_close(VisiblePoseLoss.kpts_decode(anchors, said), PoseLoss26.kpts_decode(anchors, said))


def test_pointwise_convolutions_as_products_change_nothing(network: SlimPoseModel) -> None:
    def step(model: SlimPoseModel) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        loss, _ = model.loss(batch(2) | {"img": torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))})
        model.zero_grad()
        loss.sum().backward()
        return loss.detach(), {name: value.grad for name, value in model.named_parameters() if value.grad is not None}

    other = deepcopy(network)
    multiply_pointwise(other)
    assert sum(isinstance(module, PointwiseConv) for module in other.modules()) > 30
    assert list(other.state_dict()) == list(network.state_dict())
    (loss, slopes), (loss_other, slopes_other) = step(network), step(other)
    torch.testing.assert_close(loss_other, loss, rtol=1e-4, atol=1e-5)
    assert list(slopes) == list(slopes_other)
    for name, slope in slopes.items():
        torch.testing.assert_close(slopes_other[name], slope, rtol=1e-2, atol=1e-3 * float(slope.abs().max()) + 1e-6)
