"""One small network, one budget, every loss and every way of mutual learning: which gives the best ranking?

    python -m synth crops build/reid-losses/train --identities 600 --per-identity 8 --height 96 --seed 501
    python -m synth crops build/reid-losses/val --identities 200 --per-identity 8 --height 96 --seed 504
    python -m benchmarks.reid_losses teacher build/reid-losses
    python -m benchmarks.reid_losses run build/reid-losses --processes 2 --compiled
    python -m benchmarks.reid_losses table

The budget is counted in optimiser steps, so that the numbers do not depend on the machine's load; how long each run
took a core is written beside them. A run is written when it ends; started again, the benchmark goes on with what is
missing. All of it is half a day on two cores. The batches of a seed are made once and kept in build/reid-losses/batches
(4 GB a seed); the folder can go when the table is done.
"""

import dataclasses
import json
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from benchmarks.kept_batches import KeptBatches, name_of
from benchmarks.record import RESULTS, write_result
from benchmarks.reid_learners import Budget, open_teacher, score, train_scheme, train_teacher
from benchmarks.reid_schemes import SCHEMES, Scheme
from reid.data.shards import ShardSet
from reid.training.batches import Batches

Work = Annotated[Path, typer.Argument(help="Folder with the shards train and val; the teacher is kept there.")]
Trunk = Annotated[str, typer.Option(help="Of the network: resnet18-ibn, osnet-ain or palette.")]
Steps = Annotated[int, typer.Option(help="Optimiser steps of each network.")]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def teacher(work: Work, trunk: Trunk = Budget.trunk, steps: Steps = Budget.steps) -> None:
    """Train the one teacher, twice as wide as its students."""
    torch.set_num_threads(1)
    budget = Budget(trunk=trunk, steps=steps)
    train_teacher(budget, work / "train", _teacher_path(work, budget))


@app.command()
def run(
    work: Work,
    seeds: Annotated[int, typer.Option(help="Runs of each scheme.")] = 3,
    trunk: Trunk = Budget.trunk,
    steps: Steps = Budget.steps,
    processes: Annotated[int, typer.Option(help="Runs at a time, one core each.")] = 1,
    compiled: Annotated[bool, typer.Option("--compiled", help="A fifth faster; needs a C++ compiler.")] = False,
) -> None:
    """Train what is not in the results yet: all schemes with the first seed, then with the next."""
    budget = Budget(trunk=trunk, steps=steps)
    content = _known(budget, work)
    missing = _missing(content["runs"], budget, seeds, taught=_teacher_path(work, budget).exists())
    # Spawned: a forked child would inherit the parent's threads of OpenCV and PyTorch half alive.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        running = {
            pool.submit(_measured, scheme, budget, work, seed, compiled=compiled): (scheme, seed)
            for scheme, seed in missing
        }
        failed = 0
        for done in as_completed(running):
            scheme, seed = running[done]
            if error := done.exception():  # the other runs are worth having
                failed += 1
                typer.echo(f"{scheme.name}, seed {seed}: {error}", err=True)
                continue
            row = done.result()
            content["runs"] = sorted([*content["runs"], row], key=_place)
            write_result(_results(trunk), content)
            typer.echo(f"{scheme.name}, seed {seed}: rank-1 {row['rank1']}, mAP {row['mean_ap']}")
    if failed:
        raise SystemExit(f"{failed} runs failed; started again, they are tried again")


@app.command()
def table(trunk: Trunk = Budget.trunk) -> None:
    """Print mean ± standard deviation over seeds as Markdown, best mAP first."""
    runs = json.loads((RESULTS / f"{_results(trunk)}.json").read_text(encoding="utf-8"))["runs"]
    rows = []
    for scheme in SCHEMES:
        found = np.array([(row["rank1"], row["mean_ap"]) for row in runs if row["scheme"] == scheme.name])
        if len(found):
            rows.append((scheme.name, len(found), found.mean(0), found.std(0, ddof=1) if len(found) > 1 else None))
    print("| scheme | seeds | rank-1 | mAP |\n| --- | --- | --- | --- |")
    for name, count, mean, spread in sorted(rows, key=lambda row: -row[2][1]):
        cells = [f"{m:.1f}" + ("" if spread is None else f" ± {spread[i]:.1f}") for i, m in enumerate(mean)]
        print(f"| {name} | {count} | {cells[0]} | {cells[1]} |")


def _missing(runs: list[dict[str, Any]], budget: Budget, seeds: int, *, taught: bool) -> list[tuple[Scheme, int]]:
    """Schemes and seeds that have no result; those with a teacher where there is one."""
    done = {(row["scheme"], row["seed"]) for row in runs}
    # The palette's head is linear: parts and stripes share nothing with its global vector and teach it nothing.
    asked = [scheme for scheme in SCHEMES if not (budget.trunk == "palette" and scheme.local)]
    if not taught:
        typer.echo("No teacher yet (python -m benchmarks.reid_losses teacher): schemes with one are left out.")
        asked = [scheme for scheme in asked if not scheme.teacher]
    return [(scheme, seed) for seed in range(seeds) for scheme in asked if (scheme.name, seed) not in done]


def _measured(scheme: Scheme, budget: Budget, work: Path, seed: int, *, compiled: bool) -> dict[str, Any]:
    """One row of the results: means over the students."""
    torch.set_num_threads(1)
    began_s = time.process_time()
    taught_by = open_teacher(budget, work / "train", _teacher_path(work, budget)) if scheme.teacher else None
    recipe = budget.recipe(work / "train", seed)
    batches = Batches(ShardSet(work / "train"), recipe)
    kept = KeptBatches(batches, work / "batches" / name_of(recipe, work / "train"))
    students = train_scheme(scheme, recipe, kept, taught_by, compiled=compiled)
    minutes = (time.process_time() - began_s) / 60
    validation = ShardSet(work / "val")
    found = [score(student, validation) for student in students]
    return {
        "scheme": scheme.name,
        "seed": seed,
        "rank1": round(100 * float(np.mean([one.rank1 for one in found])), 2),
        "mean_ap": round(100 * float(np.mean([one.mean_ap for one in found])), 2),
        "core_minutes": round(minutes, 1),
        "compiled": compiled,
    }


def _place(row: dict[str, Any]) -> tuple[int, int]:
    """Where a row stands in the file, whichever run ended first."""
    return row["seed"], [scheme.name for scheme in SCHEMES].index(row["scheme"])


def _results(trunk: str) -> str:
    """Name of the file of results: one for each trunk."""
    return f"reid_losses_{trunk}"


def _teacher_path(work: Path, budget: Budget) -> Path:
    return work / f"teacher-{budget.trunk}-{budget.steps}.pt"


def _known(budget: Budget, work: Path) -> dict[str, Any]:
    """What was measured before; with another budget or other crops it is refused rather than mixed."""
    about: dict[str, Any] = {"budget": dataclasses.asdict(budget)}
    for part, folder in (("train", "train"), ("validation", "val")):
        made = json.loads((work / folder / "dataset.json").read_text(encoding="utf-8"))
        about[part] = {key: made[key] for key in ("seed", "identities", "per_identity", "height", "textures")}
    path = RESULTS / f"{_results(budget.trunk)}.json"
    if not path.exists():
        return about | {"runs": []}
    known = json.loads(path.read_text(encoding="utf-8"))
    for key, value in about.items():
        if known[key] != value:
            raise SystemExit(f"{path} was made with another {key}: {known[key]}. Move it away to begin anew.")
    return about | {"runs": known["runs"]}


if __name__ == "__main__":
    app()
