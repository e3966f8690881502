"""Pairwise F1 of `python -m reid cluster` on people whom neither training nor calibration saw, rendered and real.

python -m synth crops build/reid-cluster --identities 300 --per-identity 4 --height 192 --seed 503
python -m benchmarks.reid_cluster build/reid-cluster

All of the set first; then, since users have collections of any kind, some people of it with some pictures each, and the
same of real people, from pictures with Market-1501's names; last, whole frames of four cameras that film three people.
Beside ours are plain distances, average linkage up to the limit that is best on the very crops it is scored on: more
than anybody could know.
"""

import csv
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from benchmarks.realism.__main__ import JUDGES
from benchmarks.record import write_result
from core.boxes import iou
from core.types import Descriptors
from pipeline.people.cluster import group_people
from pipeline.people.finder import Person, embed_both_ways
from pipeline.people.rendered import rendered_people
from pipeline.people.tools import Tools
from pipeline.video import find_cameras, open_frames
from reid.clustering import UNSURE, best_limit, cluster, pair_scores
from reid.data.folders import market_folder
from reid.data.shards import ShardSet
from reid.distance import appearance_distance

REAL = JUDGES.parent / "market1501-dev" / "images"
COLLECTIONS = ((60, 1), (100, 2), (100, 4), (20, 4), (100, 8))  # people, pictures of each
DRAWS = 3
FILMED, FRAMES = JUDGES.parent / "videos" / "pose2sim-multi", (11, 44, 88)
MATCH_IOU, NOBODY = 0.4, -1


def main(
    data: Annotated[Path, typer.Argument(help="Shards of `python -m synth crops`.")],
    real: Annotated[Path, typer.Option(help="A folder of pictures with Market-1501's names.")] = REAL,
    weights: Annotated[str, typer.Option(help="A folder that `export` wrote.")] = "bundled",
    threads: Annotated[int, typer.Option(help="0: all cores.")] = 0,
) -> None:
    """Cluster all crops as photos of one person each, keypoints by the bundled detector."""
    tools = Tools.open(weights, "cpu", threads, are_crops=True)
    crops = ShardSet(data)
    people = rendered_people(tools, crops)
    found = embed_both_ways(tools.embedder, people)
    content: dict[str, object] = {"network": tools.embedder.identifier, "people": crops.identities, "crops": len(crops)}
    content["all"] = scores(tools, people, found, crops.identity)
    typer.echo(f"{crops.identities} rendered people, {len(crops)} crops: {content['all']}")
    content["rendered"] = collections(tools, people, found, crops.identity)
    if real.is_dir():
        folder = market_folder(real)
        people = [tools.finder.in_crop(path) for path in folder.paths]
        content["real"] = collections(tools, people, embed_both_ways(tools.embedder, people), folder.identity)
    else:
        typer.echo(f"{real}: not here, left out.")
    if FILMED.is_dir():
        content["filmed"] = filmed(tools)
        typer.echo(f"frames of {FILMED.name}: {content['filmed']}")
    typer.echo(f"written to {write_result('reid_cluster', content)}")


def filmed(tools: Tools) -> dict[str, float]:
    """Of the people found in FRAMES of every camera of FILMED, all pictures one collection; scored where labelled."""
    labels = defaultdict(list)
    with (FILMED / "identities.csv").open() as file:
        for row in csv.DictReader(file):
            box = [float(row[name]) for name in ("x1", "y1", "x2", "y2")]
            labels[row["camera"], int(row["frame"])].append((int(row["identity"]), box))
    people, identity = [], []
    with tempfile.TemporaryDirectory() as folder:
        for camera in find_cameras(FILMED):
            with open_frames(camera) as reader:
                for frame in (one for one in reader if one.index in FRAMES):
                    photo = Path(folder) / f"{camera.id}-{frame.index}.png"
                    cv2.imwrite(str(photo), frame.image)
                    known = labels[camera.id, frame.index]
                    for person in tools.finder.in_photo(photo):
                        overlap = iou(person.box_xyxy[None], np.array([box for _, box in known]).reshape(-1, 4))[0]
                        best = int(overlap.argmax()) if len(known) else 0
                        people.append(person)
                        identity.append(known[best][0] if overlap.max(initial=0) >= MATCH_IOU else NOBODY)
    groups = group_people(embed_both_ways(tools.embedder, people), people, tools.calibration)
    rows = np.array(identity) != NOBODY
    precision, recall, f1 = pair_scores(groups[rows], np.array(identity)[rows])
    values = {"people": float(rows.sum()), "precision": precision, "recall": recall, "f1": f1}
    return {name: round(value, 4) for name, value in values.items()}


def scores(tools: Tools, people: list[Person], found: Descriptors, identity: np.ndarray) -> dict[str, float]:
    """Of one collection. wrong_pairs: pairs put together that are two people."""
    labels = group_people(found, people, tools.calibration)
    precision, recall, f1 = pair_scores(labels, identity)
    distance, evidence = appearance_distance(found, found)
    plain = cluster(distance, evidence.diagonal(), best_limit(distance, identity))
    rows, columns = np.triu_indices(len(labels), 1)
    together = (labels[rows] == labels[columns]) & (labels[rows] != UNSURE)
    values = {
        "precision": precision, "recall": recall, "f1": f1,
        "f1_of_plain_distances_with_their_best_limit": pair_scores(plain, identity)[2],
        "wrong_pairs": float((together & (identity[rows] != identity[columns])).sum()),
        "unsure": float((labels == UNSURE).mean()),
    }  # fmt: skip
    return {name: round(value, 4) for name, value in values.items()}


def collections(
    tools: Tools, people: list[Person], found: Descriptors, identity: np.ndarray
) -> dict[str, dict[str, float]]:
    """Means over DRAWS of each of COLLECTIONS that the set has enough pictures for."""
    names, counts = np.unique(identity, return_counts=True)
    means = {}
    for many, each in COLLECTIONS:
        able = names[counts >= each]
        if len(able) < many:
            continue
        drawn = []
        for draw in range(DRAWS):
            rng = np.random.default_rng(draw)
            rows = np.concatenate([
                rng.choice(np.flatnonzero(identity == one), each, replace=False)
                for one in rng.choice(able, many, replace=False)
            ])  # fmt: skip
            drawn.append(scores(tools, [people[row] for row in rows], found[rows], identity[rows]))
        name = f"{many} people, {each} each"
        means[name] = {key: round(float(np.mean([one[key] for one in drawn])), 4) for key in drawn[0]}
        typer.echo(f"  {name}: {means[name]}")
    return means


if __name__ == "__main__":
    typer.run(main)
