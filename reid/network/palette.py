"""A trunk without anything to learn: how much of each colour and edge direction is where.

Its features are a soft palette (every pixel shared among colour centres) and oriented edges, averaged over cells and
told apart by height. The head's projections are then fitted in closed form (`reid.training.closed_form`), which takes
seconds where OSNet takes hours: the colour-and-metric line of LOMO with XQDA (Liao et al., CVPR 2015), as one network.
"""

import itertools

import torch
from torch import nn
from torch.nn import functional

LEVELS = (0.0, 0.33, 0.67, 1.0)  # of each of blue, green and red: 64 centres
SHARPNESS = 60.0  # of the sharing: 1 / σ², in units of the full range
DIRECTIONS = 8
BANDS = 6  # heights that are told apart
CELL = 16


class Palette(nn.Module):
    """Trunk: normalised pictures (N, 3, H, W) to (N, `channels`, H/16, W/16); every number fixed."""

    def __init__(self, mean: torch.Tensor, std: torch.Tensor) -> None:
        super().__init__()
        centres = torch.tensor(list(itertools.product(LEVELS, repeat=3)))
        self.channels = BANDS * (len(centres) + DIRECTIONS)
        # softmax(−‖x − c‖² / 2σ²) over c: the ‖x‖² cancels, so the logits are linear in the pixel.
        scale, shift = std / 255, mean / 255
        weight = SHARPNESS * centres * scale
        bias = SHARPNESS * (centres @ shift - centres.square().sum(1) / 2)
        self.register_buffer("share_weight", weight[:, :, None, None], persistent=False)
        self.register_buffer("share_bias", bias, persistent=False)
        angle = torch.arange(DIRECTIONS) * (2 * torch.pi / DIRECTIONS)
        across = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
        filters = torch.cos(angle)[:, None, None] * across + torch.sin(angle)[:, None, None] * across.T
        luma = torch.tensor([0.114, 0.587, 0.299]) * scale
        self.register_buffer("edge_weight", filters[:, None] * luma[None, :, None, None], persistent=False)

    share_weight: torch.Tensor
    share_bias: torch.Tensor
    edge_weight: torch.Tensor

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """See the class."""
        halved = functional.avg_pool2d(pictures, 2)
        shares = torch.softmax(functional.conv2d(halved, self.share_weight, self.share_bias), dim=1)
        edges = torch.relu(functional.conv2d(pictures, self.edge_weight, padding=1))
        cells = torch.cat([functional.avg_pool2d(shares, CELL // 2), functional.avg_pool2d(edges, CELL)], dim=1)
        rooted = (cells + 1e-4).sqrt()  # Hellinger: small shares count
        bands = _bands(rooted.shape[2]).to(rooted)
        spread = rooted[:, None] * bands[None, :, None, :, None]
        return spread.flatten(1, 2)


def _bands(rows: int) -> torch.Tensor:
    """(BANDS, rows): triangular weights of each band over the rows, summing to 1 in every row."""
    position = (torch.arange(rows) + 0.5) / rows * BANDS - 0.5
    return (1 - (position[None] - torch.arange(BANDS)[:, None]).abs()).clamp(min=0)
