"""Network weights as safetensors: no pickle is ever read."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from core.errors import WeightsError
from reid.network.config import NetworkConfig
from reid.network.model import ReIDNetwork


def save_network(network: ReIDNetwork, path: Path) -> None:
    """Write the weights as float32 safetensors."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    save_file(tensors, path)
    path.chmod(0o644)  # the library writes for the owner alone


def load_network(path: Path, config: NetworkConfig) -> ReIDNetwork:
    """The network with the weights of `path`, in eval mode. Raises WeightsError."""
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
