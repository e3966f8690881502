"""The mean of trainings is a network that can be trained on and exported."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import InputError
from models.detector import average
from models.detector.network import SlimPoseModel, build


def state(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return {name: tensor.clone() for name, tensor in SlimPoseModel(verbose=False).state_dict().items()}


def test_the_mean_is_the_mean_of_every_weight(tmp_path: Path) -> None:
    states = [state(1), state(2)]
    for number, one in enumerate(states):
        save_file(one, tmp_path / f"{number}.safetensors")
    average.main([tmp_path / "0.safetensors", tmp_path / "1.safetensors"], tmp_path / "mean.safetensors")
    got = load_file(tmp_path / "mean.safetensors")
    for name, tensor in got.items():
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, (states[0][name] + states[1][name]) / 2)
    build(got)  # names and shapes fit


def test_a_training_and_an_export_can_be_averaged(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = SlimPoseModel(verbose=False)
    network.args = {}
    torch.save({"model": network, "train_args": {}}, tmp_path / "last.pt")
    got = average.read_state(tmp_path / "last.pt")
    save_file({name: tensor.half() if tensor.dim() > 1 else tensor for name, tensor in got.items()},
              tmp_path / "exported.safetensors")  # fmt: skip
    average.main([tmp_path / "last.pt", tmp_path / "exported.safetensors"], tmp_path / "mean.safetensors")
    for name, tensor in load_file(tmp_path / "mean.safetensors").items():
        torch.testing.assert_close(tensor, got[name], rtol=1e-3, atol=1e-3)


def test_another_network_is_refused() -> None:
    one, other = state(1), state(1)
    other.pop(next(iter(other)))
    with pytest.raises(InputError, match="different networks"):
        average.mean([one, other])
