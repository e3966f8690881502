"""What trains in `benchmarks.reid_losses` and `benchmarks.reid_domain`: budget, students, teacher, and the score."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.kept_batches import KeptBatches
from benchmarks.reid_schemes import TERMS, TOLD, Scheme, View
from reid.data.crops import Crops
from reid.data.shards import ShardSet
from reid.network.config import NetworkConfig
from reid.network.head import Branches
from reid.network.model import Inference, ReIDNetwork
from reid.retrieval import RetrievalScores, first_per_camera, retrieval_scores
from reid.training.augmentation import plain
from reid.training.batches import Batch, Batches
from reid.training.loop import learning_rate
from reid.training.recipe import AugmentationConfig, DataConfig, Recipe, ScheduleConfig

TEACHER = Scheme(("classification", "batch-hard"))
TEACHER_SEED, FELLOW_SEED = 99, 1000


@dataclass(frozen=True)
class Budget:
    """What every scheme gets: the same network, crops and steps.

    steps: 6,000 are ten minutes of one core for one student. The palette has nothing to learn but a linear head, which
    has all it can have within a minute. width: of the ResNet; teacher_width, teacher_embedding: of the one teacher,
    which its students do not pay for.
    """

    trunk: str = "resnet18-ibn"
    width: float = 0.25
    bands: int = 8
    steps: int = 6000
    identities: int = 12
    images: int = 4
    learning_rate: float = 1e-3
    weight_decay: float = 5e-4
    height: int = 96
    crop_width: int = 48
    embedding: int = 128
    teacher_width: float = 0.5
    teacher_embedding: int = 512
    augmentation: AugmentationConfig = field(
        default_factory=lambda: AugmentationConfig(
            coarse=0.0, blur=0.0, noise=0.0, cut=0.0, erase=0.1, occlude=0.1, light=0.15, saturation=0.15,
            contrast=0.15, gamma=0.1, gain=0.08,
        )
    )  # fmt: skip

    def recipe(self, train: Path, seed: int, *, teacher: bool = False) -> Recipe:
        """As `python -m reid train` reads it; only its losses are ours."""
        network = NetworkConfig(
            trunk=self.trunk,
            resnet_width=self.teacher_width if teacher else self.width,
            bands=self.bands,
            embedding=self.teacher_embedding if teacher else self.embedding,
            input_height=self.height,
            input_width=self.crop_width,
        )
        schedule = ScheduleConfig(
            steps=self.steps, identities=self.identities, images=self.images, learning_rate=self.learning_rate,
            weight_decay=self.weight_decay, threads=1,
        )  # fmt: skip
        data = DataConfig(train=str(train))
        return Recipe("losses", seed, data=data, network=network, schedule=schedule, augmentation=self.augmentation)


@dataclass(eq=False)
class Learner:
    """A network, how training runs it, its classifier and its optimiser."""

    network: ReIDNetwork
    forward: Callable[[torch.Tensor, torch.Tensor], Branches]
    classifier: nn.Linear
    optimiser: torch.optim.Optimizer

    @classmethod
    def new(cls, recipe: Recipe, classes: int, seed: int) -> "Learner":
        """Random weights, the same for the same seed."""
        network = ReIDNetwork.random(recipe.network, seed).to(memory_format=torch.channels_last).train()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            classifier = nn.Linear(recipe.network.embedding, classes, bias=False)
            nn.init.normal_(classifier.weight, std=0.01)
        weights = [value for part in (network, classifier) for value in part.parameters() if value.requires_grad]
        optimiser = torch.optim.AdamW(weights, weight_decay=recipe.schedule.weight_decay, fused=True)
        return cls(network, network, classifier, optimiser)

    def compile(self) -> None:
        """Run by torch.compile from now on: a fifth faster on one core, rounds otherwise, needs a C++ compiler.

        Scoring goes on with the network as it is: it would be compiled once more, for one crop at a time.
        """
        # Teacher and students differ in width: left to itself, the compiler would make widths variables, and slow.
        self.forward = torch.compile(self.network, dynamic=False)

    def view(self, batch: Batch) -> View:
        """What the network says about the batch as it stands."""
        return View.of(self.forward(batch.pictures, batch.masks), self.classifier, batch)

    def follow(self, loss: torch.Tensor, rate: float) -> None:
        """One step down."""
        if not math.isfinite(loss.item()):
            raise RuntimeError("the loss is not finite")
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()


def train_scheme(
    scheme: Scheme,
    recipe: Recipe,
    batches: Batches | KeptBatches,
    teacher: Learner | None = None,
    *,
    compiled: bool = False,
) -> list[ReIDNetwork]:
    """The trained students, one or two, in eval mode; compiled: as `Learner.compile` has it, the teacher too."""
    return [learner.network.eval() for learner in _trained(scheme, recipe, batches, teacher, compiled=compiled)]


def _trained(
    scheme: Scheme,
    recipe: Recipe,
    batches: Batches | KeptBatches,
    teacher: Learner | None = None,
    *,
    compiled: bool = False,
) -> list[Learner]:
    learners = [Learner.new(recipe, batches.classes, recipe.seed + FELLOW_SEED * n) for n in range(scheme.students)]
    if compiled:
        torch.compiler.reset()  # after some eight networks of one process it gives up and runs the rest as they are
        for learner in [*learners, *([teacher] if teacher else [])]:
            learner.compile()
    for step in range(recipe.schedule.steps):
        batch = batches.batch(step)
        views = [learner.view(batch) for learner in learners]
        told_by = [teacher.view(batch)] if teacher else list(reversed(views))
        losses = []
        for own, other in zip(views, told_by, strict=True):
            terms = [TERMS[name](own) for name in scheme.terms] + [TOLD[name](own, other) for name in scheme.told]
            losses.append(torch.stack(terms).sum())
        for learner, loss in zip(learners, losses, strict=True):
            learner.follow(loss, learning_rate(step, recipe.schedule))
    return learners


def score(network: ReIDNetwork, crops: Crops) -> RetrievalScores:
    """Ranking by the global vector, across cameras; queries are each identity's first crop per camera."""
    config = network.config
    shipped, vectors = Inference(network).eval(), []
    masks = torch.zeros(1, config.parts, *config.grid)
    for row in range(len(crops)):
        picture = plain(crops[row], config.input_height, config.input_width).image
        with torch.inference_mode():
            batch = torch.from_numpy(picture)[None].permute(0, 3, 1, 2).float()
            vectors.append(shipped(batch, masks).global_[0].numpy())
    found = np.stack(vectors)
    queries = first_per_camera(crops.identity, crops.camera)
    gallery = np.setdiff1d(np.arange(len(found)), queries)
    distance = 1 - found[queries] @ found[gallery].T
    labels = crops.identity, crops.camera
    return retrieval_scores(distance, *(x[queries] for x in labels), *(x[gallery] for x in labels))


def train_teacher(budget: Budget, train: Path, path: Path) -> None:
    """The one teacher into `path`."""
    recipe = budget.recipe(train, TEACHER_SEED, teacher=True)
    (learner,) = _trained(TEACHER, recipe, Batches(ShardSet(train), recipe))
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"network": learner.network.state_dict(), "classifier": learner.classifier.state_dict()}, path)


def open_teacher(budget: Budget, train: Path, path: Path) -> Learner:
    """The one teacher, which learns no more."""
    recipe = budget.recipe(train, TEACHER_SEED, teacher=True)
    learner = Learner.new(recipe, ShardSet(train).identities, TEACHER_SEED)
    state = torch.load(path, weights_only=True)
    learner.network.load_state_dict(state["network"])
    learner.classifier.load_state_dict(state["classifier"])
    learner.network.eval().requires_grad_(False)
    learner.classifier.requires_grad_(False)
    return learner
