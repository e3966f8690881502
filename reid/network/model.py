"""The whole network: pictures as the camera gave them and part masks in, branches or unit vectors out."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from reid.network.config import TIMM, NetworkConfig
from reid.network.head import Branches, Head
from reid.network.osnet import OSNet
from reid.network.palette import Palette
from reid.network.resnet import ResNet
from reid.network.timm_trunk import TimmTrunk

Trunk = OSNet | ResNet | Palette | TimmTrunk

# Mean and spread of ImageNet's channels, in the order blue, green, red, on a scale of 0 to 255.
MEAN_BGR, STD_BGR = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)


class UnitVectors(NamedTuple):
    """Vectors of length one: global_ (N, D), parts (N, K, d), stripes (N, H, d), float32."""

    global_: torch.Tensor
    parts: torch.Tensor
    stripes: torch.Tensor


class Members(nn.Module):
    """Several trunks beside each other: their channels one after the other."""

    def __init__(self, trunks: Sequence[Trunk]) -> None:
        super().__init__()
        self.trunks = nn.ModuleList(trunks)
        self.shares = [trunk.channels for trunk in trunks]
        self.channels = sum(self.shares)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalised pictures (N, 3, H, W) to (N, channels, H/16, W/16)."""
        return torch.cat([trunk(pictures) for trunk in self.trunks], dim=1)


def _member(name: str, config: NetworkConfig) -> Trunk:
    if name == "palette":
        return Palette(torch.tensor(MEAN_BGR), torch.tensor(STD_BGR))
    kind = TimmTrunk if name.startswith(TIMM) else ResNet if name.startswith("resnet") else OSNet
    return kind(dataclasses.replace(config, trunk=name))


class ReIDNetwork(nn.Module):
    """A trunk with the multi-branch head.

    Input: pictures (N, 3, H, W) float32 BGR in 0 to 255; masks (N, K, H/16, W/16) float32, non-negative; owned (N,
    H/16, W/16) float32 in [0, 1], see `reid.parts.PartMasks`.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk: Trunk | Members
        trunks = [_member(name, config) for name in config.trunk.split("+")]
        self.trunk = trunks[0] if len(trunks) == 1 else Members(trunks)
        self.head = Head(self.trunk.channels, config)
        self.register_buffer("mean", torch.tensor(MEAN_BGR).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("inverse_std", 1 / torch.tensor(STD_BGR).reshape(1, 3, 1, 1), persistent=False)

    @classmethod
    def random(cls, config: NetworkConfig, seed: int) -> "ReIDNetwork":
        """An untrained network, the same for the same seed; leaves the global generator as it was."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls(config)

    mean: torch.Tensor
    inverse_std: torch.Tensor

    def forward(self, pictures: torch.Tensor, masks: torch.Tensor, owned: torch.Tensor | None = None) -> Branches:
        """What the losses work on. Training leaves `owned` out: the whole crop must be told from people whom no
        detector found, too."""
        normalised = (pictures - self.mean) * self.inverse_std
        return self.head(self.trunk(normalised), masks, owned)


class Inference(nn.Module):
    """The network as it is shipped: unit vectors. Put it in eval mode before use."""

    def __init__(self, network: ReIDNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: torch.Tensor, masks: torch.Tensor, owned: torch.Tensor | None = None) -> UnitVectors:
        """Input as in ReIDNetwork."""
        branches = self.network(pictures, masks, owned)
        return UnitVectors(*(self._unit(branch) for branch in (branches.global_, branches.parts, branches.stripes)))

    def _unit(self, vectors: torch.Tensor) -> torch.Tensor:
        """Length one, of whose square every member has its share: none drowns out another."""
        shares = self.network.config.shares
        if len(shares) == 1:
            return functional.normalize(vectors, dim=-1)
        weight = torch.tensor(shares, dtype=vectors.dtype, device=vectors.device).sqrt()
        members = functional.normalize(vectors.unflatten(-1, (len(shares), -1)), dim=-1)
        return (members * weight[:, None]).flatten(-2)
