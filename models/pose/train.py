"""Train the pose network: a crop in, where each joint is and whether it can be seen.

    python -m models.pose.train --data build/pose/train --validation build/pose/val --output build/pose/run

A run that was stopped goes on where its last epoch ended. Each map is taught as a distribution over its cells (cross
entropy with a Gaussian around the joint), the visibility as yes or no. What is not known costs nothing: the teacher of
the real crops says a place for faces seen from behind as well, so that only rendered ones teach visibility.
"""

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch.nn.functional import binary_cross_entropy_with_logits

from core.pose_crop import MAP_COLUMNS, MAP_ROWS, MAP_STRIDE
from models.pose.augmentation import VISIBLE, Augmentation
from models.pose.crops import Crops
from models.pose.network import PoseNetwork
from models.pose.scores import scores
from models.pose.weights import read_network

SPREAD = 1.0  # standard deviation of the taught distribution, cells
AVERAGE = 0.998  # what is left of the running mean of the weights, per step


def losses(
    maps: torch.Tensor, visible: torch.Tensor, joints: torch.Tensor, certain: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of place and of visibility: maps (N, 17, cells), visible (N, 17), joints (N, 17, 3) px and v, certain (N,)."""
    target = targets(joints)
    total = target.sum(2)
    seen = joints[..., 2]
    inside = (seen > 0) & (total > SPREAD)  # hardly less than a whole one (2 π σ²), or at the border
    wrong = -(target * maps.log_softmax(2)).sum(2) / total.clamp(min=SPREAD)
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


def main(
    data: Annotated[Path, typer.Option(help="Written by models.pose.dataset.")],
    validation: Annotated[Path | None, typer.Option(help="The same, to score after every epoch.")] = None,
    output: Annotated[Path, typer.Option(help="Where the checkpoint goes.")] = Path("build/pose/run"),
    weights: Annotated[Path | None, typer.Option(help="Start from these .safetensors.")] = None,
    epochs: Annotated[int, typer.Option(min=1)] = 12,
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
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean = torch.optim.swa_utils.AveragedModel(network, avg_fn=_running_mean, use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=0.01)
    steps = len(crops) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, epochs * steps, pct_start=0.1)
    output.mkdir(parents=True, exist_ok=True)
    checkpoint, first = output / "last.pt", 0
    if checkpoint.is_file():
        stored = torch.load(checkpoint, weights_only=True)
        for part, name in ((network, "network"), (mean, "mean"), (optimizer, "optimizer"), (schedule, "schedule")):
            part.load_state_dict(stored[name])
        first = stored["epoch"] + 1
    for epoch in range(first, epochs):
        random = np.random.default_rng((seed, epoch))
        order, started, sums = random.permutation(len(crops)), time.monotonic(), np.zeros(2)
        network.train()
        for step in range(steps):
            inputs, joints, certain = crops.batch(order[step * batch : (step + 1) * batch], Augmentation(), random)
            place, visibility = losses(*network(inputs), joints, certain)
            optimizer.zero_grad(set_to_none=True)
            (place + visibility).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            mean.update_parameters(network)
            sums += (float(place.detach()), float(visibility.detach()))
            if step % 100 == 99:
                told = sums / (step + 1)
                at = f"epoch {epoch + 1}/{epochs} step {step + 1}/{steps}"
                typer.echo(f"{at} place {told[0]:.3f} visible {told[1]:.3f}")
        rate = steps * batch / (time.monotonic() - started)
        score = scores(mean.module, scored) if scored else {}
        told_scores = " ".join(f"{name} {value:.3f}" for name, value in score.items())
        typer.echo(f"epoch {epoch + 1}/{epochs}: {rate:.0f} crops/s {told_scores}")
        parts = {"network": network, "mean": mean, "optimizer": optimizer, "schedule": schedule}
        partial = checkpoint.with_suffix(".partial")
        torch.save({name: part.state_dict() for name, part in parts.items()} | {"epoch": epoch}, partial)
        partial.replace(checkpoint)


if __name__ == "__main__":
    typer.run(main)
