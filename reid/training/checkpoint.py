"""Checkpoints: written whole or not at all, read without running code."""

import io
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import BatchNorm1d

from core.errors import SettingError, WeightsError
from core.whole import whole_file
from reid.network.config import NetworkConfig
from reid.network.model import Members, ReIDNetwork
from reid.network.palette import Palette
from reid.network.timm_trunk import TimmTrunk
from reid.training.recipe import Recipe
from reid.training.same_training import require_same_training

NAME = "checkpoint.pt"
_WANTED = "expected what `train` or `average` wrote"


def save_checkpoint(
    folder: Path, step: int, network: nn.Module, objective: nn.Module, optimiser: torch.optim.Optimizer, recipe: Recipe
) -> None:
    """Write `folder`/checkpoint.pt; an older one stays until the new one is complete. Raises OutputError."""
    state = {
        "step": step,
        "network": network.state_dict(),
        "objective": objective.state_dict(),
        "optimiser": optimiser.state_dict(),
        "architecture": recipe.network.to_dict(),
        "recipe": recipe.to_dict(),
    }
    write_state(folder, state)


def write_state(folder: Path, state: dict[str, Any]) -> None:
    """Write `folder`/checkpoint.pt, made where missing; an older one stays until the new one is complete.

    Raises OutputError.
    """
    content = io.BytesIO()  # a full disk is an OSError only where PyTorch does not write by itself
    torch.save(state, content)
    with whole_file(folder / NAME) as part:
        part.write_bytes(content.getbuffer())


def holds_checkpoint(folder: Path) -> bool:
    """Whether there is something to go on with, or an average."""
    return (folder / NAME).exists()


def holds_training(folder: Path) -> bool:
    """Whether there is a training, and not an average of some. Raises WeightsError for a broken file."""
    return holds_checkpoint(folder) and _is_training(_loaded(folder / NAME))


def load_checkpoint(
    folder: Path, network: nn.Module, objective: nn.Module, optimiser: torch.optim.Optimizer, recipe: Recipe
) -> int:
    """Fill the three from `folder`/checkpoint.pt and give the step to go on with; 0 where there is none.

    Raises WeightsError for a broken file, another architecture or number of identities, a recipe that differs in what
    decides what a training gives, or one with fewer steps than were made. An older checkpoint has no recipe.
    """
    path = folder / NAME
    if not holds_checkpoint(folder):
        return 0
    state = _read(path, recipe, "delete it to begin again")
    if not _is_training(state):
        raise WeightsError(
            f"{path}: an average of trainings, not one to go on with; choose another output folder and name this one "
            "in begin_with"
        )
    require_same_training(path, state, recipe)
    try:
        network.load_state_dict(state["network"])
        objective.load_state_dict(state["objective"])
        optimiser.load_state_dict(state["optimiser"])
    except (KeyError, RuntimeError, ValueError) as error:
        raise WeightsError(f"{path}: does not fit the recipe: {error}; choose another output folder") from error
    return int(state["step"])


def _is_training(state: dict[str, Any]) -> bool:
    return "optimiser" in state


def load_trained(folder: Path, recipe: Recipe) -> tuple[ReIDNetwork, int]:
    """The network of `folder`/checkpoint.pt in eval mode, and the steps it was trained. Raises WeightsError."""
    state = _read(folder / NAME, recipe)
    network = ReIDNetwork.random(recipe.network, recipe.seed)
    network.load_state_dict(state["network"])
    return network.eval(), int(state["step"])


def load_beginning(folder: Path, network: ReIDNetwork) -> None:
    """Give `network` what `folder`/checkpoint.pt holds: all of it, or the trunk where the head is another.

    A file in a folder's place holds the weights of timm's network. Raises WeightsError.
    """
    if folder.is_file():
        load_trunks([folder], network)
        return
    path = folder / NAME
    state = _loaded(path)
    if _architecture(path, state) == network.config:
        network.load_state_dict(state["network"])
    else:
        load_trunks([folder], network)


def losses_of(folder: Path) -> dict[str, torch.Tensor]:
    """What the losses of `folder`/checkpoint.pt had learnt, by name. Raises WeightsError."""
    path = folder / NAME
    try:
        return dict(_loaded(path)["objective"])
    except KeyError as error:
        raise WeightsError(f"{path}: not a training: it has no losses; expected a folder of `train`") from error


def load_losses(folder: Path, objective: nn.Module) -> None:
    """Give `objective` what that of `folder`/checkpoint.pt had learnt.

    Raises WeightsError: no training there, or one on other identities or with other losses.
    """
    try:
        objective.load_state_dict(losses_of(folder))
    except RuntimeError as error:
        raise WeightsError(
            f"{folder / NAME}: its losses are not those of the recipe: {error}; begin_losses is for a training on the "
            "same identities with the same losses"
        ) from error


def load_trunks(folders: Sequence[Path], network: ReIDNetwork) -> None:
    """Give the trunks of `network` that learn, in order, those of each folder's checkpoint.pt, whatever head it has.

    Raises WeightsError.
    """
    trunks = network.trunk.trunks if isinstance(network.trunk, Members) else [network.trunk]
    learners = [trunk for trunk in trunks if not isinstance(trunk, Palette)]
    if len(learners) != len(folders):
        raise WeightsError(f"begin_with: expected {len(learners)} folders joined by +, got {len(folders)}")
    for folder, learner in zip(folders, learners, strict=True):
        if folder.is_file():
            if not isinstance(learner, TimmTrunk):
                raise WeightsError(f"begin_with: expected a folder of a training, got the file {folder}")
            learner.begin_with(folder)
            continue
        path = folder / NAME
        tensors = {
            name.removeprefix("trunk."): value
            for name, value in _loaded(path).get("network", {}).items()
            if name.startswith("trunk.")
        }
        try:
            learner.load_state_dict(tensors)
        except RuntimeError as error:
            raise WeightsError(f"{path}: its trunk is not that of the recipe: {error}") from error


class Bases(NamedTuple):
    """What the trained head of one trunk makes of its pooled features, as matrices: global_ (D, C · bands) of the
    bands, parts (K, d, C) of the parts' means, each behind its neck but for the mean."""

    global_: np.ndarray
    parts: np.ndarray


def load_bases(folders: Sequence[Path], config: NetworkConfig) -> list[Bases]:
    """Of each folder's checkpoint.pt, in order. Raises WeightsError: no head there, or of other bands or parts."""
    return [_bases(folder / NAME, config) for folder in folders]


def _bases(path: Path, config: NetworkConfig) -> Bases:
    state = _loaded(path)
    theirs, tensors = _architecture(path, state), state.get("network", {})
    if (theirs.bands, theirs.parts) != (config.bands, config.parts) or "head.project.weight" not in tensors:
        raise WeightsError(
            f"{path}: expected a trained head of {config.bands} bands and {config.parts} parts, got {theirs.bands} and "
            f'{theirs.parts}, or none; train it so, or set fit_on = "trunk"'
        )
    global_ = _neck_scale(tensors, "neck")[:, None] * tensors["head.project.weight"].double()
    parts = tensors["head.part_weights"].double().transpose(1, 2)
    if len(parts):
        parts = _neck_scale(tensors, "part_neck").unflatten(0, (len(parts), -1))[:, :, None] * parts
    return Bases(global_.numpy(), parts.numpy())


def _neck_scale(tensors: dict[str, torch.Tensor], name: str) -> torch.Tensor:
    spread = (tensors[f"head.{name}.running_var"].double() + BatchNorm1d(1).eps).sqrt()
    return tensors[f"head.{name}.weight"].double() / spread


def _loaded(path: Path, remedy: str = _WANTED) -> dict[str, Any]:
    try:
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise WeightsError(f"{path}: missing or broken checkpoint: {error}; {remedy}") from error


def _read(path: Path, recipe: Recipe, remedy: str = _WANTED) -> dict[str, Any]:
    state = _loaded(path, remedy)
    theirs, ours = _architecture(path, state).to_dict(), recipe.network.to_dict()
    if differing := [f"{name} = {theirs[name]!r}, not {ours[name]!r}" for name in ours if theirs[name] != ours[name]]:
        raise WeightsError(
            f"{path}: of another architecture than the recipe's: it has network.{', network.'.join(differing)}; take "
            "the recipe it was trained by, or another folder"
        )
    return state


def _architecture(path: Path, state: dict[str, Any]) -> NetworkConfig:
    """What a checkpoint says it holds; settings that came later have their defaults."""
    try:
        return NetworkConfig.from_dict(state["architecture"])
    except (KeyError, SettingError) as error:
        raise WeightsError(f"{path}: does not say which network it holds: {error}; choose another folder") from error
