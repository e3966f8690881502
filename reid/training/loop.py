"""The training loop: plain PyTorch, deterministic for a recipe, data, number of threads and of processes."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import torch

from core.errors import SettingError
from reid.data.crops import about, open_crops
from reid.network.model import ReIDNetwork
from reid.training.batches import Batches
from reid.training.checkpoint import load_beginning, load_checkpoint, load_losses, save_checkpoint
from reid.training.curves import LOG, draw_curves
from reid.training.objective import Objective
from reid.training.parallel import Group
from reid.training.recipe import Recipe, ScheduleConfig
from reid.training.validation import Validation

Say = Callable[[str], None]


def train(recipe: Recipe, output: Path, device: str = "cpu", say: Say = print) -> ReIDNetwork:
    """Train by `recipe` into `output` (made where missing), going on from its checkpoint; gives the network.

    Writes checkpoint.pt, curves.png and log.jsonl (one line per report: step, learning rate, mean of each term; one per
    validation: step, scores). Under torchrun the processes share each batch. Raises InputError (data), WeightsError
    (checkpoint), SettingError (an uneven share, a loss that is not finite any more).
    """
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
    network = _begun(recipe).to(device, precision).to(memory_format=torch.channels_last)
    group.prepare(network)
    objective = _objective(recipe, batches).to(device, precision)
    optimiser = torch.optim.AdamW(_groups(network, objective, recipe.schedule.weight_decay), lr=0.0)
    first = load_checkpoint(output, network, objective, optimiser, recipe)
    say(f"{batches.sampler.count} identities, steps {first} to {recipe.schedule.steps}")
    report = _Report(output / LOG if group.leads else None, first, recipe.schedule, say)
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
        if group.leads and validation.due(step + 1):
            save_checkpoint(output, step + 1, network, objective, optimiser, recipe)  # a broken picture may come now
            report.validated(step, validation.scores(network))
        if group.leads and time.monotonic() - saved_s > recipe.schedule.checkpoint_s:
            save_checkpoint(output, step + 1, network, objective, optimiser, recipe)
            draw_curves(output)
            saved_s = time.monotonic()
    if group.leads:
        save_checkpoint(output, recipe.schedule.steps, network, objective, optimiser, recipe)
        draw_curves(output)
    group.leave()
    return network.eval()


def _moved(tensor: torch.Tensor, device: str, precision: torch.dtype) -> torch.Tensor:
    return tensor.to(device, precision if tensor.is_floating_point() else tensor.dtype)


def _require_finite(terms: dict[str, torch.Tensor], step: int, output: Path) -> None:
    broken = [f"{name} is {value.item()}" for name, value in terms.items() if not torch.isfinite(value)]
    if broken:
        raise SettingError(
            f"step {step + 1}: {', '.join(broken)}: the training has left the numbers. Lower schedule.learning_rate or "
            f"lengthen schedule.warmup and begin again; what {output} holds is from before"
        )


def _nothing(line: str) -> None:
    """Only the first process speaks."""


def _begun(recipe: Recipe) -> ReIDNetwork:
    network = ReIDNetwork.random(recipe.network, recipe.seed)
    if recipe.begin_with:
        load_beginning(Path(recipe.begin_with), network)
    return network


def _objective(recipe: Recipe, batches: Batches) -> Objective:
    objective = Objective(recipe.network.embedding, batches.classes, recipe.losses, recipe.seed, batches.answers)
    if recipe.begin_losses:
        if not recipe.begin_with:
            raise SettingError("begin_losses: needs the training whose losses are meant, in begin_with")
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


class _Report:
    """Means of the terms since the last line, said and logged every `report_s` seconds and at the end."""

    def __init__(self, path: Path | None, first: int, schedule: ScheduleConfig, say: Say) -> None:
        self._path, self._schedule, self._say = path, schedule, say
        self._sums: dict[str, float] = {}
        self._count = 0
        self._began_s = self._last_s = time.monotonic()
        self._first = first

    def add(self, step: int, rate: float, terms: dict[str, float]) -> None:
        for name, value in terms.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        now = time.monotonic()
        if now - self._last_s < self._schedule.report_s and step + 1 < self._schedule.steps:
            return
        means = {name: value / self._count for name, value in self._sums.items()}
        done = step + 1 - self._first
        per_step = (now - self._began_s) / done
        pictures = self._count * self._schedule.identities * self._schedule.images / max(now - self._last_s, 1e-6)
        words = "  ".join(f"{name} {value:.3f}" for name, value in means.items())
        left = per_step * (self._schedule.steps - step - 1)
        where = f"step {step + 1}/{self._schedule.steps}"
        self._say(f"{where}  {words}  lr {rate:.2e}  {pictures:.0f}/s  {left / 60:.1f} min left")
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as log:
                log.write(json.dumps({"step": step + 1, "learning_rate": rate, **means}) + "\n")
        self._sums, self._count, self._last_s = {}, 0, now

    def validated(self, step: int, scores: dict[str, float]) -> None:
        """Say and log validation scores."""
        words = "  ".join(f"{name} {value:.3f}" for name, value in scores.items())
        self._say(f"step {step + 1}/{self._schedule.steps}  validation  {words}")
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as log:
                log.write(json.dumps({"step": step + 1, "validation": scores}) + "\n")
