"""Network weights as safetensors: no pickle is ever read."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from core.errors import WeightsError
from reid.network.config import NetworkConfig
from reid.network.model import ReIDNetwork


def save_network(network: ReIDNetwork, path: Path) -> None:
    """Write the weights as float16 safetensors, half the size; `load_network` makes them float32 again.

    Raises WeightsError where a weight is too large for it.
    """
    tensors = {name: _halved(name, value.detach().cpu().contiguous()) for name, value in network.state_dict().items()}
    save_file(tensors, path)
    path.chmod(0o644)  # the library writes for the owner alone


def _halved(name: str, value: torch.Tensor) -> torch.Tensor:
    if not value.is_floating_point():
        return value
    half = value.half()
    if not half.isfinite().all():
        raise WeightsError(f"{name}: expected weights of at most 65504, got {value.abs().max():.3g}")
    return half


def load_network(path: Path, config: NetworkConfig) -> ReIDNetwork:
    """The network with the weights of `path` in float32, in eval mode. Raises WeightsError."""
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: cannot be read as safetensors: {error}") from error
    network = ReIDNetwork.random(config, seed=0)
    expected = network.state_dict()
    missing, unknown = sorted(set(expected) - set(tensors)), sorted(set(tensors) - set(expected))
    if missing or unknown:
        raise WeightsError(f"{path}: another architecture; missing {missing[:3]}, unknown {unknown[:3]}")
    for name, value in tensors.items():
        if value.shape != expected[name].shape:
            raise WeightsError(f"{path}: {name} expected {tuple(expected[name].shape)}, got {tuple(value.shape)}")
    network.load_state_dict(tensors)
    return network.eval()
