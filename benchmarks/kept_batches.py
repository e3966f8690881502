"""Batches made once and kept on disk: every scheme of a comparison sees the same ones, and making them is a fifth of a
small network's training."""

import dataclasses
import hashlib
import json
from pathlib import Path

import torch

from core.whole import whole_file
from reid.training.batches import Batch, Batches
from reid.training.recipe import Recipe


class KeptBatches:
    """`batches` as they are, bit for bit; read where they were asked for before.

    Several processes may share `folder`: a batch is there whole or not at all. A step of 48 crops of 96 × 48 px is
    700 kB.
    """

    def __init__(self, batches: Batches, folder: Path) -> None:
        self._batches, self._folder = batches, folder
        self.classes = batches.classes
        folder.mkdir(parents=True, exist_ok=True)

    def batch(self, step: int) -> Batch:
        """Batch `step`."""
        path = self._folder / f"{step}.pt"
        if path.exists():
            kept = Batch(*torch.load(path, weights_only=True))
            return kept._replace(pictures=kept.pictures.float())
        batch = self._batches.batch(step)
        with whole_file(path) as temporary:
            torch.save(tuple(batch._replace(pictures=batch.pictures.byte())), temporary)  # whole numbers of 0–255
        return batch


def name_of(recipe: Recipe, train: Path) -> str:
    """A folder's name for the batches of `recipe`, another for any other recipe or crops."""
    about = json.dumps(dataclasses.asdict(recipe), sort_keys=True) + (train / "dataset.json").read_text("utf-8")
    return f"seed-{recipe.seed}-{hashlib.sha256(about.encode()).hexdigest()[:12]}"
