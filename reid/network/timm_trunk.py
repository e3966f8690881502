"""Trunks of timm (Wightman, 'PyTorch Image Models') by name: `network.trunk = "timm:resnet18"`.

timm is not among the requirements; it is imported where such a trunk is asked for. Nothing is ever downloaded: weights
are random, or come from a file that the recipe names (`begin_with`).
"""

import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from core.errors import SettingError, WeightsError
from reid.network.config import TIMM, NetworkConfig

STRIDE = 16


class TimmTrunk(nn.Module):
    """Trunk: pictures (N, 3, H, W) to a feature map (N, `channels`, H/16, W/16), the deepest one of that size.

    What a network has behind that map (a ResNet's last stage at a thirty-second) is left out. Raises SettingError for a
    name that timm does not know, and for a network without such a map at the recipe's sizes (a vision transformer takes
    one size alone).
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.name = config.trunk.removeprefix(TIMM)
        reductions = _created(self.name).feature_info.reduction()
        if STRIDE not in reductions:
            raise SettingError(
                f"network.trunk: {self.name} has maps at {reductions}, none at a {STRIDE}th of the input"
            )
        self.stage = len(reductions) - 1 - reductions[::-1].index(STRIDE)
        self.body = _created(self.name, out_indices=(self.stage,))
        self.channels = int(self.body.feature_info.channels()[-1])
        _require_sixteenth(self, config)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalised BGR pictures (N, 3, H, W) to (N, channels, H/16, W/16); timm's weights are for RGB."""
        features: torch.Tensor = self.body(pictures.flip(1))[-1]
        return features

    def begin_with(self, path: Path) -> None:
        """Take the weights of timm's network from a file (.safetensors, .pth, .bin). Raises WeightsError."""
        if not path.is_file():
            raise WeightsError(f"{path}: expected a file with the weights of timm's {self.name}; it is not there")
        try:
            tensors = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
            self.body.load_state_dict(_created(self.name, self._whole(tensors), out_indices=(self.stage,)).state_dict())
        except Exception as error:  # timm and the readers under it raise whatever they like
            raise WeightsError(f"{path}: cannot be taken as weights of timm's {self.name}: {error}") from error

    def _whole(self, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The whole network's weights, every one from `tensors` but the classifier's; timm alone forgives gaps."""
        import timm

        needed = timm.create_model(self.name, pretrained=False, num_classes=0).state_dict()
        if missing := sorted(set(needed) - set(tensors)):
            raise WeightsError(f"{len(missing)} of its {len(needed)} tensors are missing, such as {missing[:2]}")
        whole = timm.create_model(self.name, pretrained=False)
        whole.load_state_dict({name: tensors[name] for name in needed}, strict=False)
        return dict(whole.state_dict())


def _created(name: str, tensors: dict[str, torch.Tensor] | None = None, **options: Any) -> Any:
    """A network that gives feature maps, with random weights or with `tensors` of the whole network."""
    try:
        import timm
    except ImportError as error:
        raise SettingError(
            f"network.trunk: {TIMM}{name} needs timm, which is not installed: `.venv/bin/pip install timm`"
        ) from error
    if not timm.is_model(name):
        near = timm.list_models(f"*{name}*")[:5]
        hint = f"; names like it: {near}" if near else "; `timm.list_models()` lists them"
        raise SettingError(f"network.trunk: timm has no network {name!r}{hint}")
    if tensors is not None:  # timm then looks nowhere else
        options |= {"pretrained": True, "pretrained_cfg_overlay": {"state_dict": tensors}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return timm.create_model(name, features_only=True, **options)


def _require_sixteenth(trunk: TimmTrunk, config: NetworkConfig) -> None:
    blank = torch.zeros(1, 3, config.input_height, config.input_width)
    mode = trunk.training
    try:
        with torch.no_grad():
            shape = tuple(trunk.eval()(blank).shape[2:])
    except (AssertionError, RuntimeError) as error:
        raise SettingError(f"network.trunk: {trunk.name} does not take {tuple(blank.shape[2:])} px: {error}") from error
    trunk.train(mode)
    if shape != config.grid:
        raise SettingError(f"network.trunk: {trunk.name} gives a map of {shape}, expected {config.grid}")
