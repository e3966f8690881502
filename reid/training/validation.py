"""Scores of a network in training, on people it does not learn from."""

from pathlib import Path

import numpy as np
import torch

from reid.backends import Vectors
from reid.data.overlap import require_apart
from reid.embedder import Embedder
from reid.evaluation import read_trial, trial_scores
from reid.network.model import Inference, ReIDNetwork
from reid.training.recipe import Recipe

_BATCH = 64
_DISTANCES = ("global", "fused")


class Validation:
    """What `data.validation` is for. Nothing of the training changes: no gradient, no statistics, no random number."""

    def __init__(self, recipe: Recipe) -> None:
        """Raises InputError where `data.validation` cannot be read or is not of other people; "" asks for nothing."""
        self._recipe = recipe
        self._folder = Path(recipe.data.validation) if recipe.data.validation else None
        if self._folder is not None:
            require_apart(Path(recipe.data.train), self._folder)

    def due(self, done: int) -> bool:
        """Whether scores are wanted after `done` steps: at the end, and every `schedule.validate_steps`."""
        each, steps = self._recipe.schedule.validate_steps, self._recipe.schedule.steps
        return self._folder is not None and (done == steps or (bool(each) and done % each == 0))

    def scores(self, network: ReIDNetwork) -> dict[str, float]:
        """rank1 and mean_ap of the global and of the fused distance, in [0, 1]. The network's mode stays as it was."""
        assert self._folder is not None
        was_training = network.training
        embedder = Embedder(network.config, "in training", _Live(network.eval()), self._recipe.parts)
        found = trial_scores(read_trial(embedder, self._folder), _DISTANCES)
        network.train(was_training)
        values: dict[str, float] = {}
        for name, one in found.items():
            values |= {f"{name}_rank1": one.rank1, f"{name}_mean_ap": one.mean_ap}
        return values


class _Live:
    """A network of this process as a Backend."""

    def __init__(self, network: ReIDNetwork) -> None:
        self._network = Inference(network).eval()
        self._like = next(network.parameters())

    def run(self, pictures: np.ndarray, masks: np.ndarray, owned: np.ndarray) -> Vectors:
        """See Backend."""
        batches = []
        with torch.no_grad():
            for first in range(0, len(pictures), _BATCH):
                rows = slice(first, first + _BATCH)
                batch, *rest = (torch.from_numpy(array[rows]).to(self._like) for array in (pictures, masks, owned))
                vectors = self._network(batch.permute(0, 3, 1, 2), *rest)
                batches.append([vector.float().cpu().numpy() for vector in vectors])
        global_, parts, stripes = (np.concatenate(column) for column in zip(*batches, strict=True))
        return global_, parts, stripes
