"""A network with random weights, exported once for all tests."""

from pathlib import Path

import pytest

from reid.embedder import Embedder
from reid.export import export_network
from reid.network.config import NetworkConfig
from reid.network.model import ReIDNetwork

TINY = NetworkConfig(width=0.125, embedding=32, part_embedding=16, input_height=64, input_width=32)


@pytest.fixture(scope="session")
def weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    export_network(ReIDNetwork.random(TINY, seed=3), folder, "tiny")
    return folder


@pytest.fixture(scope="session")
def embedder(weights_folder: Path) -> Embedder:
    return Embedder.open(weights_folder, device="cpu", threads=1)
