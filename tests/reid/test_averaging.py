"""The mean of several trainings' weights."""

import dataclasses
from pathlib import Path

import pytest
import torch
from torch.nn.modules.batchnorm import _BatchNorm

from core.errors import SettingError, WeightsError
from reid.__main__ import main
from reid.data.shards import ShardSet
from reid.network.model import ReIDNetwork
from reid.training.averaging import average, take_statistics
from reid.training.batches import Batches
from reid.training.checkpoint import NAME, load_trained
from reid.training.loop import train
from reid.training.recipe import Recipe
from tests.reid.fake_crops import write_set

NETWORK = {
    "width": 0.125, "embedding": 32, "part_embedding": 16, "input_height": 64, "input_width": 32, "stripes": 4,
}  # fmt: skip
SCHEDULE = {"steps": 3, "identities": 4, "images": 2, "small_height": 48, "small_width": 32, "threads": 1}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recipe, list[Path]]:
    """A recipe, and two trainings of it that differ in their seed."""
    home = tmp_path_factory.mktemp("averaging")
    data = {"train": str(write_set(home / "crops"))}
    recipe = Recipe.from_dict({"data": data, "network": NETWORK, "schedule": SCHEDULE})
    folders = [home / "one", home / "two"]
    for seed, folder in enumerate(folders):
        train(dataclasses.replace(recipe, seed=seed), folder, say=lambda _: None)
    return recipe, folders


def state(folder: Path) -> dict[str, dict[str, torch.Tensor]]:
    return torch.load(folder / NAME, weights_only=True)


def test_weights_and_classifiers_are_the_mean(trained: tuple[Recipe, list[Path]], tmp_path: Path) -> None:
    recipe, folders = trained
    average(recipe, folders, tmp_path / "mean")
    mean, *both = (state(folder) for folder in (tmp_path / "mean", *folders))
    for group in ("network", "objective"):
        for name, value in mean[group].items():
            if "running" not in name and "num_batches" not in name:
                expected = (both[0][group][name] + both[1][group][name]) / 2
                torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)
    network, steps = load_trained(tmp_path / "mean", recipe)
    assert steps == 3
    assert not network.training


def test_a_network_with_itself_is_itself_with_new_statistics(
    trained: tuple[Recipe, list[Path]], tmp_path: Path
) -> None:
    recipe, folders = trained
    found = average(recipe, [folders[0], folders[0]], tmp_path / "mean", batches=2)
    own, _ = load_trained(folders[0], recipe)
    take_statistics(own, Batches(ShardSet(Path(recipe.data.train)), recipe), 3, 2)
    for name, value in own.state_dict().items():
        assert torch.equal(value, found.state_dict()[name]), name


def test_statistics_are_the_plain_mean_over_the_batches(trained: tuple[Recipe, list[Path]]) -> None:
    recipe, _ = trained
    network = ReIDNetwork.random(recipe.network, 3)
    batches = Batches(ShardSet(Path(recipe.data.train)), recipe)
    first = next(module for module in network.modules() if isinstance(module, _BatchNorm))
    seen: list[torch.Tensor] = []
    first.register_forward_hook(lambda _, given, __: seen.append(given[0].mean(dim=(0, 2, 3))))
    take_statistics(network, batches, 3, 2)
    assert len(seen) == 2
    torch.testing.assert_close(first.running_mean, torch.stack(seen).mean(dim=0))


def test_one_training_broken_ones_and_others_identities_are_refused(
    trained: tuple[Recipe, list[Path]], tmp_path: Path
) -> None:
    recipe, folders = trained
    with pytest.raises(SettingError, match="two trainings or more"):
        average(recipe, folders[:1], tmp_path / "mean")
    with pytest.raises(WeightsError, match=r"nowhere/checkpoint\.pt"):
        average(recipe, [folders[0], tmp_path / "nowhere"], tmp_path / "mean")
    other = tmp_path / "other"
    other.mkdir()
    changed = state(folders[1])
    changed["objective"] = {name: value[:-1] for name, value in changed["objective"].items()}
    torch.save(changed, other / NAME)
    with pytest.raises(WeightsError, match="identities and losses"):
        average(recipe, [folders[0], other], tmp_path / "mean")
    assert not (tmp_path / "mean").exists()


def test_the_mean_never_replaces_a_training(trained: tuple[Recipe, list[Path]], tmp_path: Path) -> None:
    recipe, folders = trained
    before = [(folder / NAME).read_bytes() for folder in folders]
    with pytest.raises(SettingError, match="two: holds a training"):
        average(recipe, folders, folders[0] / ".." / "two", batches=1)
    with pytest.raises(SettingError, match="two: holds a training"):
        average(recipe, [folders[0], folders[0]], folders[1], batches=1)
    assert [(folder / NAME).read_bytes() for folder in folders] == before
    for _ in range(2):
        average(recipe, folders, tmp_path / "mean", batches=1)
    with pytest.raises(SettingError, match="mean: holds a training"):
        average(recipe, [folders[0], tmp_path / "mean"], tmp_path / "mean", batches=1)


def test_an_average_begins_a_training_but_is_none_to_go_on_with(
    trained: tuple[Recipe, list[Path]], tmp_path: Path
) -> None:
    recipe, folders = trained
    average(recipe, folders, tmp_path / "mean", batches=1)
    with pytest.raises(WeightsError, match="begin_with"):
        train(recipe, tmp_path / "mean", say=lambda _: None)
    still = dataclasses.replace(recipe.schedule, steps=1, learning_rate=0.0, final_learning_rate=0.0)
    begun = dataclasses.replace(recipe, begin_with=str(tmp_path / "mean"), begin_losses=True, schedule=still)
    network = train(begun, tmp_path / "next", say=lambda _: None)
    learnt = state(tmp_path / "mean")["network"]
    for name, value in network.named_parameters():
        assert torch.equal(value, learnt[name]), name


def test_as_a_command(trained: tuple[Recipe, list[Path]], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe, folders = trained
    toml = tmp_path / "recipe.toml"
    lines = [
        f"{name} = {value}" if not isinstance(value, str) else f'{name} = "{value}"' for name, value in NETWORK.items()
    ]
    schedule = [f"{name} = {value}" for name, value in SCHEDULE.items()]
    toml.write_text("\n".join([f'[data]\ntrain = "{recipe.data.train}"', "[network]", *lines, "[schedule]", *schedule]))
    assert main(["average", str(toml), *map(str, folders), "--output", str(tmp_path / "mean")]) == 0
    assert "the mean of" in capsys.readouterr().out
    assert main(["average", str(toml), str(folders[0]), "--output", str(tmp_path / "mean")]) != 0
    assert "two trainings" in capsys.readouterr().err
