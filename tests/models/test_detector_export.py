"""Exporting the bundled detector: all of it takes the place of what was there, or nothing does."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import WeightsError
from core.weights import open_card
from models.detector import export as recipe
from tests.support.networks import write_network

NAMES = {"detector.xml", "detector.bin", "detector.safetensors", "weights.json"}


class Trained:
    """What Ultralytics gives for a checkpoint, as far as the recipe uses it."""

    model = torch.nn.Linear(2, 2)

    def __init__(self, scratch: Path):
        self.scratch = scratch

    def export(self, **_):
        return str(write_network(self.scratch / "detector.onnx", np.zeros((1, 56, 10), np.float32)))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of earlier files, which say so."""
    monkeypatch.setattr(recipe, "_load", lambda _, scratch: Trained(scratch))
    folder = tmp_path / "detector"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_text("earlier")
    return folder


def test_nothing_is_replaced_where_parity_fails(folder, monkeypatch):
    def fails(_):
        raise WeightsError("parity")

    monkeypatch.setattr(recipe, "check_parity", fails)
    with pytest.raises(WeightsError, match="parity"):
        recipe.export(Path("x.pt"), folder, [], 512, {})
    assert {path.name: path.read_text() for path in folder.iterdir()} == dict.fromkeys(NAMES, "earlier")


def test_what_passed_is_written_with_its_card(folder, monkeypatch):
    checked = []
    monkeypatch.setattr(recipe, "check_parity", lambda where: checked.extend(path.name for path in where.iterdir()))
    recipe.export(Path("x.pt"), folder, [], 512, {"AP50": 0.5})
    assert set(checked) >= NAMES - {"weights.json"}
    assert {path.name for path in folder.iterdir()} == NAMES
    assert open_card(folder).content["scores"] == {"AP50": 0.5}
