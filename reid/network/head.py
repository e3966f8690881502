"""One head, three branches on one feature map: the whole crop, body parts, horizontal stripes.

All are the same operation, a weighted average of the map (KPR and BPBreID call it part-based pooling); only where the
weights come from differs: the keypoints, or the place in the picture.
"""

from typing import NamedTuple

import torch
from torch import nn

from reid.network.config import NetworkConfig

BELL = 0.2  # σ of the bell across, as a share of the width
FOREIGN = 0.02  # what is left in the whole-crop vector of a cell that is all somebody else's


class Branches(NamedTuple):
    """What the head gives, before any normalisation to unit length.

    metric (N, D): for the metric losses. global_ (N, D): the same behind the batch-normalisation neck, for
    classification and retrieval (Luo et al., 'Bag of tricks', CVPRW 2019). parts (N, K, d); stripes (N, H, d).
    """

    metric: torch.Tensor
    global_: torch.Tensor
    parts: torch.Tensor
    stripes: torch.Tensor


def stripe_weights(rows: int, columns: int, stripes: int) -> torch.Tensor:
    """Pooling weights (stripes, rows · columns): stripe i averages rows i·rows/stripes to (i + 1)·rows/stripes.

    A row on the border counts by the share of it that lies inside, so any number of stripes fits any number of rows.
    """
    edges = torch.arange(stripes + 1, dtype=torch.float32) * rows / stripes
    row = torch.arange(rows, dtype=torch.float32)
    low, high = edges[:-1, None], edges[1:, None]
    share = (torch.minimum(high, row + 1) - torch.maximum(low, row)).clamp(min=0)
    share = share / (share.sum(1, keepdim=True) * columns)
    return share[:, :, None].expand(-1, -1, columns).reshape(stripes, rows * columns).contiguous()


def band_weights(rows: int, columns: int, bands: int) -> torch.Tensor:
    """Pooling weights (bands, rows · columns) of the global vector; bands 0: one plain average.

    Bands are triangles over the height, each as tall as two, so that a small shift of the box changes little. Across
    the width a bell: the person is in the middle, what is at the sides is more often somebody else or a wall.
    """
    if not bands:
        return torch.full((1, rows * columns), 1 / (rows * columns))
    height = ((torch.arange(rows) + 0.5) / rows * bands - 0.5).clamp(0, bands - 1)  # every row counts once
    triangles = (1 - (height[None] - torch.arange(bands)[:, None]).abs()).clamp(min=0) * (bands / rows)
    bell = torch.exp(-(((torch.arange(columns) + 0.5) / columns - 0.5) / BELL).square() / 2)
    return (triangles[:, :, None] * (bell / bell.sum())).flatten(1)


class Head(nn.Module):
    """Feature map (N, C, h, w) and part masks (N, K, h, w) to Branches."""

    def __init__(self, channels: int, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.project = nn.Linear(channels * max(1, config.bands), config.embedding, bias=False)
        self.neck = nn.BatchNorm1d(config.embedding)
        self.neck.bias.requires_grad_(False)  # the neck centres; it must not shift (Luo et al.)
        depth = config.part_embedding
        self.part_weights = nn.Parameter(torch.randn(config.parts, channels, depth) / channels**0.5)
        self.part_neck = nn.BatchNorm1d(max(1, config.parts) * depth)
        self.stripe_project = nn.Linear(channels, depth, bias=False)
        self.stripe_neck = nn.BatchNorm1d(depth)
        nn.init.normal_(self.project.weight, std=self.project.in_features**-0.5)
        nn.init.normal_(self.stripe_project.weight, std=channels**-0.5)

    def forward(self, features: torch.Tensor, masks: torch.Tensor, owned: torch.Tensor | None = None) -> Branches:
        """`masks` are non-negative; a part whose mask is zero everywhere gets a meaningless vector: drop it.

        owned (N, h, w) in [0, 1]: how much of each cell counts for the whole crop; None: all of it.
        """
        rows, columns = features.shape[2], features.shape[3]
        flat = features.flatten(2)
        metric = self.project(self.band_means(flat, rows, columns, owned))
        stripes = self.pool_stripes(flat, rows, columns)
        return Branches(metric, self.neck(metric), self.pool_parts(flat, masks.flatten(2)), stripes)

    def pool_parts(self, flat: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """(N, C, h·w) and (N, K, h·w) to (N, K, d)."""
        if not self.config.parts:
            return flat.new_zeros(flat.shape[0], 0, self.config.part_embedding)
        projected = torch.matmul(self.part_means(flat, masks).transpose(0, 1), self.part_weights).transpose(0, 1)
        return self.part_neck(projected.flatten(1)).unflatten(1, (self.config.parts, -1))

    def pool_stripes(self, flat: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
        """(N, C, h·w) to (N, H, d)."""
        projected = self.stripe_project(self.stripe_means(flat, rows, columns)).transpose(1, 2)
        return self.stripe_neck(projected).transpose(1, 2)

    def band_means(
        self, flat: torch.Tensor, rows: int, columns: int, owned: torch.Tensor | None = None
    ) -> torch.Tensor:
        """What the global vector is projected from: (N, C · bands), a channel's bands beside each other.

        A band counts as much with `owned` as without it, made of what is owned in it; all of it where nothing is.
        """
        if not self.config.bands and owned is None:
            return flat.mean(2)
        weights = band_weights(rows, columns, self.config.bands).to(flat)
        if owned is None:
            return torch.matmul(flat, weights.T).flatten(1)
        ours = weights * (FOREIGN + (1 - FOREIGN) * owned.flatten(1)[:, None])
        ours = ours * (weights.sum(1)[:, None] / ours.sum(2, keepdim=True))
        return torch.matmul(flat, ours.transpose(1, 2)).flatten(1)

    def part_means(self, flat: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Masked means (N, K, C) of (N, C, h·w) by (N, K, h·w)."""
        weights = masks / masks.sum(2, keepdim=True).clamp(min=1e-6)
        return torch.matmul(weights, flat.transpose(1, 2))

    def stripe_means(self, flat: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
        """Means (N, H, C) over stripes of (N, C, h·w)."""
        weights = stripe_weights(rows, columns, self.config.stripes).to(flat)
        return torch.matmul(weights, flat.transpose(1, 2))
