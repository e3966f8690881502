"""What people wear as an auxiliary task of a training."""

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from core.errors import InputError
from reid.data.crops import open_crops
from reid.data.shards import ShardSet
from reid.training.batches import Batches
from reid.training.loop import train
from reid.training.objective import Objective
from reid.training.recipe import Recipe
from tests.reid.fake_crops import write_set
from tests.reid.test_training import NETWORK, silent


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("crops") / "train", plain=True)


def recipe(crops: Path, weight: float, **schedule: object) -> Recipe:
    values = {"steps": 2, "identities": 4, "images": 2, "small_height": 48, "small_width": 32, "threads": 1}
    return Recipe.from_dict({
        "data": {"train": str(crops)}, "network": NETWORK, "schedule": values | schedule,
        "losses": {"attributes": weight, "triplet": 0.0, "parts": 0.0, "stripes": 0.0, "classification": 0.1},
    })  # fmt: skip


def logged(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_batches_carry_the_labels_of_their_crops_where_they_are_asked_for(crops: Path) -> None:
    with_, without = (Batches(ShardSet(crops), recipe(crops, weight)) for weight in (1.0, 0.0))
    assert with_.answers == (5, 4, 2)
    assert without.answers == ()
    asked, plain = with_.batch(0), without.batch(0)
    np.testing.assert_array_equal(asked.attributes, ShardSet(crops).attributes.rows[with_.sampler.batch(0)])
    assert plain.attributes.shape == (8, 0)
    for name in ("pictures", "masks", "visibility", "identities"):
        assert torch.equal(getattr(asked, name), getattr(plain, name))


def test_the_term_is_lowered_and_is_read_off_the_whole_crop_vector(crops: Path, tmp_path: Path) -> None:
    train(recipe(crops, 1.0, steps=60, report_s=0.0, learning_rate=0.004), tmp_path, say=silent)
    lines = [line["attributes"] for line in logged(tmp_path)]
    first, last = np.mean(lines[:6]), np.mean(lines[-6:])
    assert last < first - 0.2


def test_the_classifier_of_identities_begins_the_same_with_and_without() -> None:
    losses = Recipe().losses
    without = Objective(8, 5, losses, seed=3)
    with_ = Objective(8, 5, dataclasses.replace(losses, attributes=1.0), 3, (4, 2))
    assert torch.equal(without.classifier.weight, with_.classifier.weight)
    assert list(without.state_dict()) == ["classifier.weight"]  # checkpoints from before fit


def test_without_it_there_is_no_term_and_no_label_is_read(crops: Path, tmp_path: Path) -> None:
    for shard in crops.glob("shard-*"):
        (tmp_path / "set" / shard.name).mkdir(parents=True)
        for array in shard.iterdir():
            if array.name != "attributes.npy":
                (tmp_path / "set" / shard.name / array.name).symlink_to(array)
    (tmp_path / "set" / "dataset.json").write_text(json.dumps({"identities": 8}))
    train(recipe(tmp_path / "set", 0.0), tmp_path / "run", say=silent)
    assert "attributes" not in logged(tmp_path / "run")[0]
    with pytest.raises(InputError, match="says nothing about what people wear"):
        train(recipe(tmp_path / "set", 0.5), tmp_path / "other", say=silent)


def test_pictures_have_no_labels(crops: Path, tmp_path: Path) -> None:
    samples = ShardSet(crops)
    for row in range(len(samples)):
        name = f"{samples.identity[row]:04d}_c{samples.camera[row]}s1_{row:06d}_00.png"
        cv2.imwrite(str(tmp_path / name), samples[row].image)
    with pytest.raises(InputError, match=r"losses\.attributes: pictures say nothing"):
        Batches(open_crops(tmp_path), recipe(tmp_path, 1.0))
