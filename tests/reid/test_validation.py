"""What a training says about itself: curves, scores on other people, and that it has left the numbers."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from core.errors import InputError, SettingError, ShapeError, WeightsError
from reid.embedder import Embedder
from reid.evaluation import evaluate_shards
from reid.export import export_network
from reid.network.model import ReIDNetwork
from reid.retrieval import retrieval_scores
from reid.training.curves import draw_curves, read_log
from reid.training.loop import train
from reid.training.recipe import Recipe
from reid.training.validation import Validation
from tests.reid.fake_crops import write_set
from tests.reid.test_training import NETWORK


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("sets")
    return write_set(folder / "train"), write_set(folder / "val", seed=1)


def recipe(sets: tuple[Path, Path], validated: bool, **schedule: object) -> Recipe:
    values = {"steps": 4, "identities": 4, "images": 2, "threads": 1}
    data = {"train": str(sets[0]), "validation": str(sets[1]) if validated else ""}
    return Recipe.from_dict({"data": data, "network": NETWORK, "schedule": values | schedule})


def logged(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_scores_are_those_of_evaluate_and_the_training_does_not_notice(sets: tuple[Path, Path], tmp_path: Path) -> None:
    lines: list[str] = []
    seen = train(recipe(sets, True, validate_steps=3), tmp_path / "seen", say=lines.append)
    unseen = train(recipe(sets, False), tmp_path / "unseen", say=lambda _: None)
    for name, value in unseen.state_dict().items():
        assert torch.equal(value, seen.state_dict()[name]), name
    scores = [line for line in logged(tmp_path / "seen") if "validation" in line]
    assert [line["step"] for line in scores] == [3, 4]
    assert sum("validation" in line for line in lines) == 2
    assert not any("validation" in line for line in logged(tmp_path / "unseen"))
    export_network(seen, tmp_path / "weights", "seen")
    shipped = evaluate_shards(Embedder.open(tmp_path / "weights", "cpu", 1), sets[1])
    for name in ("global", "fused"):
        assert scores[-1]["validation"][f"{name}_mean_ap"] == pytest.approx(shipped[name].mean_ap, abs=0.03)
        assert scores[-1]["validation"][f"{name}_rank1"] == pytest.approx(shipped[name].rank1, abs=0.13)


def test_at_the_end_alone_and_a_folder_that_is_not_there_is_said_at_the_beginning(
    sets: tuple[Path, Path], tmp_path: Path
) -> None:
    train(recipe(sets, True), tmp_path, say=lambda _: None)
    assert [line["step"] for line in logged(tmp_path) if "validation" in line] == [4]
    with pytest.raises(InputError, match="nowhere"):
        train(recipe((sets[0], tmp_path / "nowhere"), True), tmp_path / "run", say=lambda _: None)
    assert not (tmp_path / "run" / "log.jsonl").exists()


def test_curves_are_a_picture_that_changes_with_the_log(sets: tuple[Path, Path], tmp_path: Path) -> None:
    draw_curves(tmp_path)
    assert not (tmp_path / "curves.png").exists()
    train(recipe(sets, True, report_s=0.0, validate_steps=2), tmp_path, say=lambda _: None)
    first = cv2.imread(str(tmp_path / "curves.png"))
    assert first.shape[1] == 900
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 50
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write(json.dumps({"step": 9, "learning_rate": 1.0, "classification": 4.0}) + "\n")
    draw_curves(tmp_path)
    assert (cv2.imread(str(tmp_path / "curves.png")) != first).any()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pt", "curves.png", "log.jsonl"]


def test_a_step_said_twice_counts_as_it_was_said_last_and_a_cut_line_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines = [{"step": 2, "a": 1}, {"step": 3, "a": 2}, {"step": 3, "validation": {}}, {"step": 2, "a": 5}]
    path.write_text("\n".join(json.dumps(line) for line in lines) + '\n{"step": 4, "a')
    assert read_log(path) == [{"step": 2, "a": 5}, {"step": 3, "a": 2}, {"step": 3, "validation": {}}]


def test_a_training_that_diverges_stops_and_keeps_what_was_good(sets: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"step \d+: .* is nan.*schedule\.learning_rate"):
        train(recipe(sets, False, steps=40, learning_rate=1e30, warmup=0.0), tmp_path, say=lambda _: None)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_weights_that_left_the_numbers_in_the_last_step_are_not_kept(sets: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"step 1: .* is not finite: .*begin again in another folder"):
        train(recipe(sets, False, steps=1, learning_rate=1e20, weight_decay=1e20), tmp_path, say=lambda _: None)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_scores_that_were_stopped_are_made_when_the_training_goes_on(
    sets: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Validation, "scores", stop)
        train(recipe(sets, True, steps=1), tmp_path, say=lambda _: None)
    for _ in range(2):
        train(recipe(sets, True, steps=1), tmp_path, say=lambda _: None)
        assert [line["step"] for line in logged(tmp_path) if "validation" in line] == [1]


def test_numbers_that_are_none_are_said_to_be_the_networks(sets: tuple[Path, Path], tmp_path: Path) -> None:
    network = ReIDNetwork.random(recipe(sets, False).network, 0)
    embedder_of = Embedder(network.config, "broken", _Broken(network.config))
    with pytest.raises(WeightsError, match="broken: gives vectors with NaN"):
        evaluate_shards(embedder_of, sets[1])
    with pytest.raises(ShapeError, match="NaN or infinity for 1 of 2 queries"):
        retrieval_scores(np.array([[0.0], [np.nan]]), *(np.zeros(n, int) for n in (2, 2, 1, 1)))
    with pytest.raises(ShapeError, match="queries × gallery"):
        retrieval_scores(np.zeros((1, 2)), *(np.zeros(1, int) for _ in range(4)))


class _Broken:
    def __init__(self, config) -> None:
        self.config = config

    def run(self, pictures: np.ndarray, masks: np.ndarray, owned: np.ndarray):
        n, c = len(pictures), self.config
        return (
            np.full((n, c.embedding), np.nan, np.float32),
            np.zeros((n, c.parts, c.part_embedding), np.float32),
            np.zeros((n, c.stripes, c.part_embedding), np.float32),
        )
