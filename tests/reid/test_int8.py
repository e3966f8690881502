"""A ReID network in integers says nearly the same, from the same folder."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from reid.__main__ import main
from reid.card import Card
from reid.data.shards import ShardSet
from reid.embedder import Embedder
from reid.export import export_network
from reid.int8 import quantize
from reid.network.config import NetworkConfig
from reid.network.model import ReIDNetwork
from tests.reid.fake_crops import write_set


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("crops") / "set")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = NetworkConfig(
        trunk="resnet18-ibn+palette", resnet_width=0.125, embedding=32, part_embedding=16, stripes=4, input_height=64,
        input_width=32,
    )  # fmt: skip
    export_network(ReIDNetwork.random(config, 0), tmp_path / "full", "tiny")
    return tmp_path / "full"


def test_integers_say_nearly_the_same(folder: Path, crops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = [sample.image for sample in (ShardSet(crops)[row] for row in range(0, len(ShardSet(crops)), 3))]
    full = folder.with_name("copy")
    shutil.copytree(folder, full)
    assert main(["int8", str(folder), "--calibration", str(crops)]) == 0
    assert "cosine with the full network 0.99" in capsys.readouterr().out
    before, after = (Embedder.open(one, "cpu", 1) for one in (full, folder))
    assert before.identifier != after.identifier
    ours, theirs = before.embed(pictures).global_, after.embed(pictures).global_
    assert 0.99 < (ours * theirs).sum(1).mean() < 0.999999
    np.testing.assert_allclose(ours[:, 16:], theirs[:, 16:], atol=0.03)  # the palette sees a rounded picture, no more
    card = Card.read(folder)
    assert card.scores["int8_mean_cosine"] > 0.99
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in full.iterdir())


def test_nothing_is_said_that_a_user_cannot_change(
    tmp_path: Path, crops: Path, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    """NNCF has a warning for each depthwise convolution, of which OSNet has many; tracing has one for OpenVINO."""
    config = NetworkConfig(trunk="osnet-ain", width=0.25, embedding=32, part_embedding=16, stripes=4, input_height=64)
    export_network(ReIDNetwork.random(config, 0), tmp_path / "full", "tiny")
    assert not [one for one in recwarn if "torch.jit" in str(one.message)]
    assert main(["int8", str(tmp_path / "full"), "--calibration", str(crops)]) == 0
    said = capfd.readouterr()
    assert "WARNING" not in said.out + said.err


def test_integers_are_not_made_integers_again(folder: Path, crops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["int8", str(folder), "--calibration", str(crops)]) == 0
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    capsys.readouterr()
    assert main(["int8", str(folder), "--calibration", str(crops)]) == 3
    assert "in 8-bit integers already" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_without_crops_it_says_what_it_needs(folder: Path, crops: Path) -> None:
    class One:
        def __len__(self) -> int:
            return 1

    with pytest.raises(InputError, match="two crops or more"):
        quantize(folder, One())  # type: ignore[arg-type]
