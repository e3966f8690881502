"""Batches of people who look alike."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import WeightsError
from reid.data.shards import ShardSet
from reid.embedder import Embedder
from reid.training.batches import Batches
from reid.training.lookalikes import CROPS_EACH, NOBODY, look_alikes
from reid.training.recipe import Recipe
from reid.training.sampler import IdentitySampler, LookAlikes
from tests.reid.fake_crops import write_set


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    return ShardSet(write_set(tmp_path_factory.mktemp("crops") / "train", identities=12, per_identity=5))


def test_the_nearest_come_first_as_a_plain_loop_says(crops: ShardSet, embedder: Embedder) -> None:
    found = look_alikes(crops, embedder, 4)
    centres = []
    for name in range(12):
        rows = np.flatnonzero(crops.identity == name)[:CROPS_EACH]
        mean = embedder.embed([np.asarray(crops[int(row)].image) for row in rows]).global_.mean(axis=0)
        centres.append(mean / np.linalg.norm(mean))
    for name in range(12):
        others = sorted((one for one in range(12) if one != name), key=lambda one: -float(centres[name] @ centres[one]))
        assert found[name].tolist() == others[:4]


def test_fewer_people_than_asked_for_leave_places_empty(tmp_path: Path, embedder: Embedder) -> None:
    few = ShardSet(write_set(tmp_path / "few", identities=3))
    found = look_alikes(few, embedder, 5)
    assert (found[:, 2:] == NOBODY).all()
    assert sorted(found[0, :2].tolist()) == [1, 2]


@given(st.integers(2, 6), st.integers(4, 9), st.integers(0, 1000))
def test_a_batch_is_groups_of_look_alikes_and_nobody_twice(group: int, size: int, step: int) -> None:
    identity = np.repeat(np.arange(24) * 2, 3)  # odd numbers have no crops
    ring = np.stack([(np.arange(48) + 2 * shift) % 48 for shift in range(1, 6)], axis=1)
    sampler = IdentitySampler(identity, np.zeros(72), size, 2, balanced=True, seed=3, alike=LookAlikes(ring, group))
    rows = sampler.batch(step)
    assert np.array_equal(rows, sampler.batch(step))
    names = identity[rows].reshape(size, 2)[:, 0].tolist()
    assert len(set(names)) == size
    firsts = names[: -(-size // group)]
    near = [one for one in names if any(0 < (one - first) % 48 <= 10 for first in firsts)]
    assert len(near) >= min(size - len(firsts), group - 1)


def test_over_an_epoch_everybody_is_first_once() -> None:
    identity = np.repeat(np.arange(12), 2)
    ring = (np.arange(12)[:, None] + [1, 2]) % 12
    sampler = IdentitySampler(identity, np.zeros(24), 4, 2, balanced=True, seed=0, alike=LookAlikes(ring, 2))
    firsts = [identity[sampler.batch(step)][[0, 2]].tolist() for step in range(6)]
    assert sorted(np.concatenate(firsts).tolist()) == list(range(12))


def test_places_without_look_alikes_are_made_up_by_others() -> None:
    identity = np.repeat(np.arange(6), 2)
    alone = LookAlikes(np.full((6, 3), NOBODY), 3)
    sampler = IdentitySampler(identity, np.zeros(12), 5, 2, balanced=True, seed=0, alike=alone)
    assert len(set(identity[sampler.batch(0)])) == 5


def test_a_recipe_asks_for_them_by_a_folder_of_weights(crops: ShardSet, weights_folder: Path) -> None:
    schedule = {"identities": 4, "images": 2, "alike": 2, "alike_among": 1, "alike_by": str(weights_folder)}
    network = {"input_height": 64, "input_width": 32}
    batches = Batches(crops, Recipe.from_dict({"network": network, "schedule": schedule}))
    nearest = look_alikes(crops, Embedder.open(weights_folder, "cpu", 1), 1)[:, 0]
    names = crops.identity[batches.sampler.batch(0)][::2].tolist()
    assert nearest[names[0]] in names
    with pytest.raises(WeightsError):
        Batches(crops, Recipe.from_dict({"network": network, "schedule": schedule | {"alike_by": "build/nothing"}}))
