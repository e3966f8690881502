"""One batch of a training: which crops, changed how, with which masks."""

from typing import NamedTuple

import numpy as np
import torch

from reid.data.crops import Crops
from reid.parts import part_masks
from reid.training.augmentation import augmented
from reid.training.recipe import Recipe
from reid.training.sampler import IdentitySampler


class Batch(NamedTuple):
    """pictures (B, 3, h, w) float32 BGR 0–255; masks (B, K, h/16, w/16); visibility (B, K); identities (B,) int64."""

    pictures: torch.Tensor
    masks: torch.Tensor
    visibility: torch.Tensor
    identities: torch.Tensor


class Batches:
    """Batches of a set as a function of the step."""

    def __init__(self, crops: Crops, recipe: Recipe) -> None:
        """Raises InputError where the set is too small for the recipe."""
        schedule = recipe.schedule
        self._crops, self._recipe = crops, recipe
        self.classes = crops.identities
        self.sampler = IdentitySampler(
            crops.identity, crops.camera, schedule.identities, schedule.images, schedule.camera_balanced, recipe.seed
        )

    def size(self, step: int) -> tuple[int, int]:
        """Height and width of batch `step`: small pictures first, they teach nearly as much for half the time."""
        schedule, network = self._recipe.schedule, self._recipe.network
        if step < schedule.small_share * schedule.steps:
            return schedule.small_height, schedule.small_width
        return network.input_height, network.input_width

    def batch(self, step: int) -> Batch:
        """Batch `step`; the same for the same recipe and data, whatever came before."""
        rows = self.sampler.batch(step)
        height, width = self.size(step)
        rng = np.random.default_rng([self._recipe.seed, 3, step])
        samples = []
        for row in rows:
            donor = self._crops[int(rng.integers(len(self._crops)))].image
            samples.append(augmented(self._crops[int(row)], donor, height, width, self._recipe.augmentation, rng))
        found = part_masks(
            np.stack([sample.keypoints_xyc for sample in samples]),
            [sample.others_xyc[None] for sample in samples],
            np.full((len(rows), 2), (height, width)),
            self._recipe.network.parts,
            (height // 16, width // 16),
            self._recipe.parts,
        )
        pictures = torch.from_numpy(np.stack([sample.image for sample in samples])).permute(0, 3, 1, 2)
        return Batch(
            pictures.float(),  # a permuted NHWC array is channels-last already
            torch.from_numpy(found.masks),
            torch.from_numpy(found.visibility),
            torch.from_numpy(self._crops.identity[rows]),
        )
