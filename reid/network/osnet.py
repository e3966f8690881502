"""OSNet (Zhou et al., 'Omni-Scale Feature Learning for Person Re-Identification', ICCV 2019, table 1).

`osnet-ain` follows 'Learning Generalisable Omni-Scale Representations' (TPAMI 2021): instance normalisation in the
first convolution and, by the architecture found there, in both blocks of the second stage, the second block of the
third and the first of the fourth.
"""

import torch
from torch import nn

from reid.network.blocks import OmniScaleBlock, convolution, initialise, scaled
from reid.network.config import NetworkConfig

STEM, STAGES = 64, (256, 384, 512)
AIN_BLOCKS = ((True, True), (False, True), (True, False))


class OSNet(nn.Module):
    """Trunk: pictures (N, 3, H, W) to a feature map (N, `channels`, H/16, W/16)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        adaptive = config.trunk == "osnet-ain"
        stem, *stages = (scaled(channels, config.width) for channels in (STEM, *STAGES))
        self.channels = stages[-1]
        self.stem = nn.Sequential(
            convolution(3, stem, 7, stride=2, instance=adaptive), nn.MaxPool2d(3, stride=2, padding=1)
        )
        layers: list[nn.Module] = []
        inputs = stem
        for index, outputs in enumerate(stages):
            for block in range(2):
                instance = adaptive and AIN_BLOCKS[index][block]
                layers.append(OmniScaleBlock(inputs, outputs, instance=instance))
                inputs = outputs
            if index < len(stages) - 1:
                layers += [convolution(outputs, outputs), nn.AvgPool2d(2, stride=2)]
        self.stages = nn.Sequential(*layers, convolution(inputs, self.channels))
        self.apply(initialise)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalised pictures (N, 3, H, W) to (N, channels, H/16, W/16)."""
        return self.stages(self.stem(pictures))
