"""Do the probabilities of `verify` and `search` mean what they say? On rendered people and on real ones.

python -m synth crops build/crops/pooling --identities 150 --per-identity 12 --seed 71
python -m benchmarks.reid_reliability build/crops/pooling

The calibration was fitted on other rendered people and on no real ones. Asked about are all pairs of one person by two
cameras, and as many pairs of two people drawn by chance, which is what the probability is calibrated for. What it does
not promise is told beside it: how often the likeliest of all strangers is said to be the same person.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.realism.__main__ import JUDGES
from benchmarks.record import write_result
from core.types import Descriptors
from evaluation.reliability import Outcomes, draw, reliability
from pipeline.people.finder import embed_people
from pipeline.people.rendered import rendered_people
from pipeline.people.tools import Tools
from pipeline.people.verify import SURE
from reid.calibration import Calibration
from reid.data.folders import market_folder
from reid.data.shards import ShardSet
from reid.distance import appearance_distance

REAL = JUDGES.parent / "market1501-dev" / "images"
PLOT = Path(__file__).parents[1] / "docs" / "reid-reliability.png"


@dataclass(frozen=True, eq=False)
class Asked:
    """outcomes: of pairs that are not unknown. unknown: share of all pairs. fooled: share of crops whose likeliest
    stranger is said to be the same person; among: how many strangers a crop has, on average."""

    outcomes: Outcomes
    unknown: float
    fooled: float
    among: float


def main(
    data: Annotated[Path, typer.Argument(help="Shards that no training and no calibration saw.")],
    real: Annotated[Path, typer.Option(help="A folder of pictures with Market-1501's names.")] = REAL,
    weights: Annotated[str, typer.Option(help="A folder that `export` wrote.")] = "bundled",
    plot: Annotated[Path, typer.Option(help="The PNG to draw.")] = PLOT,
) -> None:
    """Print the expected calibration error of each set and draw its reliability diagram."""
    tools = Tools.open(weights, "cpu", 0, are_crops=True)
    crops = ShardSet(data)
    seen = embed_people(tools.embedder, rendered_people(tools, crops))
    found = {"rendered people": ask(tools.calibration, seen, crops.identity, crops.camera)}
    if real.is_dir():
        folder = market_folder(real)
        seen = embed_people(tools.embedder, [tools.finder.in_crop(path) for path in folder.paths])
        found["real people"] = ask(tools.calibration, seen, folder.identity, folder.camera)
    else:
        typer.echo(f"{real}: not here, left out.")
    results = {name: reliability(one.outcomes) for name, one in found.items()}
    content: dict[str, object] = {"network": tools.embedder.identifier}
    for name, one in found.items():
        result = results[name]
        rows = zip(result.said.tolist(), result.right.tolist(), result.count.tolist(), strict=True)
        content[name] = {
            "expected_calibration_error": round(result.error, 4), "pairs": int(result.count.sum()),
            "unknown": round(one.unknown, 4), "likeliest_stranger_said_the_same": round(one.fooled, 4),
            "of_so_many_crops_of_strangers": round(one.among), "diagram": [
                {"said": round(said, 4), "right": round(right, 4), "pairs": count} for said, right, count in rows
            ],
        }  # fmt: skip
        typer.echo(f"{name:15} ECE {result.error:.4f} over {result.count.sum()} pairs, unknown {one.unknown:.4f}")
        typer.echo(f"{'':15} likeliest of {one.among:.0f} strangers' crops said the same: {one.fooled:.3f}")
    draw(results, plot)
    typer.echo(f"written to {write_result('reid_reliability', content)} and {plot}")


def ask(calibration: Calibration, found: Descriptors, identity: np.ndarray, camera: np.ndarray) -> Asked:
    """About pairs of the crops (n) by two cameras."""
    probability = calibration.probability(*appearance_distance(found, found))
    apart = camera[:, None] != camera[None]
    same = identity[:, None] == identity[None]
    known = ~np.isnan(probability)
    true = probability[np.triu(same & apart & known, 1)]
    strangers = probability[np.triu(~same & apart & known, 1)]
    drawn = np.random.default_rng(0).choice(strangers, min(len(true), len(strangers)), replace=False)
    right = np.arange(len(true) + len(drawn)) < len(true)
    pairs = np.triu(apart, 1)
    likeliest = np.where(~same & apart & known, probability, 0).max(axis=1)
    return Asked(
        Outcomes(np.concatenate([true, drawn]), right),
        unknown=float(1 - known[pairs].mean()),
        fooled=float((likeliest >= SURE).mean()),
        among=float((~same & apart).sum(axis=1).mean()),
    )


if __name__ == "__main__":
    typer.run(main)
