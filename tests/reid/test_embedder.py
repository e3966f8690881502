"""The embedder: shapes, determinism, and weights that are not what they should be."""

import dataclasses
import json
import shutil
import threading
from pathlib import Path

import numpy as np
import openvino
import pytest
import torch
from filelock import FileLock
from openvino import opset13 as ops

from core.errors import SettingError, ShapeError, WeightsError
from reid import int8
from reid.backends import IR, IR_WEIGHTS, SAFETENSORS, OpenVINOBackend, TorchBackend
from reid.card import Card
from reid.data.shards import ShardSet
from reid.distance.appearance import appearance_distance, global_distance
from reid.embedder import Embedder
from reid.export import export_network, least_cosine
from reid.network.config import NetworkConfig
from reid.network.model import ReIDNetwork
from reid.onnx_export import export_onnx
from reid.weights import load_network, save_network
from tests.reid.conftest import TINY
from tests.reid.fake_crops import person, standing, write_set

FIELDS = ("global_", "parts", "visibility", "stripes", "quality")


def crops(count: int) -> tuple[list[np.ndarray], np.ndarray, list[np.ndarray]]:
    rng = np.random.default_rng(0)
    pictures, keypoints, others = [], [], []
    for index in range(count):
        height = int(rng.integers(40, 200))
        pictures.append(person(rng.uniform(0, 255, (4, 3)), height, height // 2, rng))
        keypoints.append(standing(height, height // 2))
        others.append(np.tile(standing(height, height // 2) + np.array([9, 0, 0]), (index % 3, 1, 1)))
    return pictures, np.array(keypoints), others


def test_shapes_and_unit_length(embedder: Embedder) -> None:
    found = embedder.embed(*crops(5))
    assert found.global_.shape == (5, 32)
    assert found.parts.shape == (5, 5, 16)
    assert found.stripes.shape == (5, 8, 16)
    for vectors in (found.global_, found.stripes, found.parts[found.visibility > 0]):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1, atol=1e-5)
    assert (found.quality > 0).all()
    assert (found.quality <= 1).all()
    assert (embedder.input_height, embedder.input_width) == (64, 32)


def test_the_same_bytes_whatever_the_batch_and_the_threads(embedder: Embedder, weights_folder: Path) -> None:
    pictures, keypoints, others = crops(7)
    together = embedder.embed(pictures, keypoints, others)
    two_threads = Embedder.open(weights_folder, device="cpu", threads=2).embed(pictures, keypoints, others)
    for row in range(7):
        alone = embedder.embed(pictures[row : row + 1], keypoints[row : row + 1], others[row : row + 1])
        for name in FIELDS:
            assert getattr(alone, name)[0].tobytes() == getattr(together, name)[row].tobytes()
            assert getattr(two_threads, name)[row].tobytes() == getattr(together, name)[row].tobytes()


def test_no_crops(embedder: Embedder) -> None:
    for found in (embedder.embed([]), embedder.embed([], np.zeros((0, 17, 3)), [])):
        assert len(found) == 0
        assert len(found.global_) == 0
        assert found.parts.shape == (0, 5, 16)


def test_without_keypoints_parts_are_unseen_and_the_rest_is_the_same(embedder: Embedder) -> None:
    pictures, keypoints, _ = crops(3)
    without, given = embedder.embed(pictures), embedder.embed(pictures, keypoints)
    assert not without.visibility.any()
    assert not without.parts.any()
    np.testing.assert_array_equal(without.global_, given.global_)
    np.testing.assert_array_equal(without.stripes, given.stripes)


def test_joints_that_were_looked_for_and_not_found_lower_the_quality(embedder: Embedder) -> None:
    pictures, keypoints, _ = crops(3)
    nothing = keypoints * (1, 1, 0)
    assert (embedder.embed(pictures, nothing).quality < embedder.embed(pictures).quality).all()


def test_small_and_blurred_crops_have_low_quality(embedder: Embedder) -> None:
    rng = np.random.default_rng(1)
    sharp = rng.integers(0, 256, (128, 64, 3), np.uint8)
    grey = np.full((128, 64, 3), 128, np.uint8)
    quality = embedder.embed([sharp, sharp[::8, ::8], grey]).quality
    assert quality[0] > 3 * quality[1]
    assert quality[0] > 3 * quality[2]


@pytest.mark.parametrize(
    "crop", [np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)]
)
def test_what_is_no_picture_is_refused(embedder: Embedder, crop: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="crop 0"):
        embedder.embed([crop])


def test_keypoints_of_another_number_of_crops_are_refused(embedder: Embedder) -> None:
    with pytest.raises(ShapeError, match="one per crop"):
        embedder.embed(crops(2)[0], np.zeros((3, 17, 3)))


def test_torch_and_openvino_agree(embedder: Embedder, weights_folder: Path) -> None:
    pictures, keypoints, others = crops(3)
    card = Card.read(weights_folder)
    backend = TorchBackend(weights_folder / SAFETENSORS, card, "cpu")
    ours = Embedder(card.network, card.identifier, backend).embed(pictures, keypoints, others)
    shipped = embedder.embed(pictures, keypoints, others)
    for name in FIELDS:
        np.testing.assert_allclose(getattr(ours, name), getattr(shipped, name), atol=0.01)


@pytest.mark.parametrize("kind", ["openvino", "torch"])
def test_rows_do_not_depend_on_the_batch(embedder: Embedder, weights_folder: Path, kind: str) -> None:
    card = Card.read(weights_folder)
    torch_backend = TorchBackend(weights_folder / SAFETENSORS, card, "cpu")
    one = embedder if kind == "openvino" else Embedder(card.network, card.identifier, torch_backend)
    pictures = crops(18)[0]
    whole = one.embed(pictures).global_
    np.testing.assert_array_equal(whole[17:], one.embed(pictures[17:]).global_)
    np.testing.assert_array_equal(whole[::-1], one.embed(pictures[::-1]).global_)


@pytest.mark.parametrize("trunk", ["osnet", "osnet-ain", "resnet18", "resnet18-ibn"])
def test_every_trunk_is_exported_faithfully(tmp_path: Path, trunk: str) -> None:
    small = {"width": 0.125, "resnet_width": 0.125, "input_height": 48, "input_width": 32}
    network = ReIDNetwork.random(NetworkConfig(trunk=trunk, parts=3, stripes=5, **small), seed=1)
    export_network(network, tmp_path, "other")
    assert least_cosine(network.eval(), tmp_path) > 0.9999


@pytest.fixture(scope="module")
def without_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("partless")
    network = ReIDNetwork.random(dataclasses.replace(TINY, parts=0), seed=3)
    export_network(network, folder, "partless", scores=export_onnx(network, folder))
    return folder


def test_a_network_without_parts_runs_everywhere_and_can_be_compared(without_parts: Path) -> None:
    given, card = crops(9), Card.read(without_parts)
    shipped = Embedder.open(without_parts, "cpu", 1).embed(*given)
    live = Embedder(card.network, "live", TorchBackend(without_parts / SAFETENSORS, card, "cpu")).embed(*given)
    assert shipped.parts.shape == live.parts.shape == (9, 0, 16)
    for name in FIELDS:
        np.testing.assert_allclose(getattr(live, name), getattr(shipped, name), atol=0.01)
    distance, _ = appearance_distance(shipped, shipped)
    np.testing.assert_allclose(distance, global_distance(shipped, shipped), atol=1e-6)


def test_a_network_without_parts_is_calibrated_without_masks(
    without_parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples: list[list[np.ndarray]] = []
    monkeypatch.setattr(int8, "quantized", lambda model, some, keep: (samples.extend(some), model)[1])
    folder = broken(without_parts, tmp_path)
    assert int8.quantize(folder, ShardSet(write_set(tmp_path / "set", identities=2))).worst > 0.999
    assert {tuple(array.shape for array in one) for one in samples} == {((1, 64, 32, 3), (1, 4, 2))}
    Embedder.open(folder, "cpu", 1)


def test_weights_are_replaced_together_or_not_at_all(
    weights_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    folder, few = broken(weights_folder, tmp_path), ShardSet(write_set(tmp_path / "set", identities=2))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(int8, "quantized", lambda model, *_: model)
    monkeypatch.setattr(Card, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        int8.quantize(folder, few)
    for where in (folder, tmp_path / "new"):
        with pytest.raises(KeyboardInterrupt):
            export_network(ReIDNetwork.random(TINY, seed=4), where, "other")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not (tmp_path / "new").exists()


def test_a_cache_that_cannot_be_made_is_done_without(weights_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THROUGHLINE_CACHE", "/dev/null/x")
    assert len(Embedder.open(weights_folder, "cpu", 1).embed(crops(1)[0])) == 1


def test_one_process_at_a_time_compiles_into_the_cache(
    weights_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # OpenVINO maps a compiled network that another process is still writing, and dies of it.
    monkeypatch.setenv("THROUGHLINE_CACHE", str(tmp_path))
    (tmp_path / "openvino").mkdir()
    opened: list[Embedder] = []
    other = threading.Thread(target=lambda: opened.append(Embedder.open(weights_folder, "cpu", 1)))
    with FileLock(tmp_path / "openvino" / "compiling.lock"):
        other.start()
        other.join(1.5)
        assert not opened
        assert not list(tmp_path.rglob("*.blob"))
    other.join(60)
    assert len(opened) == 1
    assert list(tmp_path.rglob("*.blob"))
    with FileLock(tmp_path / "openvino" / "compiling.lock", timeout=0):
        pass  # given back


def test_a_process_that_was_stopped_while_it_compiled_stops_no_other(
    weights_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THROUGHLINE_CACHE", str(tmp_path))
    monkeypatch.setattr("reid.backends._LOCK_S", 0.2)
    (tmp_path / "openvino").mkdir()
    with FileLock(tmp_path / "openvino" / "compiling.lock"):
        assert len(Embedder.open(weights_folder, "cpu", 1).embed(crops(1)[0])) == 1
        assert not list(tmp_path.rglob("*.blob"))


def test_the_same_seed_gives_the_same_network_and_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    a, b = ReIDNetwork.random(TINY, 1).state_dict(), ReIDNetwork.random(TINY, 1).state_dict()
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert torch.equal(torch.rand(3), expected)


def broken(weights_folder: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(weights_folder, folder)
    return folder


@pytest.mark.parametrize("name", [IR, IR_WEIGHTS])
def test_a_changed_or_missing_file_is_refused(weights_folder: Path, tmp_path: Path, name: str) -> None:
    folder = broken(weights_folder, tmp_path)
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(WeightsError, match="sha256"):
        Embedder.open(folder, device="cpu")
    (folder / name).unlink()
    with pytest.raises(WeightsError, match="cannot be read"):
        Embedder.open(folder, device="cpu")


@pytest.mark.parametrize(
    ("change", "message"),
    [({"task": "detection"}, "task"), ({"network": {"colour": 1}}, "not a card"), ({"files": {}}, "lists no")],
)
def test_another_card_is_refused(weights_folder: Path, tmp_path: Path, change: dict, message: str) -> None:
    folder = broken(weights_folder, tmp_path)
    values = json.loads((folder / "weights.json").read_text())
    (folder / "weights.json").write_text(json.dumps(values | change))
    with pytest.raises(WeightsError, match=message):
        Embedder.open(folder, device="cpu")


def test_a_network_from_before_it_was_told_what_is_somebody_elses_is_refused(tmp_path: Path) -> None:
    pictures, masks = (ops.parameter([1, 4], np.float32, name=name) for name in ("pictures", "masks"))
    outputs = [ops.add(pictures, masks), ops.multiply(pictures, masks), ops.subtract(pictures, masks)]
    openvino.save_model(openvino.Model(outputs, [pictures, masks], "old"), tmp_path / IR)
    with pytest.raises(WeightsError, match=r"expected 3 inputs and 3 outputs .* got 2 and 3.* Export it again"):
        OpenVINOBackend(tmp_path / IR, tmp_path / IR_WEIGHTS, threads=1)


def test_no_card_and_no_json(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such card"):
        Embedder.open(tmp_path, device="cpu")
    (tmp_path / "weights.json").write_text("{")
    with pytest.raises(WeightsError, match="JSON"):
        Embedder.open(tmp_path, device="cpu")


def test_safetensors_of_another_architecture(weights_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"another architecture|expected"):
        load_network(weights_folder / SAFETENSORS, NetworkConfig())
    (tmp_path / "x.safetensors").write_bytes(b"\x80\x04pickle")
    with pytest.raises(WeightsError, match="safetensors"):
        load_network(tmp_path / "x.safetensors", TINY)


def test_stored_weights_are_half_as_wide_and_come_back_full(tmp_path: Path) -> None:
    network = ReIDNetwork.random(TINY, 3)
    save_network(network, tmp_path / "x.safetensors")
    parameters = sum(value.numel() for value in network.state_dict().values())
    assert (tmp_path / "x.safetensors").stat().st_size < 3 * parameters + 20_000
    again = load_network(tmp_path / "x.safetensors", TINY).state_dict()
    for name, value in network.state_dict().items():
        assert again[name].dtype == value.dtype
        torch.testing.assert_close(again[name], value, rtol=1e-3, atol=1e-6)
    network.head.neck.running_mean.fill_(1e6)
    with pytest.raises(WeightsError, match=r"head.neck.running_mean: .*got 1e\+06"):
        save_network(network, tmp_path / "x.safetensors")


def test_a_device_that_is_not_there(weights_folder: Path) -> None:
    with pytest.raises(SettingError, match="device"):
        Embedder.open(weights_folder, device="cuda:99" if not torch.cuda.is_available() else "tpu")


@pytest.mark.parametrize(
    "change",
    [{"trunk": "resnet"}, {"parts": 4}, {"input_height": 100}, {"width": 9.0}, {"stripes": 0}, {"embedding": 0}],
)
def test_networks_that_cannot_be_built(change: dict) -> None:
    with pytest.raises(SettingError):
        NetworkConfig(**change)
