"""What of rendered people carries over to real ones: how many of them, instance normalisation, changed colours?

    python -m benchmarks.reid_domain run build/crops/others build/crops/val
    python -m benchmarks.reid_domain table
    python -m benchmarks.reid_domain plot

The crops are those of the bundled network (models/reid/CARD.md says how they are made). One small network is trained
anew for each answer with the budget of `benchmarks.reid_losses`: as many steps for 94 people as for 6,000. It ranks
other rendered people and market1501-dev, which is for evaluation only. A run is written when it ends; started again,
the benchmark goes on with what is missing.
"""

import dataclasses
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from benchmarks.record import RESULTS, write_result
from benchmarks.reid_learners import Budget, score, train_scheme
from benchmarks.reid_schemes import Scheme
from reid.data.crops import PictureSet
from reid.data.folders import market_folder
from reid.data.shards import Sample, ShardSet
from reid.training.batches import Batches
from reid.training.recipe import AugmentationConfig

NAME = "reid_domain"
PLOT = Path(__file__).parents[1] / "docs" / "reid-identities.png"
REAL = Path("../shared/data/market1501-dev/images")
SCHEME = Scheme(("classification", "supervised contrastive"))  # the losses of the bundled network
AS_USUAL = Budget().augmentation
MOST = 6000
COLOURS = ("light", "saturation", "contrast", "gamma", "gain")
AS_RENDERED = dataclasses.replace(AS_USUAL, **dict.fromkeys(COLOURS, 0.0))
WILD = dataclasses.replace(AS_USUAL, **{name: 2.5 * getattr(AS_USUAL, name) for name in COLOURS})


@dataclass(frozen=True)
class Variant:
    """A training: on the first `people` of the set, with `trunk`, its colours changed as in `augmentation`."""

    name: str
    people: int = MOST
    trunk: str = "resnet18-ibn"
    augmentation: AugmentationConfig = AS_USUAL


BY_PEOPLE = tuple(Variant(f"{count} people", count) for count in (94, 188, 375, 750, 1500, 3000, MOST))
OTHERWISE = (
    Variant("no instance normalisation", trunk="resnet18"),
    Variant("colours as rendered", augmentation=AS_RENDERED),
    Variant("colours changed more", augmentation=WILD),
)
VARIANTS = (*BY_PEOPLE[::2], *OTHERWISE, *BY_PEOPLE[1::2])  # as they are trained: the whole range first


class FirstPeople(ShardSet):
    """The crops of the first `people` identities of a set."""

    def __init__(self, folder: Path, people: int) -> None:
        super().__init__(folder)
        self.identities = min(people, self.identities)
        self._rows = np.flatnonzero(self.identity < people)
        self.identity, self.camera = self.identity[self._rows], self.camera[self._rows]

    def __getitem__(self, index: int) -> Sample:
        return super().__getitem__(int(self._rows[index]))


app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def run(
    train: Annotated[Path, typer.Argument(help="Shards of 6,000 people.")],
    validation: Annotated[Path, typer.Argument(help="Shards of others.")],
    real: Annotated[Path, typer.Option(help="A flat folder named as Market-1501.")] = REAL,
    steps: Annotated[int, typer.Option(help="Optimiser steps of each training.")] = Budget.steps,
) -> None:
    """Train and score what is not in the results yet, one after the other, on one core."""
    path = RESULTS / f"{NAME}.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"steps": steps, "runs": []}
    if known["steps"] != steps:
        raise SystemExit(f"{path} was made with {known['steps']} steps. Move it away to begin anew.")
    runs = known["runs"]
    for variant in VARIANTS:
        if all(row["variant"] != variant.name for row in runs):
            runs.append(_measured(variant, train, validation, real, steps))
            write_result(NAME, {"steps": steps, "runs": runs})
            typer.echo(json.dumps(runs[-1]))


@app.command()
def table() -> None:
    """Print rank-1 / mAP in per cent as Markdown."""
    found = {row["variant"]: row for row in _runs()}
    print("| trained on | rendered | market1501-dev |\n| --- | --- | --- |")
    for variant in (*BY_PEOPLE, *OTHERWISE):
        if row := found.get(variant.name):
            print(f"| {variant.name} | {_cell(row['rendered'])} | {_cell(row['market1501-dev'])} |")


@app.command()
def plot() -> None:
    """Draw rank-1 against the number of people into docs/reid-identities.png."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    by_name = {row["variant"]: row for row in _runs()}
    known = [one for one in BY_PEOPLE if one.name in by_name]
    figure = Figure(figsize=(5.5, 3.5), layout="constrained")
    axes = figure.add_subplot()
    for name in ("rendered", "market1501-dev"):
        axes.plot([one.people for one in known], [by_name[one.name][name]["rank1"] for one in known], "o-", label=name)
    axes.set_xscale("log")
    axes.set_xticks([one.people for one in known], [str(one.people) for one in known])
    axes.minorticks_off()
    axes.set_xlabel("rendered people trained on")
    axes.set_ylabel("rank-1, per cent")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    FigureCanvasAgg(figure).print_png(PLOT)
    typer.echo(f"written to {PLOT}")


def _measured(variant: Variant, train: Path, validation: Path, real: Path, steps: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    budget = Budget(trunk=variant.trunk, steps=steps, augmentation=variant.augmentation)
    began_s = time.process_time()
    recipe = budget.recipe(train, 0)
    (network,) = train_scheme(SCHEME, recipe, Batches(FirstPeople(train, variant.people), recipe))
    row: dict[str, Any] = {"variant": variant.name, "core_minutes": round((time.process_time() - began_s) / 60, 1)}
    sets = {"rendered": ShardSet(validation), "market1501-dev": PictureSet(market_folder(real), "Market-1501")}
    for name, crops in sets.items():
        found = score(network, crops)
        row[name] = {"rank1": round(100 * found.rank1, 2), "mean_ap": round(100 * found.mean_ap, 2)}
    return row


def _runs() -> list[dict[str, Any]]:
    return json.loads((RESULTS / f"{NAME}.json").read_text(encoding="utf-8"))["runs"]


def _cell(scores: dict[str, float]) -> str:
    return f"{scores['rank1']:.1f} / {scores['mean_ap']:.1f}"


if __name__ == "__main__":
    app()
