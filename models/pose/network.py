"""A small network that finds the joints of the one person a crop is of.

Top-down, as SimpleBaseline (Xiao et al. 2018, arXiv:1804.06208): one map per joint at a quarter of the crop's
resolution. Down to a sixteenth and up again with lateral sums (FPN, arXiv:1612.03144); the blocks are a wide depthwise
filter and two pointwise ones, which is cheap on CPUs.
"""

import torch
from torch import nn
from torch.nn.functional import interpolate

from core.keypoints import COUNT as JOINTS

CHANNELS, DEPTHS = (32, 64, 128), (1, 3, 4)


class PoseNetwork(nn.Module):
    """Crops (N, 3, 128, 96), RGB in [0, 1], to maps (N, 17, 32 · 24) of logits and visibility (N, 17) as logits.

    The softmax of a map says where the joint is; the visibility is read from the features there.
    """

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = CHANNELS
        self.stem = nn.Sequential(_convolution(3, 16, 3, 2), _convolution(16, fine, 3, 2))
        self.fine = _blocks(fine, DEPTHS[0])
        self.middle = nn.Sequential(_convolution(fine, middle, 3, 2), _blocks(middle, DEPTHS[1]))
        self.coarse = nn.Sequential(_convolution(middle, coarse, 3, 2), _blocks(coarse, DEPTHS[2]))
        self.coarse_to_middle, self.middle_again = nn.Conv2d(coarse, middle, 1), _blocks(middle, 1)
        self.middle_to_fine, self.fine_again = nn.Conv2d(middle, fine, 1), _blocks(fine, 1)
        self.maps = nn.Conv2d(fine, JOINTS, 1)
        self.context = nn.Linear(coarse, fine)
        self.visible = nn.Parameter(torch.zeros(JOINTS, fine))
        self.visible_bias = nn.Parameter(torch.zeros(JOINTS))

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """See the class."""
        fine = self.fine(self.stem(crops))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        middle = self.middle_again(middle + _twice(self.coarse_to_middle(coarse)))
        fine = self.fine_again(fine + _twice(self.middle_to_fine(middle)))
        maps = self.maps(fine).flatten(2)
        there = maps.softmax(2) @ fine.flatten(2).transpose(1, 2)  # (N, 17, fine): the features where each joint is
        there = torch.relu(there + self.context(coarse.mean((2, 3)))[:, None])
        # A product of matrices: OpenVINO 2026.4 gets a sum of products wrong when a sigmoid follows.
        logits = there[:, :, None] @ self.visible[..., None]
        return maps, logits.flatten(1) + self.visible_bias


class Inference(nn.Module):
    """What is exported: crops (N, 3, 128, 96) BGR in [0, 255] to maps, and the probability (N, 17) that a joint shows.

    lines (17, 2): scale and shift of each joint's logit, fitted by `models.pose.export`.
    """

    def __init__(self, network: PoseNetwork, lines: torch.Tensor | None = None) -> None:
        super().__init__()
        self.network = network
        self.lines: torch.Tensor
        self.register_buffer("lines", torch.tensor([[1.0, 0.0]] * JOINTS) if lines is None else lines)

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """See the class."""
        maps, visible = self.network(crops.flip(1) / 255.0)
        return maps, torch.sigmoid(visible * self.lines[:, 0] + self.lines[:, 1])


class _Block(nn.Module):
    """Residual: depthwise 5 × 5, then pointwise to twice the channels and back."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.change = nn.Sequential(
            nn.Conv2d(channels, channels, 5, padding=2, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            _convolution(channels, 2 * channels, 1),
            nn.Conv2d(2 * channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )
        nn.init.zeros_(self.change[-1].weight)  # type: ignore[arg-type]  # begins as the identity

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.change(features)


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(_Block(channels) for _ in range(count)))


def _convolution(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def _twice(features: torch.Tensor) -> torch.Tensor:
    return interpolate(features, scale_factor=2.0, mode="nearest")
