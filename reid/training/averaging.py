"""The mean of the weights of several trainings that went on from the same one: one network as fast as each.

Trainings that begin at the same well-trained network stay in one basin, where the mean of their weights does about as
well as their outputs together would (model soups, Wortsman et al., ICML 2022). From different random beginnings it is
useless.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import torch
from torch.nn.modules.batchnorm import _BatchNorm

from core.errors import SettingError, WeightsError
from reid.data.crops import open_crops
from reid.network.model import ReIDNetwork
from reid.training.batches import Batches
from reid.training.checkpoint import holds_training, load_trained, losses_of, write_state
from reid.training.recipe import Recipe

_BATCHES = 80


def average(recipe: Recipe, folders: Sequence[Path], output: Path, batches: int = _BATCHES) -> ReIDNetwork:
    """Write `output`/checkpoint.pt with the mean of the checkpoints in `folders`, all of the recipe's architecture.

    What the classifiers learnt is averaged too, for `begin_losses`. Statistics of batch normalisation are not averaged
    but taken anew, over the last `batches` batches of `recipe`. Raises WeightsError (checkpoints), InputError (data),
    OutputError, SettingError (fewer than two trainings, an `output` that holds one).
    """
    if len(folders) < 2:
        raise SettingError(f"average: expected two trainings or more, got {len(folders)}")
    if output.resolve() in [folder.resolve() for folder in folders] or holds_training(output):
        raise SettingError(f"--output {output}: holds a training, which the mean would replace; choose another folder")
    if recipe.schedule.threads:
        torch.set_num_threads(recipe.schedule.threads)
    cv2.setNumThreads(1)
    network = ReIDNetwork.random(recipe.network, recipe.seed)
    network.load_state_dict(_mean([load_trained(folder, recipe)[0].state_dict() for folder in folders]))
    objective = _mean_of_losses(folders)
    take_statistics(network, Batches(open_crops(Path(recipe.data.train)), recipe), recipe.schedule.steps, batches)
    write_state(
        output,
        {
            "step": recipe.schedule.steps,
            "network": network.state_dict(),
            "objective": objective,
            "architecture": recipe.network.to_dict(),
        },
    )
    return network


def take_statistics(network: ReIDNetwork, batches: Batches, steps: int, count: int) -> None:
    """Replace the running means and variances by those over the last `count` of `steps` batches; leaves it in eval
    mode."""
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.reset_running_stats()
            module.momentum = None  # a plain mean over the batches
    network.train()
    with torch.no_grad():
        for step in range(max(0, steps - count), steps):
            batch = batches.batch(step)
            network(batch.pictures, batch.masks)
    network.eval()


def _mean_of_losses(folders: Sequence[Path]) -> dict[str, torch.Tensor]:
    states = [losses_of(folder) for folder in folders]
    shapes = [{name: tuple(value.shape) for name, value in state.items()} for state in states]
    for folder, theirs in zip(folders, shapes, strict=True):
        if theirs != shapes[0]:
            raise WeightsError(f"{folder}: has not the identities and losses of {folders[0]}; only such are averaged")
    return _mean(states)


def _mean(states: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Of each tensor, in its own type; counters of batches are whole numbers, and taken anew anyway."""
    return {
        name: torch.stack([state[name].double() for state in states]).mean(dim=0).to(value.dtype)
        for name, value in states[0].items()
    }
