"""The pose network as safetensors."""

from pathlib import Path

from safetensors.torch import load_file, save_file

from core.errors import WeightsError
from models.pose.network import Inference, PoseNetwork


def write_network(network: Inference, file: Path) -> None:
    """All weights, running statistics and the lines of the calibration."""
    save_file({name: value.float().contiguous() for name, value in network.state_dict().items()}, file)


def read_network(file: Path) -> Inference:
    """What `write_network` wrote. Raises WeightsError where it is missing or of another network."""
    network = Inference(PoseNetwork())
    try:
        network.load_state_dict(load_file(file))
    except (OSError, RuntimeError, ValueError) as error:
        raise WeightsError(f"{file}: expected weights that models.pose.export wrote, got {error}") from error
    return network.eval()
