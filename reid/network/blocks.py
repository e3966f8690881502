"""The building blocks of OSNet (Zhou et al., ICCV 2019) and OSNet-AIN (Zhou et al., TPAMI 2021); some serve ResNet too.

All maps are (N, C, h, w) float32.
"""

import torch
from torch import nn

STREAMS = 4  # omni-scale: stream t has t light convolutions, a receptive field of 2t + 1
GATE_REDUCTION = 16


def convolution(inputs: int, outputs: int, size: int = 1, *, stride: int = 1, instance: bool = False) -> nn.Sequential:
    """Convolution, batch (or instance) normalisation, ReLU."""
    norm: nn.Module = nn.InstanceNorm2d(outputs, affine=True) if instance else nn.BatchNorm2d(outputs)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False), norm, nn.ReLU(inplace=True)
    )


def linear_convolution(inputs: int, outputs: int, *, stride: int = 1, normalise: bool = True) -> nn.Sequential:
    """Pointwise convolution without activation, with batch normalisation where asked."""
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 1, stride, bias=False)]
    if normalise:
        layers.append(nn.BatchNorm2d(outputs))
    return nn.Sequential(*layers)


def scaled(channels: int, width: float) -> int:
    """Channels of a layer of `channels` at `width`; multiples of 8 run at full speed."""
    return max(8, round(channels * width / 8) * 8)


def initialise(module: nn.Module) -> None:
    """He et al. 2015 for convolutions; normalisations start as the identity."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class LightConvolution(nn.Sequential):
    """Lite 3 × 3 (section 3.1): pointwise, then depthwise, normalisation, ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )


class AggregationGate(nn.Module):
    """Unified aggregation gate (equation 3): one small network, shared by all streams, weighs their channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(1, channels // GATE_REDUCTION)
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, hidden, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, stream: torch.Tensor) -> torch.Tensor:
        """The stream (N, C, h, w) times its channel weights."""
        return stream * self.weigh(stream)


class OmniScaleBlock(nn.Module):
    """Omni-scale residual block: reduce, four streams of 1 to 4 light convolutions, gate, sum, expand, add.

    With `instance`, the residual is instance-normalised before the addition (OSNet-AIN, figure 3c): style, which is
    what differs between cameras and between rendered and real, is taken out while the identity path keeps it.
    """

    def __init__(self, inputs: int, outputs: int, *, instance: bool = False) -> None:
        super().__init__()
        middle = outputs // 4
        self.reduce = convolution(inputs, middle)
        self.streams = nn.ModuleList(
            nn.Sequential(*(LightConvolution(middle) for _ in range(depth))) for depth in range(1, STREAMS + 1)
        )
        self.gate = AggregationGate(middle)
        self.expand = linear_convolution(middle, outputs, normalise=not instance)
        self.instance = nn.InstanceNorm2d(outputs, affine=True) if instance else nn.Identity()
        self.shortcut = linear_convolution(inputs, outputs) if inputs != outputs else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs, h, w) to (N, outputs, h, w)."""
        reduced = self.reduce(x)
        mixed = sum((self.gate(stream(reduced)) for stream in self.streams), torch.zeros_like(reduced))
        return torch.relu(self.shortcut(x) + self.instance(self.expand(mixed)))
