"""Association on real embeddings: `python benchmarks/association.py`; writes benchmarks/results/association.json.

On `../shared/data/market1501-tracklets`, for a random half of the people on which settings were chosen (A), the other
half (B) and everybody: ours, three baselines on the same distances, the curve of precision against caution, and a
fuzzer of the constraints.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from pipeline.association.command import TrackletArrays, associate_tracklet_arrays, evidence_of, read_arrays
from pipeline.association.config import AssociateConfig
from pipeline.association.linkage import average_linkage
from pipeline.association.solve import solve
from pipeline.association.travel import Timeline

DATA = Path(__file__).parents[2] / "shared" / "data" / "market1501-tracklets"
RESULT = Path(__file__).parent / "results" / "association.json"
FPS = 25.0
FUZZ_CASES = 10_000
CAUTIONS = (0.0, 0.25, 0.5, 0.75, 1.0)

Scores = dict[str, float]


def scores(label: np.ndarray, person: np.ndarray, arrays: TrackletArrays) -> Scores:
    """Cross-camera pair precision, recall, F1, and IDF1 weighted by crops, as `score_tracklets.py` counts them."""
    _, found = np.unique(label, return_inverse=True)
    _, true = np.unique(person, return_inverse=True)
    right = _pairs(found * (int(true.max()) + 1) + true, arrays.camera)
    same_found, same_true = _pairs(found, arrays.camera), _pairs(true, arrays.camera)
    table = np.zeros((int(found.max()) + 1, int(true.max()) + 1))
    np.add.at(table, (found, true), arrays.counts)
    best = table[linear_sum_assignment(-table)].sum() / arrays.counts.sum()
    values = {
        "pair_precision": right / max(1.0, same_found),
        "pair_recall": right / max(1.0, same_true),
        "pair_f1": 2 * right / max(1.0, same_found + same_true),
        "idf1": best,
        "identities": float(found.max() + 1),
    }
    return {name: round(float(value), 4) for name, value in values.items()}


def _pairs(group: np.ndarray, camera: np.ndarray) -> float:
    """Pairs of one group in different cameras."""
    _, group = np.unique(group, return_inverse=True)
    table = np.zeros((int(group.max()) + 1, int(camera.max()) + 1))
    np.add.at(table, (group, camera), 1)
    return float((table.sum(axis=1) ** 2 - (table**2).sum(axis=1)).sum() / 2)


def part(arrays: TrackletArrays, rows: np.ndarray) -> TrackletArrays:
    """Some tracklets of the arrays."""
    names = ("camera", "clock", "first", "last", "embedding", "counts")
    return TrackletArrays(*(getattr(arrays, name)[rows] for name in names))


def greedy(distance: np.ndarray, forbidden: np.ndarray, largest: float) -> np.ndarray:
    """Each tracklet in turn joins the cluster of the nearest mean distance, or founds one."""
    label = np.arange(len(distance))
    for row in range(1, len(distance)):
        names, before = np.unique(label[:row], return_inverse=True)
        mean = np.bincount(before, distance[row, :row]) / np.bincount(before)
        mean[np.bincount(before, forbidden[row, :row]) > 0] = np.inf
        if mean.min() <= largest:
            label[row] = names[mean.argmin()]
    return label


def camera_by_camera(distance: np.ndarray, camera: np.ndarray, forbidden: np.ndarray, largest: float) -> np.ndarray:
    """Each camera's tracklets are matched one to one (Hungarian) with the clusters of the cameras before it."""
    label = np.arange(len(distance))
    done = np.zeros(0, np.int64)
    for name in np.unique(camera):
        rows = np.flatnonzero(camera == name)
        if len(done):
            names, before = np.unique(label[done], return_inverse=True)
            member = np.zeros((len(done), len(names)))
            member[np.arange(len(done)), before] = 1
            mean = distance[np.ix_(rows, done)] @ member / member.sum(axis=0)
            mean[forbidden[np.ix_(rows, done)] @ member > 0] = 2
            for row, column in zip(*linear_sum_assignment(np.minimum(mean, largest)), strict=True):
                if mean[row, column] < largest:
                    label[rows[row]] = names[column]
        done = np.concatenate([done, rows])
    return label


def solvers(arrays: TrackletArrays, person: np.ndarray, config: AssociateConfig) -> dict[str, Scores]:
    """Ours, and three baselines on the distances that ours ended with, each at its best of several thresholds."""
    started = time.perf_counter()
    solution, probability = associate_tracklet_arrays(arrays, config, FPS)
    seconds = time.perf_counter() - started
    _, evidence, forbidden = evidence_of(arrays)
    sure = probability >= 0.9
    ours = scores(solution.label, person, arrays) | {"seconds": round(seconds, 1), "share_sure": float(sure.mean())}
    distance = solution.distance
    baselines: dict[str, Callable[[float], np.ndarray]] = {
        "average linkage": lambda largest: average_linkage(distance, evidence, forbidden, largest),
        "greedy": lambda largest: greedy(distance, forbidden, largest),
        "camera by camera": lambda largest: camera_by_camera(distance, arrays.camera, forbidden, largest),
    }
    tried = {
        name: max(
            (scores(run(largest), person, arrays) for largest in (0.4, 0.5, 0.58, 0.66)), key=lambda s: s["pair_f1"]
        )
        for name, run in baselines.items()
    }
    return {"ours": ours} | tried


def fuzz(cases: int, rng: np.random.Generator) -> int:
    """How many of the cases break a constraint: evidence that begs for what is forbidden."""
    broken = 0
    for _ in range(cases):
        count = int(rng.integers(0, 12))
        distance = rng.choice([-1.0, 0, 0.1, 0.5, 2], (count, count))
        forbidden = np.triu(rng.random((count, count)) < rng.choice([0.05, 0.5]), 1)
        forbidden |= forbidden.T
        distance[forbidden] = rng.choice([-1.0, 0.0])
        distance = (distance + distance.T) / 2
        evidence = np.triu(rng.choice([0.0, 0.3, 1], (count, count)), 1)
        timeline = Timeline(rng.integers(0, 3, count), rng.choice([0.0, 1, 90], count))
        config = AssociateConfig(caution=float(rng.random()))
        label = solve(distance, evidence + evidence.T, forbidden, timeline, config).label
        broken += bool((forbidden & (label[:, None] == label)).any())
    return broken


def main() -> None:
    """Measure everything and write the results."""
    if not DATA.is_dir():
        sys.exit(f"skipped: {DATA} is not there")
    arrays = read_arrays(DATA / "tracklets.npz")
    with np.load(DATA / "truth.npz") as file:
        person = file["person_id"].astype(np.int64)
    people = np.random.default_rng(0).permutation(np.unique(person))
    chosen_on = np.isin(person, people[: len(people) // 2])
    config = AssociateConfig()
    result: dict[str, object] = {}
    for name, mask in (("A", chosen_on), ("B", ~chosen_on), ("all", np.ones(len(person), bool))):
        rows = np.flatnonzero(mask)
        result[name] = solvers(part(arrays, rows), person[rows], config)
        print(name, json.dumps(result[name], indent=1), flush=True)
    rows = np.flatnonzero(~chosen_on)
    half = part(arrays, rows)
    result["caution on B"] = {
        str(caution): scores(
            associate_tracklet_arrays(half, replace(config, caution=caution), FPS)[0].label, person[rows], half
        )
        for caution in CAUTIONS
    }
    result["fuzz"] = {"cases": FUZZ_CASES, "broken": fuzz(FUZZ_CASES, np.random.default_rng(1))}
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({"caution on B": result["caution on B"], "fuzz": result["fuzz"]}, indent=1))


if __name__ == "__main__":
    main()
