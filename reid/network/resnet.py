"""ResNet-18 (He et al., 'Deep Residual Learning', CVPR 2016, table 1) with IBN-a blocks.

As ReID uses it: the last stage keeps its resolution (Luo et al., 'Bag of tricks', CVPRW 2019) and, where it is
`resnet18-ibn`, half the channels behind the first convolution of a block are instance-normalised in all stages but
the last (Pan et al., 'Two at Once: IBN-Net', ECCV 2018, figure 3a): style, which is what differs between cameras and
between rendered and real, goes; the other half keeps what tells colours apart. The stem is 3 × 3 without pooling, as
crops are a fifth as large as the pictures the paper was made for.
"""

import torch
from torch import nn

from reid.network.blocks import initialise, linear_convolution, scaled
from reid.network.config import NetworkConfig

STAGES, STRIDES, BLOCKS = (64, 128, 256, 512), (2, 2, 2, 1), 2


class HalfInstanceNorm(nn.Module):
    """Instance normalisation of the first half of the channels, batch normalisation of the second."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.instanced = channels // 2
        self.instance = nn.InstanceNorm2d(self.instanced, affine=True)
        self.batch = nn.BatchNorm2d(channels - self.instanced)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, h, w) to the same."""
        first, second = x.split([self.instanced, x.shape[1] - self.instanced], 1)
        return torch.cat([self.instance(first), self.batch(second)], 1)


class BasicBlock(nn.Module):
    """Two 3 × 3 convolutions around a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int, *, instance: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm = HalfInstanceNorm(outputs) if instance else nn.BatchNorm2d(outputs)
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        changes = stride > 1 or inputs != outputs
        self.shortcut = linear_convolution(inputs, outputs, stride=stride) if changes else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs, h, w) to (N, outputs, h / stride, w / stride)."""
        return torch.relu(self.second(torch.relu(self.norm(self.first(x)))) + self.shortcut(x))


class ResNet(nn.Module):
    """Trunk: pictures (N, 3, H, W) to a feature map (N, `channels`, H/16, W/16)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        instance = config.trunk == "resnet18-ibn"
        widths = [scaled(channels, config.resnet_width) for channels in STAGES]
        self.channels = widths[-1]
        self.stem = nn.Sequential(
            nn.Conv2d(3, widths[0], 3, 2, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True)
        )
        layers, inputs = [], widths[0]
        for index, (outputs, stride) in enumerate(zip(widths, STRIDES, strict=True)):
            for block in range(BLOCKS):
                mixed = instance and index < len(STAGES) - 1
                layers.append(BasicBlock(inputs, outputs, stride if block == 0 else 1, instance=mixed))
                inputs = outputs
        self.stages = nn.Sequential(*layers)
        self.apply(initialise)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalised pictures (N, 3, H, W) to (N, channels, H/16, W/16)."""
        return self.stages(self.stem(pictures))
