"""The ONNX file beside the IR."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from core.errors import WeightsError
from core.weights import sha256_of
from reid import onnx_export
from reid.backends import IR, IR_WEIGHTS, SAFETENSORS
from reid.embedder import Embedder
from reid.export import INPUTS, export_network, noise
from reid.network.model import ReIDNetwork
from reid.onnx_export import ONNX, export_onnx
from tests.reid.conftest import TINY


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("onnx")
    network = ReIDNetwork.random(TINY, seed=3)
    export_network(network, folder, "tiny", scores=export_onnx(network, folder))
    return folder


def test_any_number_of_pictures_gives_what_openvino_gives(folder: Path) -> None:
    session = onnxruntime.InferenceSession(str(folder / ONNX), providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_outputs()] == ["global", "parts", "stripes"]
    arrays = noise(TINY, 3)
    for count in (1, 3):
        given = [array[:count] for array in arrays]
        found = session.run(None, dict(zip(INPUTS, given, strict=True)))
        shipped = Embedder.open(folder, "cpu", 1)._backend.run(*given)
        for one, other in zip(found, shipped, strict=True):
            assert one.shape == other.shape
            assert ((one * other).sum(axis=-1) > 0.999).all()


def test_the_card_knows_the_file_and_the_network_keeps_its_name(folder: Path) -> None:
    scores = json.loads((folder / "weights.json").read_text())["scores"]
    assert scores["onnx_sha256"] == sha256_of(folder / ONNX)
    assert scores["onnx_least_cosine"] > 0.9999
    files = json.loads((folder / "weights.json").read_text())["files"]
    assert sorted(files) == sorted([IR, IR_WEIGHTS, SAFETENSORS])  # what the identifier is made from


def test_a_file_that_answers_otherwise_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_export, "_least_cosine", lambda *_: float(np.float32(0.5)))
    with pytest.raises(WeightsError, match=r"reid\.onnx: expected cosine"):
        export_onnx(ReIDNetwork.random(TINY, seed=3), tmp_path)
