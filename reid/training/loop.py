"""The training loop: plain PyTorch, deterministic for a recipe, data, number of threads and of processes."""

import math
import time
from pathlib import Path

import cv2
import torch
from torch import nn

from core.errors import SettingError
from reid.backends import chosen_device
from reid.data.crops import about, open_crops
from reid.network.model import ReIDNetwork
from reid.training.batches import Batches
from reid.training.checkpoint import holds_checkpoint, load_beginning, load_checkpoint, load_losses, save_checkpoint
from reid.training.curves import LOG, draw_curves
from reid.training.objective import Objective
from reid.training.parallel import Group
from reid.training.recipe import Recipe, ScheduleConfig
from reid.training.report import Report, Say
from reid.training.validation import Validation


def train(recipe: Recipe, output: Path, device: str = "cpu", say: Say = print) -> ReIDNetwork:
    """Train by `recipe` into `output` (made where missing), going on from its checkpoint; gives the network.

    Writes checkpoint.pt, curves.png and log.jsonl (one line per report: step, learning rate, mean of each term; one per
    validation: step, scores). device: auto, cpu, cuda, cuda:N or mps. Under torchrun the processes share each batch.
    Raises InputError (data), WeightsError (checkpoint), OutputError, SettingError (a device that is not there, an
    uneven share, losses or weights that are not finite any more).
    """
    device = chosen_device(device)
    group = Group(device)
    say = say if group.leads else _nothing
    cv2.setNumThreads(1)  # its pool costs more than it saves on pictures this small
    if recipe.schedule.threads:
        torch.set_num_threads(recipe.schedule.threads)
    output.mkdir(parents=True, exist_ok=True)
    crops = open_crops(Path(recipe.data.train))
    batches = Batches(crops, recipe)
    validation = Validation(recipe)
    for line in about(crops, recipe.schedule.images, recipe.network.parts):
        say(line)
    precision = torch.float64 if recipe.schedule.double else torch.float32
    fresh = not holds_checkpoint(output)
    network = _begun(recipe, fresh).to(device, precision).to(memory_format=torch.channels_last)
    group.prepare(network)
    objective = _objective(recipe, batches, fresh).to(device, precision)
    optimiser = torch.optim.AdamW(_groups(network, objective, recipe.schedule.weight_decay), lr=0.0)
    first = load_checkpoint(output, network, objective, optimiser, recipe)
    say(f"{batches.sampler.count} identities, {_span(first, recipe.schedule.steps)}")
    report = Report(output / LOG if group.leads else None, first, recipe.schedule, say)
    if group.leads and first and validation.due(first) and not report.has_scores(first):
        report.validated(first, validation.scores(network))  # the training was stopped while it was scored
        draw_curves(output)
    saved_s = time.monotonic()
    network.train()
    for step in range(first, recipe.schedule.steps):
        rate = learning_rate(step, recipe.schedule)
        for parameters in optimiser.param_groups:
            parameters["lr"] = rate
        batch = batches.batch(step)
        batch = type(batch)(*(_moved(tensor, device, precision) for tensor in batch))
        own = group.own(batch)
        with torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=recipe.schedule.half):
            branches = network(own.pictures, own.masks)
        branches = type(branches)(*(branch.to(precision) for branch in branches))
        terms = objective(group.gathered(branches), batch)
        _require_finite(terms, step, output)
        optimiser.zero_grad(set_to_none=True)
        objective.total(terms).backward()
        group.sum_gradients(network, objective)
        optimiser.step()
        report.add(step, rate, {name: value.item() for name, value in terms.items()})
        done = step + 1
        is_time = done == recipe.schedule.steps or time.monotonic() - saved_s > recipe.schedule.checkpoint_s
        if group.leads and (is_time or validation.due(done)):
            _save(output, done, network, objective, optimiser, recipe)
            if validation.due(done):  # now that it is saved: a broken picture may come
                report.validated(done, validation.scores(network))
            draw_curves(output)
            saved_s = time.monotonic()
    group.leave()
    return network.eval()


def _span(first: int, steps: int) -> str:
    return f"steps {first} to {steps}" if first < steps else f"already finished after {steps} steps"


def _moved(tensor: torch.Tensor, device: str, precision: torch.dtype) -> torch.Tensor:
    return tensor.to(device, precision if tensor.is_floating_point() else tensor.dtype)


def _require_finite(terms: dict[str, torch.Tensor], step: int, output: Path) -> None:
    broken = [f"{name} is {value.item()}" for name, value in terms.items() if not torch.isfinite(value)]
    if broken:
        raise _diverged(", ".join(broken), step + 1, output)


def _save(
    output: Path, done: int, network: nn.Module, objective: nn.Module, optimiser: torch.optim.Optimizer, recipe: Recipe
) -> None:
    """A checkpoint after `done` steps; none of weights that nothing can go on with."""
    for module in (network, objective):
        for name, value in module.state_dict().items():
            if not torch.isfinite(value).all():
                raise _diverged(f"{name} is not finite", done, output)
    save_checkpoint(output, done, network, objective, optimiser, recipe)


def _diverged(what: str, done: int, output: Path) -> SettingError:
    return SettingError(
        f"step {done}: {what}: the training has left the numbers. Lower schedule.learning_rate or lengthen "
        f"schedule.warmup, and begin again in another folder, or in {output} once what it holds is deleted"
    )


def _nothing(line: str) -> None:
    """Only the first process speaks."""


def _begun(recipe: Recipe, fresh: bool) -> ReIDNetwork:
    network = ReIDNetwork.random(recipe.network, recipe.seed)
    if recipe.begin_with and fresh:
        load_beginning(Path(recipe.begin_with), network)
    return network


def _objective(recipe: Recipe, batches: Batches, fresh: bool) -> Objective:
    if recipe.losses.compares and recipe.schedule.images < 2:
        raise SettingError(
            "schedule.images: expected 2 or more where a loss compares crops of one identity, got 1; or set all losses "
            "but classification and attributes to 0"
        )
    objective = Objective(recipe.network.embedding, batches.classes, recipe.losses, recipe.seed, batches.answers)
    if recipe.begin_losses:
        if not recipe.begin_with:
            raise SettingError("begin_losses: needs the training whose losses are meant, in begin_with")
        if fresh:
            load_losses(Path(recipe.begin_with), objective)
    return objective


def learning_rate(step: int, schedule: ScheduleConfig) -> float:
    """Linear warm-up, then half a cosine down to the final rate (Loshchilov and Hutter 2017)."""
    warm = max(1, round(schedule.warmup * schedule.steps))
    if step < warm:
        return schedule.learning_rate * (step + 1) / warm
    share = (step - warm) / max(1, schedule.steps - warm)
    low, high = schedule.final_learning_rate, schedule.learning_rate
    return low + (high - low) * (1 + math.cos(math.pi * share)) / 2


def _groups(network: ReIDNetwork, objective: Objective, weight_decay: float) -> list[dict[str, object]]:
    """Matrices and kernels decay; normalisations and biases do not."""
    parameters = [value for module in (network, objective) for value in module.parameters() if value.requires_grad]
    decayed = [value for value in parameters if value.ndim > 1]
    free = [value for value in parameters if value.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]
