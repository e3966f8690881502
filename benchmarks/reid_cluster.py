"""Pairwise F1 of `python -m reid cluster` on rendered people whom neither training nor calibration saw.

python -m synth crops build/reid-cluster --identities 300 --per-identity 4 --height 192 --seed 503
python -m benchmarks.reid_cluster build/reid-cluster
"""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.record import write_result
from pipeline.people.calibrate import rendered_person
from pipeline.people.cluster import group_people
from pipeline.people.finder import embed_people
from pipeline.people.tools import Tools
from reid.clustering import UNSURE, best_limit, pair_scores
from reid.data.shards import ShardSet
from reid.distance import appearance_distance


def main(
    data: Annotated[Path, typer.Argument(help="Shards of `python -m synth crops`.")],
    weights: Annotated[str, typer.Option(help="A folder that `export` wrote.")] = "bundled",
    threads: Annotated[int, typer.Option(help="0: all cores.")] = 0,
) -> None:
    """Cluster all crops as photos of one person each, keypoints by the bundled detector."""
    tools = Tools.open(weights, "cpu", threads, are_crops=True)
    crops = ShardSet(data)
    people = [rendered_person(tools, crops, row) for row in range(len(crops))]
    found = embed_people(tools.embedder, people)
    labels = group_people(found, people, tools.calibration)
    precision, recall, f1 = pair_scores(labels, crops.identity)
    distance = appearance_distance(found, found)[0]
    ideal = group_people(found, people, tools.calibration, best_limit(distance, crops.identity))
    content = {
        "network": tools.embedder.identifier,
        "people": crops.identities,
        "crops": len(crops),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(f1, 4),
        "groups": int(labels.max(initial=UNSURE)) + 1,
        "unsure": int((labels == UNSURE).sum()),
        "f1_with_the_best_limit": round(pair_scores(ideal, crops.identity)[2], 4),
    }
    for name, value in content.items():
        typer.echo(f"{name}: {value}")
    typer.echo(f"written to {write_result('reid_cluster', content)}")


if __name__ == "__main__":
    typer.run(main)
