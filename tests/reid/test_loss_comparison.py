"""The comparison of losses goes on where it stopped, is the same in any number of processes, and mixes nothing."""

import json
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from typer.testing import CliRunner, Result

from benchmarks import record, reid_losses
from benchmarks.kept_batches import KeptBatches, name_of
from benchmarks.reid_learners import Budget, open_teacher, train_scheme, train_teacher
from benchmarks.reid_schemes import SCHEMES
from reid.data.shards import ShardSet
from reid.training.batches import Batches
from tests.reid.fake_crops import write_set

FEW = tuple(scheme for scheme in SCHEMES if scheme.terms == ("classification",))  # alone, and with a fellow
TAUGHT = next(scheme for scheme in SCHEMES if scheme.teacher)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_set(tmp_path / "work" / "train", identities=14, per_identity=4)
    write_set(tmp_path / "work" / "val", identities=4, per_identity=4, seed=1)
    monkeypatch.setattr(reid_losses, "SCHEMES", (*FEW, TAUGHT))
    results_in(tmp_path / "results", monkeypatch)
    return tmp_path / "work"


def results_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "RESULTS", folder)
    monkeypatch.setattr(reid_losses, "RESULTS", folder)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(reid_losses.app, [str(argument) for argument in arguments])


def rows(folder: Path) -> dict[tuple[str, int], tuple[float, float]]:
    runs = json.loads((folder / "reid_losses_resnet18-ibn.json").read_text())["runs"]
    found = {(row["scheme"], row["seed"]): (row["rank1"], row["mean_ap"]) for row in runs}
    assert len(found) == len(runs), "a run is there twice"
    return found


def test_it_goes_on_and_is_the_same_in_two_processes(work, tmp_path, monkeypatch):
    asked = ("run", str(work), "--steps", "2")
    first = call(*asked, "--seeds", "1")
    assert first.exit_code == 0, first.output
    assert "No teacher" in first.output
    assert set(rows(tmp_path / "results")) == {(scheme.name, 0) for scheme in FEW}
    assert call("teacher", str(work), "--steps", "2").exit_code == 0
    second = call(*asked, "--seeds", "2")
    assert "classification, seed 1" in second.output
    assert "classification, seed 0" not in second.output, "what was there is not made again"
    alone = rows(tmp_path / "results")
    assert set(alone) == {(scheme.name, seed) for scheme in (*FEW, TAUGHT) for seed in (0, 1)}

    results_in(tmp_path / "side by side", monkeypatch)
    assert call(*asked, "--seeds", "2", "--processes", "2").exit_code == 0
    assert rows(tmp_path / "side by side") == alone

    printed = call("table").output
    assert printed.count("| 2 |") == len(FEW) + 1

    other = call("run", str(work), "--steps", "3")
    assert other.exit_code == 1
    assert "another budget" in other.output


def test_kept_batches_are_the_batches(work, tmp_path):
    recipe = Budget(steps=3).recipe(work / "train", 0)
    batches = Batches(ShardSet(work / "train"), recipe)
    kept = KeptBatches(batches, tmp_path / "kept")
    for _made_then_read in range(2):
        for step in range(3):
            for one, other in zip(kept.batch(step), batches.batch(step), strict=True):
                assert one.dtype == other.dtype
                assert one.stride() == other.stride(), "another layout may round otherwise"
                assert torch.equal(one, other)
    assert len(list((tmp_path / "kept").iterdir())) == 3


def test_batches_of_another_recipe_are_kept_elsewhere(work):
    train = work / "train"
    names = {name_of(Budget(steps=steps).recipe(train, seed), train) for steps in (2, 3) for seed in (0, 1)}
    assert len(names) == 4


@pytest.mark.parametrize("scheme", [FEW[-1], TAUGHT], ids=lambda scheme: scheme.name)
def test_a_compiled_network_learns_the_same(work, monkeypatch, scheme):
    """Compiled to the same operations, which needs no C++ compiler: to the last bit."""
    compiler = Mock(side_effect=partial(torch.compile, backend="eager"))
    monkeypatch.setattr(torch, "compile", compiler)
    budget, train, path = Budget(steps=2), work / "train", work / "teacher.pt"
    if scheme.teacher:
        train_teacher(budget, train, path)
    recipe = budget.recipe(train, 0)
    learnt = []
    for compiled in (False, True):
        assert not compiler.called, "nobody asked for it"
        teacher = open_teacher(budget, train, path) if scheme.teacher else None
        students = train_scheme(scheme, recipe, Batches(ShardSet(train), recipe), teacher, compiled=compiled)
        learnt.append([student.state_dict() for student in students])
    assert compiler.call_count == scheme.students + scheme.teacher, "each network once"
    for plain, other in zip(*learnt, strict=True):
        assert plain.keys() == other.keys()
        assert all(torch.equal(plain[name], other[name]) for name in plain)
