"""A trunk without anything to learn: how much of each colour and edge direction is where.

The light is taken out first (grey-world white balance and brightness, both measured in the middle of the crop, where
the person is). Features are then a soft palette, every pixel shared among colour centres, and oriented edges, averaged
over cells. The head's projections are fitted in closed form (`reid.training.closed_form`), which takes seconds where
OSNet takes hours: the colour-and-metric line of LOMO with XQDA (Liao et al., CVPR 2015), as one network.
"""

import itertools

import torch
from torch import nn
from torch.nn import functional

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of each of blue, green and red: 125 centres
SHARPNESS = 100.0  # of the sharing: 1 / σ², in units of the full range
DIRECTIONS = 8
MIDDLE = (0.1, 0.22)  # share of the height and of the width that is left out at either side when light is measured
TARGET, BRIGHTEN = 110 / 255, 0.7  # the mean that light is brought to, and how much of the way
CELL = 16


class Palette(nn.Module):
    """Trunk: normalised pictures (N, 3, H, W) to (N, `channels`, H/16, W/16); every number fixed."""

    def __init__(self, mean: torch.Tensor, std: torch.Tensor) -> None:
        super().__init__()
        centres = torch.tensor(list(itertools.product(LEVELS, repeat=3)))
        self.channels = len(centres) + DIRECTIONS
        # softmax(−‖x − c‖² / 2σ²) over c: the ‖x‖² cancels, so the logits are linear in the pixel.
        self.register_buffer("share_weight", (SHARPNESS * centres)[:, :, None, None], persistent=False)
        self.register_buffer("share_bias", -SHARPNESS * centres.square().sum(1) / 2, persistent=False)
        angle = torch.arange(DIRECTIONS) * (2 * torch.pi / DIRECTIONS)
        across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
        filters = torch.cos(angle)[:, None, None] * across + torch.sin(angle)[:, None, None] * across.T
        luma = torch.tensor([0.114, 0.587, 0.299])
        self.register_buffer("edge_weight", filters[:, None] * luma[None, :, None, None], persistent=False)
        self.register_buffer("scale", (std / 255).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("shift", (mean / 255).reshape(1, 3, 1, 1), persistent=False)

    share_weight: torch.Tensor
    share_bias: torch.Tensor
    edge_weight: torch.Tensor
    scale: torch.Tensor
    shift: torch.Tensor

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """See the class."""
        pictures = evenly_lit(pictures * self.scale + self.shift)
        halved = functional.avg_pool2d(pictures, 2)
        shares = torch.softmax(functional.conv2d(halved, self.share_weight, self.share_bias), dim=1)
        edges = torch.relu(functional.conv2d(pictures, self.edge_weight, padding=1))
        cells = torch.cat([functional.avg_pool2d(shares, CELL // 2), functional.avg_pool2d(edges, CELL)], dim=1)
        return (cells + 1e-4).sqrt()  # Hellinger: small shares count


def evenly_lit(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures (N, 3, H, W) in [0, 1] whose middle is grey on average and about as bright as any other's."""
    height, width = pictures.shape[2:]
    top, left = int(MIDDLE[0] * height + 0.5), int(MIDDLE[1] * width + 0.5)
    middle = pictures[:, :, top : height - top, left : width - left].mean((2, 3), keepdim=True).clamp(min=4 / 255)
    grey = middle.mean(1, keepdim=True)
    brighter = 1 + BRIGHTEN * (TARGET / grey.clamp(min=20 / 255) - 1)
    return (pictures * (grey / middle) * brighter).clamp(0, 1)
