"""Pairwise F1 of `python -m reid cluster` on rendered people whom neither training nor calibration saw.

python -m synth crops build/reid-cluster --identities 300 --per-identity 4 --height 192 --seed 503
python -m benchmarks.reid_cluster build/reid-cluster
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.record import write_result
from core.types import Descriptors
from pipeline.people.cluster import group_people
from pipeline.people.finder import Person, embed_people
from pipeline.people.rendered import rendered_people
from pipeline.people.tools import Tools
from reid.clustering import UNSURE, best_limit, cluster, pair_scores
from reid.data.shards import ShardSet
from reid.distance import appearance_distance

LIMITS = np.arange(0.40, 0.76, 0.03)
STRANGERS, DRAWS = 60, 10


def main(
    data: Annotated[Path, typer.Argument(help="Shards of `python -m synth crops`.")],
    weights: Annotated[str, typer.Option(help="A folder that `export` wrote.")] = "bundled",
    threads: Annotated[int, typer.Option(help="0: all cores.")] = 0,
) -> None:
    """Cluster all crops as photos of one person each, keypoints by the bundled detector."""
    tools = Tools.open(weights, "cpu", threads, are_crops=True)
    crops = ShardSet(data)
    people = rendered_people(tools, crops)
    found = embed_people(tools.embedder, people)
    labels = group_people(found, people, tools.calibration)
    precision, recall, f1 = pair_scores(labels, crops.identity)
    distance, evidence = appearance_distance(found, found)
    plain = cluster(distance, evidence.diagonal(), best_limit(distance, crops.identity))
    tried = [group_people(found, people, tools.calibration, float(limit)) for limit in LIMITS]
    content = {
        "network": tools.embedder.identifier,
        "people": crops.identities,
        "crops": len(crops),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(f1, 4),
        "groups": int(labels.max(initial=UNSURE)) + 1,
        "unsure": int((labels == UNSURE).sum()),
        "f1_with_the_best_limit": round(max(pair_scores(one, crops.identity)[2] for one in tried), 4),
        "f1_of_plain_distances_with_their_best_limit": round(pair_scores(plain, crops.identity)[2], 4),
    }
    content |= strangers(tools, crops, people, found)
    for name, value in content.items():
        typer.echo(f"{name}: {value}")
    typer.echo(f"written to {write_result('reid_cluster', content)}")


def strangers(tools: Tools, crops: ShardSet, people: list[Person], found: Descriptors) -> dict[str, float]:
    """Wrong pairs among crops of people who are in one each, which is where neighbourhoods say least: a mean."""
    rng = np.random.default_rng(0)
    wrong = np.zeros((DRAWS, 2))
    for draw in range(DRAWS):
        chosen = rng.choice(np.unique(crops.identity), STRANGERS, replace=False)
        rows = np.array([rng.choice(np.flatnonzero(crops.identity == one)) for one in chosen])
        distance, evidence = appearance_distance(found[rows], found[rows])
        ours = group_people(found[rows], [people[row] for row in rows], tools.calibration)
        plain = cluster(distance, evidence.diagonal(), tools.calibration.cluster_distance)
        wrong[draw] = [sum(int((labels[:k] == one).sum()) for k, one in enumerate(labels) if one != UNSURE)
                       for labels in (ours, plain)]  # fmt: skip
    names = ("wrong_pairs_of_60_strangers", "wrong_pairs_of_60_strangers_by_plain_distances")
    return {name: round(float(value), 1) for name, value in zip(names, wrong.mean(axis=0), strict=True)}


if __name__ == "__main__":
    typer.run(main)
