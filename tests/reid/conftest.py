"""Networks with random weights, exported once for all tests, photos of stick people, and a finished run."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from reid.calibration import Calibration
from reid.embedder import Embedder
from reid.export import export_network
from reid.network.config import NetworkConfig
from reid.network.model import ReIDNetwork
from tests.reid.fake_crops import person
from tests.support.run import run_job
from tests.support.scene import write_short_scene

TINY = NetworkConfig(width=0.125, embedding=32, part_embedding=16, input_height=64, input_width=32)


@pytest.fixture(scope="session")
def weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    export_network(ReIDNetwork.random(TINY, seed=3), folder, "tiny")
    return folder


@pytest.fixture(scope="session")
def embedder(weights_folder: Path) -> Embedder:
    return Embedder.open(weights_folder, device="cpu", threads=1)


@pytest.fixture(scope="session")
def weights(weights_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny network with a calibration: even odds at 0.3."""
    folder = tmp_path_factory.mktemp("calibrated")
    shutil.copytree(weights_folder, folder, dirs_exist_ok=True)
    name = Embedder.open(folder, "cpu", 1).identifier
    Calibration(name, (0.0, 1.0), (6.0, 6.0), (-20.0, -20.0), 0.01, 0.05).write(folder)
    return folder


@pytest.fixture(scope="session")
def colour_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that has learned nothing and still tells colours apart, with a calibration."""
    folder = tmp_path_factory.mktemp("colours")
    config = NetworkConfig(trunk="palette", bands=4, embedding=32, part_embedding=8, input_height=96, input_width=48)
    card = export_network(ReIDNetwork.random(config, seed=0), folder, "colours")
    Calibration(card.identifier, (0.0, 1.0), (6.0, 6.0), (-20.0, -20.0), 0.01, 0.05).write(folder)
    return folder


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people, three crops each that differ by noise alone."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    colours = np.random.default_rng(5).uniform(0, 255, (3, 4, 3))
    for who, colour in enumerate(colours):
        base = person(colour, 128, 64, np.random.default_rng(who))
        for number in range(3):
            noisy = np.clip(base + rng.normal(0, 2, base.shape), 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / f"{who:04d}_c{number}.png"), noisy)
    return folder


@pytest.fixture(scope="session")
def run_folder(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run over one camera of the short scene, made with the tiny network."""
    folder = tmp_path_factory.mktemp("run")
    videos = write_short_scene(folder / "videos", cameras=1, frames=14)
    outcome = run_job(videos, folder / "out", "--reid", str(weights), "--outputs", "json", "--workers", "1")
    assert outcome.code == 0, outcome.text
    return folder
