"""The benchmark of what carries over to real people goes on where it stopped, and takes the first people of a set."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from benchmarks import record, reid_domain
from benchmarks.reid_domain import FirstPeople, Variant
from reid.data.shards import ShardSet
from tests.reid.fake_crops import write_set


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(reid_domain.app, [str(argument) for argument in arguments])


def test_the_first_people_are_those_of_the_set(tmp_path: Path) -> None:
    everybody = ShardSet(write_set(tmp_path / "set", identities=5, per_identity=4))
    first = FirstPeople(tmp_path / "set", 3)
    assert first.identities == 3
    assert len(first) == len(first.identity) == len(first.camera) == 12
    rows = np.flatnonzero(everybody.identity < 3)
    for index, row in enumerate(rows.tolist()):
        assert first.identity[index] == everybody.identity[row]
        assert first.camera[index] == everybody.camera[row]
        np.testing.assert_array_equal(first[index].image, everybody[row].image)
    assert len(FirstPeople(tmp_path / "set", 99)) == len(everybody)


def test_it_goes_on_and_prints_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train = write_set(tmp_path / "train", identities=14, per_identity=4)
    validation = write_set(tmp_path / "val", identities=4, per_identity=4, seed=1)
    real = tmp_path / "real"
    real.mkdir()
    rng = np.random.default_rng(0)
    for person in range(3):
        for camera in (1, 2, 3):
            cv2.imwrite(str(real / f"{person:04d}_c{camera}s1_0_0.png"), rng.integers(0, 256, (64, 32, 3), np.uint8))
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    monkeypatch.setattr(reid_domain, "RESULTS", tmp_path)
    monkeypatch.setattr(reid_domain, "PLOT", tmp_path / "plot.png")
    few = (Variant("12 people", 12), Variant("14 people", 14))
    monkeypatch.setattr(reid_domain, "BY_PEOPLE", few)
    monkeypatch.setattr(reid_domain, "VARIANTS", few[:1])
    asked = ("run", train, validation, "--real", real, "--steps", "2")
    assert call(*asked).exit_code == 0
    before = json.loads((tmp_path / "reid_domain.json").read_text())["runs"]

    monkeypatch.setattr(reid_domain, "VARIANTS", few)
    assert call(*asked).exit_code == 0
    after = json.loads((tmp_path / "reid_domain.json").read_text())["runs"]
    assert after[:1] == before, "what was there is not made again"
    assert [row["variant"] for row in after] == ["12 people", "14 people"]
    assert call("table").output.count("people |") == 2
    assert call("plot").exit_code == 0
    assert cv2.imread(str(tmp_path / "plot.png")) is not None
    assert "2 steps" in str(call("run", train, validation, "--real", real, "--steps", "3").exception)
