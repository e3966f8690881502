"""One small network, one budget, every loss and every way of mutual learning: which gives the best ranking?

    python -m synth crops build/reid-losses/train --identities 200 --per-identity 8 --height 96 --seed 501
    python -m synth crops build/reid-losses/val --identities 100 --per-identity 8 --height 96 --seed 504
    python -m benchmarks.reid_losses run --train build/reid-losses/train --validation build/reid-losses/val
    python -m benchmarks.reid_losses table

The budget is counted in optimiser steps, so the numbers do not depend on the machine's load. Each finished run is
written at once; started again, the benchmark goes on with what is missing.
"""

import dataclasses
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch import nn

from benchmarks.record import RESULTS, write_result
from benchmarks.reid_schemes import SCHEMES, TERMS, TOLD, Scheme, View
from reid.data.shards import ShardSet
from reid.network.config import NetworkConfig
from reid.network.model import Inference, ReIDNetwork
from reid.retrieval import RetrievalScores, first_per_camera, retrieval_scores
from reid.training.augmentation import plain
from reid.training.batches import Batch, Batches
from reid.training.loop import learning_rate
from reid.training.recipe import AugmentationConfig, DataConfig, Recipe, ScheduleConfig

TEACHER = Scheme(("classification", "batch-hard"))
TEACHER_SEED, FELLOW_SEED = 99, 1000

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Budget:
    """What every scheme gets. teacher_embedding, teacher_steps: of the one teacher, which its students do not pay for.

    trunk: palette has nothing to learn in it, so its linear head learns within a minute; OSNet is at chance by then.
    bands: of the head; see `NetworkConfig`.
    """

    trunk: str = "palette"
    bands: int = 8
    steps: int = 400
    identities: int = 12
    images: int = 4
    learning_rate: float = 2e-3
    weight_decay: float = 5e-4
    height: int = 96
    width: int = 48
    embedding: int = 128
    teacher_embedding: int = 512
    teacher_steps: int = 1200
    augmentation: AugmentationConfig = field(
        default_factory=lambda: AugmentationConfig(
            coarse=0.0, blur=0.0, noise=0.0, cut=0.0, erase=0.1, occlude=0.1, light=0.15, saturation=0.15,
            contrast=0.15, gamma=0.1, gain=0.08,
        )
    )  # fmt: skip

    @property
    def results(self) -> str:
        """Name of the file of results: one for each trunk."""
        return "reid_losses" if self.trunk == "palette" else f"reid_losses_{self.trunk}"

    def recipe(self, train: Path, seed: int, *, teacher: bool = False) -> Recipe:
        """As `python -m reid train` reads it; only its losses are ours."""
        embedding = self.teacher_embedding if teacher else self.embedding
        steps = self.teacher_steps if teacher else self.steps
        network = NetworkConfig(
            trunk=self.trunk, bands=self.bands, embedding=embedding, input_height=self.height, input_width=self.width
        )
        schedule = ScheduleConfig(
            steps=steps, identities=self.identities, images=self.images, learning_rate=self.learning_rate,
            weight_decay=self.weight_decay, threads=1,
        )  # fmt: skip
        data = DataConfig(train=str(train))
        return Recipe("losses", seed, data=data, network=network, schedule=schedule, augmentation=self.augmentation)


@app.command()
def run(
    train: Annotated[Path, typer.Option(help="Shards to train on.")],
    validation: Annotated[Path, typer.Option(help="Shards of other people.")],
    seeds: Annotated[int, typer.Option(help="Runs of each scheme.")] = 3,
    work: Annotated[Path, typer.Option(help="Where the teacher is kept.")] = Path("build/reid-losses"),
    trunk: Annotated[str, typer.Option(help="Of the network: palette, osnet or osnet-ain.")] = Budget.trunk,
    steps: Annotated[int, typer.Option(help="Optimiser steps of each student.")] = Budget.steps,
) -> None:
    """Train what is not in the results yet: all schemes with the first seed, then with the next."""
    torch.set_num_threads(1)
    budget = Budget(trunk=trunk, steps=steps, teacher_steps=3 * steps)
    content = _known(budget, train, validation)
    done = {(row["scheme"], row["seed"]) for row in content["runs"]}
    for seed in range(seeds):
        for scheme in SCHEMES:
            if (scheme.name, seed) in done or (trunk == "palette" and scheme.local):
                continue
            teacher = _teacher(budget, train, work) if scheme.teacher else None
            students = train_scheme(scheme, budget, train, seed, teacher)
            found = [score(student, validation) for student in students]
            row = {
                "scheme": scheme.name,
                "seed": seed,
                "rank1": round(100 * float(np.mean([one.rank1 for one in found])), 2),
                "mean_ap": round(100 * float(np.mean([one.mean_ap for one in found])), 2),
            }
            content["runs"].append(row)
            write_result(budget.results, content)
            typer.echo(f"{scheme.name}, seed {seed}: rank-1 {row['rank1']}, mAP {row['mean_ap']}")


@app.command()
def table(trunk: Annotated[str, typer.Option(help="Whose results.")] = Budget.trunk) -> None:
    """Print mean ± standard deviation over seeds as Markdown, best mAP first."""
    runs = json.loads((RESULTS / f"{Budget(trunk).results}.json").read_text(encoding="utf-8"))["runs"]
    rows = []
    for scheme in SCHEMES:
        found = np.array([(row["rank1"], row["mean_ap"]) for row in runs if row["scheme"] == scheme.name])
        if len(found):
            rows.append((scheme.name, len(found), found.mean(0), found.std(0, ddof=1) if len(found) > 1 else None))
    print("| scheme | seeds | rank-1 | mAP |\n| --- | --- | --- | --- |")
    for name, count, mean, spread in sorted(rows, key=lambda row: -row[2][1]):
        cells = [f"{m:.1f}" + ("" if spread is None else f" ± {spread[i]:.1f}") for i, m in enumerate(mean)]
        print(f"| {name} | {count} | {cells[0]} | {cells[1]} |")


def train_scheme(
    scheme: Scheme, budget: Budget, train: Path, seed: int, teacher: "Learner | None"
) -> "list[ReIDNetwork]":
    """The trained students, one or two, in eval mode."""
    recipe = budget.recipe(train, seed)
    batches = Batches(ShardSet(train), recipe)
    learners = [Learner.new(recipe, batches.classes, seed + FELLOW_SEED * n) for n in range(scheme.students)]
    for step in range(budget.steps):
        batch = batches.batch(step)
        views = [learner.view(batch) for learner in learners]
        told_by = [teacher.view(batch)] if teacher else list(reversed(views))
        losses = []
        for own, other in zip(views, told_by, strict=True):
            terms = [TERMS[name](own) for name in scheme.terms] + [TOLD[name](own, other) for name in scheme.told]
            losses.append(torch.stack(terms).sum())
        for learner, loss in zip(learners, losses, strict=True):
            learner.follow(loss, learning_rate(step, recipe.schedule))
    return [learner.network.eval() for learner in learners]


def score(network: ReIDNetwork, validation: Path) -> RetrievalScores:
    """Ranking by the global vector, across cameras; queries are each identity's first crop per camera."""
    crops = ShardSet(validation)
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


@dataclass(eq=False)
class Learner:
    """A network, its classifier and its optimiser."""

    network: ReIDNetwork
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
        return cls(network, classifier, torch.optim.AdamW(weights, weight_decay=recipe.schedule.weight_decay))

    def view(self, batch: Batch) -> View:
        """What the network says about the batch as it stands."""
        return View.of(self.network(batch.pictures, batch.masks), self.classifier, batch)

    def follow(self, loss: torch.Tensor, rate: float) -> None:
        """One step down."""
        if not math.isfinite(loss.item()):
            raise RuntimeError("the loss is not finite")
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()


def _teacher(budget: Budget, train: Path, work: Path) -> Learner:
    """The one teacher, trained when first asked for."""
    recipe = budget.recipe(train, TEACHER_SEED, teacher=True)
    batches = Batches(ShardSet(train), recipe)
    learner = Learner.new(recipe, batches.classes, TEACHER_SEED)
    path = work / f"teacher-{budget.trunk}-{budget.teacher_steps}.pt"
    if path.exists():
        state = torch.load(path, weights_only=True)
        learner.network.load_state_dict(state["network"])
        learner.classifier.load_state_dict(state["classifier"])
    else:
        typer.echo("training the teacher")
        for step in range(budget.teacher_steps):
            view = learner.view(batches.batch(step))
            loss = torch.stack([TERMS[name](view) for name in TEACHER.terms]).sum()
            learner.follow(loss, learning_rate(step, recipe.schedule))
        work.mkdir(parents=True, exist_ok=True)
        torch.save({"network": learner.network.state_dict(), "classifier": learner.classifier.state_dict()}, path)
    learner.network.eval().requires_grad_(False)
    learner.classifier.requires_grad_(False)
    return learner


def _known(budget: Budget, train: Path, validation: Path) -> dict[str, Any]:
    """What was measured before; with another budget or other crops it is refused rather than mixed."""
    about = {
        "budget": dataclasses.asdict(budget),
        "train": json.loads((train / "dataset.json").read_text(encoding="utf-8")),
        "validation": json.loads((validation / "dataset.json").read_text(encoding="utf-8")),
    }
    for part in ("train", "validation"):
        about[part] = {key: about[part][key] for key in ("seed", "identities", "per_identity", "height", "textures")}
    path = RESULTS / f"{budget.results}.json"
    if not path.exists():
        return about | {"runs": []}
    known = json.loads(path.read_text(encoding="utf-8"))
    for key, value in about.items():
        if known[key] != value:
            raise SystemExit(f"{path} was made with another {key}: {known[key]}. Move it away to begin anew.")
    return about | {"runs": known["runs"]}


if __name__ == "__main__":
    app()
