"""The bundled detector's network: a narrow YOLO26 pose network with a separable keypoint head.

In the stock head the keypoint branch keeps 85 channels of full 3×3 convolutions whatever the width of the network, so
below nano size it costs more than backbone and neck together (249 of 430 ms in a training step at width 0.125). Here
the branch is two depthwise-separable convolutions of `keypoint_channels` (in the yaml). The one-to-one head is left out
as well: ordinary suppression over a single class costs less than a second head does.
"""

from pathlib import Path
from typing import Any, cast

import torch
from torch import nn
from torch.nn.functional import linear

from core.quiet import hush

hush()

from ultralytics.nn.modules import Conv, DWConv  # noqa: E402
from ultralytics.nn.tasks import PoseModel  # noqa: E402

from models.detector.loss import VisiblePoseLoss  # noqa: E402

ARCHITECTURE = Path(__file__).with_name("yolo26-pose-slim.yaml")


class SlimPoseModel(PoseModel):
    """`ultralytics.nn.tasks.PoseModel` whose keypoint branch is depthwise-separable.

    Input (N, 3, H, W) float32 RGB in [0, 1], H and W multiples of 32. In eval mode the first output is
    (N, 56, anchors): x, y, w, h in input pixels, one class score, then 17 × (x, y, visibility).
    """

    sixteen_bits = False  # in training, convolutions in bfloat16; weights, statistics and losses stay in 32 bits

    def __init__(self, cfg: Any = str(ARCHITECTURE), **kwargs: Any) -> None:
        super().__init__(cfg, **kwargs)
        head: Any = list(cast(nn.Module, self.model).children())[-1]
        widths = [branch[0].conv.in_channels for branch in head.cv4]
        channels = cast(dict[str, Any], self.yaml)["keypoint_channels"]
        head.cv4 = nn.ModuleList(_separable_branch(width, channels) for width in widths)
        head.cv4_kpts = nn.ModuleList(nn.Conv2d(channels, head.nk, 1) for _ in widths)
        head.cv4_sigma = nn.ModuleList(nn.Conv2d(channels, head.nk_sigma, 1) for _ in widths)

    def loss(self, batch: dict[str, Any], preds: Any = None) -> Any:
        """The stock loss; `sixteen_bits` or not, it is computed in 32 bits."""
        if preds is None and self.sixteen_bits and self.training:
            with torch.autocast("cpu", torch.bfloat16):
                preds = _in_full(self.forward(batch["img"]))
        return super().loss(batch, preds)

    def init_criterion(self) -> VisiblePoseLoss:
        """The loss of training."""
        return VisiblePoseLoss(self)


def _in_full(outputs: Any) -> Any:
    """The same nested outputs, tensors in 32 bits."""
    if isinstance(outputs, torch.Tensor):
        return outputs.float()
    if isinstance(outputs, dict):
        return {name: _in_full(value) for name, value in outputs.items()}
    return type(outputs)(_in_full(value) for value in outputs)


def _separable_branch(channels_in: int, channels: int) -> nn.Sequential:
    return nn.Sequential(
        DWConv(channels_in, channels_in, 3),
        Conv(channels_in, channels, 1),
        DWConv(channels, channels, 3),
        Conv(channels, channels, 1),
    )


class PointwiseConv(nn.Conv2d):
    """A 1×1 convolution; in training the matrix product it is, since on one core PyTorch's copies its input first."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to (N, C', H, W)."""
        if not self.training:  # exporters look for convolutions
            return super().forward(input)
        return linear(input.permute(0, 2, 3, 1), self.weight.flatten(1), self.bias).permute(0, 3, 1, 2)


def multiply_pointwise(model: nn.Module) -> None:
    """Make plain 1×1 convolutions of `model` a `PointwiseConv`; its state stays what it is."""
    for module in model.modules():
        if type(module) is nn.Conv2d and (module.kernel_size, module.stride, module.groups) == ((1, 1), (1, 1), 1):
            module.__class__ = PointwiseConv


def build(state: dict[str, torch.Tensor] | None = None) -> SlimPoseModel:
    """The network in eval mode, with `state` loaded where given; RuntimeError where the state does not fit it."""
    model = SlimPoseModel(verbose=False)
    if state is not None:
        model.load_state_dict(state, strict=True)
    return model.eval()
