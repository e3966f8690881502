"""One batch of a training: which crops, changed how, with which masks."""

from typing import NamedTuple

import numpy as np
import torch

from core.errors import InputError
from reid.data.crops import Crops
from reid.data.shards import ShardSet
from reid.embedder import Embedder
from reid.parts import part_masks
from reid.training.augmentation import augmented
from reid.training.lookalikes import look_alikes
from reid.training.recipe import Recipe, ScheduleConfig
from reid.training.sampler import IdentitySampler, LookAlikes


class Batch(NamedTuple):
    """pictures (B, 3, h, w) float32 BGR 0–255; masks (B, K, h/16, w/16); visibility (B, K); identities (B,) int64;
    attributes (B, A) int64, which value of each is right, negative where nobody says; no columns: not asked for."""

    pictures: torch.Tensor
    masks: torch.Tensor
    visibility: torch.Tensor
    identities: torch.Tensor
    attributes: torch.Tensor


class Batches:
    """Batches of a set as a function of the step.

    classes: identities. answers: how many values each attribute has, none where `losses.attributes` is 0.
    """

    def __init__(self, crops: Crops, recipe: Recipe) -> None:
        """Raises InputError where the set is too small for the recipe, or has no labels that it asks for; WeightsError
        where the network cannot be opened that says who looks alike."""
        schedule = recipe.schedule
        self._crops, self._recipe = crops, recipe
        self.classes = crops.identities
        self.answers, self._attributes = _attributes(crops, wanted=recipe.losses.attributes > 0)
        self.sampler = IdentitySampler(
            crops.identity, crops.camera, schedule.identities, schedule.images, schedule.camera_balanced, recipe.seed,
            _look_alikes(crops, schedule),
        )  # fmt: skip

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
            torch.from_numpy(self._attributes[rows]),
        )


def _look_alikes(crops: Crops, schedule: ScheduleConfig) -> LookAlikes | None:
    if schedule.alike < 2:
        return None
    embedder = Embedder.open(schedule.alike_by, "cpu", schedule.threads)
    return LookAlikes(look_alikes(crops, embedder, schedule.alike_among), schedule.alike)


def _attributes(crops: Crops, *, wanted: bool) -> tuple[tuple[int, ...], np.ndarray]:
    """How many values each attribute has, and which is right for each crop (n, A) int64."""
    if not wanted:
        return (), np.zeros((len(crops), 0), np.int64)
    if not isinstance(crops, ShardSet):
        raise InputError(
            "losses.attributes: pictures say nothing about what people wear; train on shards of `python -m synth "
            "crops`, or set it to 0"
        )
    return tuple(len(values) for values in crops.attributes.values.values()), crops.attributes.rows
