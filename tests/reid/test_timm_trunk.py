"""Trunks of timm by name; skipped where timm is not installed."""

import sys
from pathlib import Path

import pytest
import torch

from core.errors import SettingError, WeightsError
from reid.export import export_network, least_cosine
from reid.network.config import NetworkConfig
from reid.network.model import ReIDNetwork
from reid.network.timm_trunk import TimmTrunk
from reid.onnx_export import export_onnx
from reid.training.checkpoint import load_beginning
from reid.training.loop import train
from reid.training.parallel import Group
from reid.training.recipe import Recipe
from tests.reid.fake_crops import write_set

SMALL = {"embedding": 32, "part_embedding": 16, "input_height": 64, "input_width": 32, "stripes": 4}


def test_without_timm_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(SettingError, match=r"pip install timm"):
        ReIDNetwork.random(NetworkConfig(trunk="timm:test_resnet", **SMALL), 0)


@pytest.mark.parametrize("trunk", ["timm:", "timm:a+b", "palette+timm:test_resnet", "timm"])
def test_names_that_are_none(trunk: str) -> None:
    with pytest.raises(SettingError, match=r"network\.trunk: expected one of"):
        NetworkConfig(trunk=trunk)


@pytest.fixture
def timm():
    return pytest.importorskip("timm", reason="timm is not installed: pip install -r requirements-dev.txt")


@pytest.mark.parametrize(
    ("trunk", "members"), [("test_resnet", ""), ("mobilenetv3_small_050", ""), ("test_resnet", "+palette")]
)
def test_a_map_of_a_sixteenth_that_is_exported_faithfully(timm, tmp_path: Path, trunk: str, members: str) -> None:
    config = NetworkConfig(trunk=f"timm:{trunk}{members}", **SMALL)
    network = ReIDNetwork.random(config, 1)
    again = ReIDNetwork.random(config, 1)
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in network.state_dict().items())
    assert network.trunk(torch.zeros(1, 3, 96, 48)).shape[2:] == (6, 3)
    export_network(network, tmp_path, "timm")
    assert least_cosine(network.eval(), tmp_path) > (0.999 if members else 0.9999)  # the palette feels 16 bits more
    assert export_onnx(network, tmp_path)["onnx_least_cosine"] > 0.9999


def test_a_training_and_a_fit_of_its_size(timm, tmp_path: Path) -> None:
    crops = write_set(tmp_path / "crops", identities=4, per_identity=2)
    recipe = Recipe.from_dict({
        "data": {"train": str(crops)},
        "network": SMALL | {"trunk": "timm:test_resnet"},
        "schedule": {"steps": 2, "identities": 2, "images": 2, "threads": 1},
    })  # fmt: skip
    trained = train(recipe, tmp_path / "run", say=lambda _: None)
    resumed = ReIDNetwork.random(recipe.network, 9)
    load_beginning(tmp_path / "run", resumed)
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in trained.state_dict().items())


def test_weights_begin_from_a_file_and_see_red_where_timm_sees_red(timm, tmp_path: Path) -> None:
    with torch.random.fork_rng():
        whole = timm.create_model("test_resnet", pretrained=False).eval()
    torch.save(whole.state_dict(), tmp_path / "timm.pth")
    network = ReIDNetwork.random(NetworkConfig(trunk="timm:test_resnet", **SMALL), 3).eval()
    load_beginning(tmp_path / "timm.pth", network)
    rgb = torch.rand(2, 3, 64, 32, generator=torch.Generator().manual_seed(0))
    assert isinstance(network.trunk, TimmTrunk)
    expected = whole.forward_intermediates(rgb, indices=[network.trunk.stage], intermediates_only=True)[0]
    torch.testing.assert_close(network.trunk(rgb.flip(1)), expected)


def test_files_that_are_not_its_weights(timm, tmp_path: Path) -> None:
    network = ReIDNetwork.random(NetworkConfig(trunk="timm:test_resnet", **SMALL), 3)
    path = tmp_path / "x.pth"
    torch.save({"a": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match="tensors are missing"):
        load_beginning(path, network)
    path.write_bytes(b"nonsense")
    with pytest.raises(WeightsError, match=r"x\.pth: cannot be taken"):
        load_beginning(path, network)
    with pytest.raises(WeightsError, match="got the file"):
        load_beginning(path, ReIDNetwork.random(NetworkConfig(width=0.125, **SMALL), 3))


@pytest.mark.parametrize(
    ("name", "message"),
    [("test_resnett", "no network 'test_resnett'"), ("csatv2", "gives a map of"), ("vit_tiny_patch16_224", "take")],
)
def test_networks_that_do_not_fit(timm, name: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        ReIDNetwork.random(NetworkConfig(trunk=f"timm:{name}", **SMALL), 0)


def test_a_normalisation_that_does_more_cannot_be_shared(timm, monkeypatch: pytest.MonkeyPatch) -> None:
    group = Group("cpu")
    group.size = 2
    group.prepare(ReIDNetwork.random(NetworkConfig(width=0.125, **SMALL), 0))
    with pytest.raises(SettingError, match="BatchNormAct2d"):
        group.prepare(ReIDNetwork.random(NetworkConfig(trunk="timm:mobilenetv3_small_050", **SMALL), 0))
