"""Train the pose network: a crop in, where each joint is and whether it can be seen.

    python -m models.pose.train --data build/pose/train --validation build/pose/val --output build/pose/run

A run that was stopped goes on where its last epoch ended. Each map is taught as a distribution over its cells (cross
entropy with a Gaussian around the joint), the visibility as yes or no. What is not known costs nothing: the teacher of
the real crops says a place for faces seen from behind as well, so that only rendered ones teach visibility.
"""

import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, cast

import numpy as np
import torch
import typer
from torch.nn.functional import binary_cross_entropy_with_logits

from core.pose_crop import MAP_COLUMNS, MAP_ROWS, MAP_STRIDE
from evaluation.reliability import VISIBLE
from models.pose.augmentation import Augmentation
from models.pose.crops import Crops
from models.pose.network import PoseNetwork
from models.pose.scores import scores
from models.pose.weights import read_network

SPREAD = 1.0  # standard deviation of the taught distribution, cells
LEAST_INSIDE = (
    1.0  # cells' worth of a joint's Gaussian (2 π SPREAD² in all) that must be in the map for it to be taught
)
LARGEST_GRADIENT = 5.0
AVERAGE = 0.998  # what is left of the running mean of the weights, per step


def losses(
    maps: torch.Tensor, visible: torch.Tensor, joints: torch.Tensor, certain: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of place and of visibility: maps (N, 17, cells), visible (N, 17), joints (N, 17, 3) px and v, certain (N,)."""
    target = targets(joints)
    total = target.sum(2)
    seen = joints[..., 2]
    inside = (seen > 0) & (total > LEAST_INSIDE)
    wrong = -(target * maps.log_softmax(2)).sum(2) / total.clamp(min=LEAST_INSIDE)
    place = (wrong * inside).sum() / inside.sum().clamp(min=1)
    target_visible = ((seen == VISIBLE) & inside).float()
    unsure = binary_cross_entropy_with_logits(visible, target_visible, reduction="none")
    return place, (unsure * certain[:, None]).sum() / (certain.sum() * visible.shape[1]).clamp(min=1)


def targets(joints: torch.Tensor) -> torch.Tensor:
    """A Gaussian of height 1 around each joint (N, J, 3) px: (N, J, cells), less of it where it is outside the map."""
    cells = (joints[..., :2] + 0.5) / MAP_STRIDE - 0.5
    x = torch.exp(-((torch.arange(MAP_COLUMNS) - cells[..., :1]) ** 2) / (2 * SPREAD**2))
    y = torch.exp(-((torch.arange(MAP_ROWS) - cells[..., 1:]) ** 2) / (2 * SPREAD**2))
    return (y[..., :, None] * x[..., None, :]).flatten(2)


def _running_mean(mean: torch.Tensor, now: torch.Tensor, steps: torch.Tensor | int) -> torch.Tensor:
    """Over more and more steps, so that the first weights, which know nothing, are soon forgotten."""
    share = min(AVERAGE, (1 + int(steps)) / (10 + int(steps)))
    return share * mean + (1 - share) * now


@dataclass(frozen=True)
class Parts:
    """All that changes while training, and is in a checkpoint."""

    network: torch.nn.Module
    mean: torch.optim.swa_utils.AveragedModel
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler

    def save(self, file: Path, epoch: int) -> None:
        """Write all of it, whole or not at all."""
        partial = file.with_suffix(".partial")
        torch.save(
            {field.name: getattr(self, field.name).state_dict() for field in fields(self)} | {"epoch": epoch}, partial
        )
        partial.replace(file)

    def load(self, file: Path) -> int:
        """Read it back; the epoch after which it was written."""
        stored = torch.load(file, weights_only=True)
        for field in fields(self):
            getattr(self, field.name).load_state_dict(stored[field.name])
        return int(stored["epoch"])


def one_epoch(parts: Parts, crops: Crops, batch: int, random: np.random.Generator, name: str) -> None:
    """Every crop once, in an order of chance; tells how it goes every hundred steps."""
    order, sums = random.permutation(len(crops)), np.zeros(2)
    steps = len(crops) // batch
    parts.network.train()
    for step in range(steps):
        inputs, joints, certain = crops.batch(order[step * batch : (step + 1) * batch], Augmentation(), random)
        maps, visible = parts.network(inputs)
        place, visibility = losses(maps, visible, joints, certain)
        parts.optimizer.zero_grad(set_to_none=True)
        (place + visibility).backward()
        torch.nn.utils.clip_grad_norm_(parts.network.parameters(), LARGEST_GRADIENT)
        parts.optimizer.step()
        parts.schedule.step()
        parts.mean.update_parameters(parts.network)
        sums += (float(place.detach()), float(visibility.detach()))
        if step % 100 == 99:
            told = sums / (step + 1)
            typer.echo(f"{name} step {step + 1}/{steps} place {told[0]:.3f} visible {told[1]:.3f}")


def main(
    data: Annotated[Path, typer.Option(help="Written by models.pose.dataset.")],
    validation: Annotated[Path | None, typer.Option(help="The same, to score after every epoch.")] = None,
    output: Annotated[Path, typer.Option(help="Where the checkpoint goes.")] = Path("build/pose/run"),
    weights: Annotated[Path | None, typer.Option(help="Start from these .safetensors.")] = None,
    epochs: Annotated[int, typer.Option(min=1)] = 28,
    batch: int = 64,
    learning_rate: float = 0.003,
    threads: Annotated[int, typer.Option(help="0: as PyTorch likes.")] = 0,
    seed: int = 0,
) -> None:
    """Train, or go on with the run in `output` where it was stopped."""
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(seed)
    crops, scored = Crops(data), Crops(validation) if validation else None
    network = read_network(weights).network if weights else PoseNetwork()
    network = network.to(memory_format=torch.channels_last)
    mean = torch.optim.swa_utils.AveragedModel(network, avg_fn=_running_mean, use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=0.01)
    steps = epochs * (len(crops) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, steps, pct_start=0.1)
    parts = Parts(network, mean, optimizer, schedule)
    output.mkdir(parents=True, exist_ok=True)
    checkpoint = output / "last.pt"
    first = parts.load(checkpoint) + 1 if checkpoint.is_file() else 0
    for epoch in range(first, epochs):
        name, started = f"epoch {epoch + 1}/{epochs}", time.monotonic()
        one_epoch(parts, crops, batch, np.random.default_rng((seed, epoch)), name)
        rate = len(crops) / (time.monotonic() - started)
        score = scores(cast(PoseNetwork, mean.module), scored) if scored else {}
        told_scores = " ".join(f"{key} {value:.3f}" for key, value in score.items())
        typer.echo(f"{name}: {rate:.0f} crops/s {told_scores}")
        parts.save(checkpoint, epoch)


if __name__ == "__main__":
    typer.run(main)
