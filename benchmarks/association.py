"""Association on real embeddings: `python -m benchmarks.association`; writes benchmarks/results/association.json.

On `../shared/data/market1501-tracklets`, for a random half of the people on which settings were chosen (A), the other
half (B) and everybody: ours, three other solvers on the same distances, how right memberships of each probability are;
what 'unknown' costs on A, and the curve of precision against caution on B. `python -m benchmarks.association fuzz` runs
the fuzzer of the constraints and writes benchmarks/results/association_fuzz.json; its exit code says whether any was
broken.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.average_linkage import average_linkage
from benchmarks.record import write_result
from pipeline.association.command import TrackletArrays, associate_tracklet_arrays, read_arrays
from pipeline.association.config import AssociateConfig
from pipeline.association.looks import TrackletPairs, measure_near
from pipeline.association.pair_set import PairSet
from pipeline.association.pairs import Pairs, VectorPairs
from pipeline.association.solve import solve
from pipeline.association.travel import Timeline

DATA = Path(__file__).parents[2] / "shared" / "data" / "market1501-tracklets"
FPS = 25.0
FUZZ_CASES = 10_000
CAUTIONS = (0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0)
PROBABILITIES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
UNKNOWN_BELOW = (0.0, 0.35, 0.4, 0.45, 0.5)
THRESHOLDS = (0.4, 0.5, 0.58, 0.66)
ROWS_AT_ONCE = 256

Scores = dict[str, float]


@dataclass(frozen=True, eq=False)
class MatrixLooks:
    """`Looks` that were made up: distance, evidence (N, N)."""

    distance: np.ndarray
    evidence: np.ndarray

    def __len__(self) -> int:
        return len(self.distance)

    def block(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `pipeline.association.looks.Looks`."""
        return self.distance[np.ix_(rows, columns)], self.evidence[np.ix_(rows, columns)]


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


def matrices(pairs: Pairs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All distances, evidence and forbidden pairs at once, for the solvers that need them."""
    assert isinstance(pairs, VectorPairs)
    count = len(pairs)
    parts = []
    for begin in range(0, count, ROWS_AT_ONCE):
        rows = np.arange(begin, min(begin + ROWS_AT_ONCE, count))
        grid = np.repeat(rows, count), np.tile(np.arange(count), len(rows))
        looks = np.clip(1 - pairs.vectors[rows] @ pairs.vectors.T, 0, 2)
        if pairs.travel is not None:
            looks -= pairs.nat_distance * pairs.travel.nats(*grid).reshape(looks.shape)
        known = np.outer(pairs.known[rows], pairs.known)
        forbidden = pairs.forbidden(*grid).reshape(looks.shape)
        parts.append((looks.astype(np.float32), known.astype(np.float32), forbidden))
    distance, evidence, forbidden = (np.concatenate(some) for some in zip(*parts, strict=True))
    return distance, evidence, forbidden


def solvers(arrays: TrackletArrays, person: np.ndarray, config: AssociateConfig) -> dict[str, object]:
    """Ours, and others on the distances that ours ended with, each at its best of several thresholds."""
    wall, cpu = time.perf_counter(), time.process_time()
    solution, probability = associate_tracklet_arrays(arrays, config, FPS)
    ours = scores(solution.label, person, arrays)
    ours |= {"wall_s": round(time.perf_counter() - wall, 1), "cpu_s": round(time.process_time() - cpu, 1)}
    distance, evidence, forbidden = matrices(solution.pairs)
    others: dict[str, Callable[[float], np.ndarray]] = {
        "average linkage, all pairs, no repair": lambda far: average_linkage(distance, evidence, forbidden, far),
        "greedy to the nearest mean": lambda far: greedy(distance, forbidden, far),
        "camera by camera, Hungarian": lambda far: camera_by_camera(distance, arrays.camera, forbidden, far),
    }
    tried: dict[str, object] = {"ours": ours}
    for name, run in others.items():
        found = [scores(run(far), person, arrays) | {"threshold": far} for far in THRESHOLDS]
        tried[name] = max(found, key=lambda one: one["pair_f1"])
    return tried | {"by probability": by_probability(solution.label, probability, person, arrays)}


def by_probability(
    label: np.ndarray, probability: np.ndarray, person: np.ndarray, arrays: TrackletArrays
) -> list[Scores]:
    """For the memberships of at least each probability: how many there are, and how right pairs of them are.

    A membership is right if its person is the most frequent of the identity; tracklets alone in theirs are left out.
    """
    _, found, sizes = np.unique(label, return_inverse=True, return_counts=True)
    _, true = np.unique(person, return_inverse=True)
    table = np.zeros((int(found.max()) + 1, int(true.max()) + 1))
    np.add.at(table, (found, true), 1)
    right = true == table.argmax(axis=1)[found]
    merged = sizes[found] > 1
    rows = []
    for least in PROBABILITIES:
        some = merged & (probability >= least)
        kept = part(arrays, np.flatnonzero(some))
        pairs = _pairs(found[some] * (int(true.max()) + 1) + true[some], kept.camera) / max(
            1.0, _pairs(found[some], kept.camera)
        )
        row = {
            "at least": least,
            "share of tracklets": float(some.mean()),
            "mean probability": float(probability[some].mean()) if some.any() else 0.0,
            "memberships right": float(right[some].mean()) if some.any() else 0.0,
            "pair_precision": float(pairs),
        }
        rows.append({name: round(value, 4) for name, value in row.items()})
    return rows


def by_caution(arrays: TrackletArrays, person: np.ndarray, config: AssociateConfig) -> list[Scores]:
    """Scores for caution from lowest to highest, and the share of tracklets that are not alone."""
    rows = []
    for caution in CAUTIONS:
        label = associate_tracklet_arrays(arrays, replace(config, caution=caution), FPS)[0].label
        _, inverse, sizes = np.unique(label, return_inverse=True, return_counts=True)
        decided = round(float((sizes[inverse] > 1).mean()), 4)
        rows.append({"caution": caution, "decided": decided} | scores(label, person, arrays))
    return rows


def by_unknown(arrays: TrackletArrays, person: np.ndarray, config: AssociateConfig) -> list[Scores]:
    """Scores where memberships below each probability are unknown and stand alone."""
    rows = []
    for least in UNKNOWN_BELOW:
        asked = replace(config, unknown_below=least / config.caution)
        label = associate_tracklet_arrays(arrays, asked, FPS)[0].label
        rows.append({"unknown below": least} | scores(label, person, arrays))
    return rows


def fuzz(cases: int, rng: np.random.Generator) -> dict[str, int]:
    """How many of the cases break a constraint: evidence that begs for what is forbidden, of crops and of vectors."""
    broken = forbidden_pairs = merges = 0
    for case in range(cases):
        count = int(rng.integers(0, 12))
        config = AssociateConfig(caution=float(rng.random()), neighbours=int(rng.choice([1, 3, 100])))
        timeline = Timeline(rng.integers(0, 3, count), rng.choice([0.0, 1, 90, 1e9], count))
        if case % 2:
            distance = rng.choice([-1.0, 0, 0.1, 0.5, 2], (count, count))
            forbidden = np.triu(rng.random((count, count)) < rng.choice([0.05, 0.5]), 1)
            forbidden |= forbidden.T
            distance[forbidden] = rng.choice([-1.0, 0.0])
            evidence = np.triu(rng.choice([0.0, 0.3, 1], (count, count)), 1)
            looks = MatrixLooks((distance + distance.T) / 2, evidence + evidence.T)
            apart = PairSet.of(count, *np.nonzero(forbidden))
            known = measure_near(looks, PairSet.empty(count), int(rng.choice([1, 4, 100])))
            label = solve(TrackletPairs(looks, known, apart, 1.0, config.nat_distance), timeline, config).label
        else:
            # Few looks, many twins; on one clock spans that meet, also at one instant only.
            vectors = np.eye(4, dtype=np.float32)[rng.integers(0, int(rng.integers(1, 4)), count)]
            first = rng.integers(0, 6, count)
            last = first + rng.choice([0, 0, 1, 5], count)
            pairs = VectorPairs(vectors, rng.random(count) < 0.9, timeline.clock, first, last, config.nat_distance)
            grid = np.mgrid[:count, :count].reshape(2, -1)
            forbidden = pairs.forbidden(grid[0], grid[1]).reshape(count, count)
            label = solve(pairs, timeline, config).label
        together = label[:, None] == label
        broken += bool((forbidden & together).any())
        forbidden_pairs += int(forbidden.sum()) // 2
        merges += int(together.sum() - count) // 2
    return {"cases": cases, "forbidden pairs": forbidden_pairs, "pairs merged": merges, "cases broken": broken}


def main() -> None:
    """Measure everything and write the results; with `fuzz`, the fuzzer alone."""
    if sys.argv[1:] == ["fuzz"]:
        found = fuzz(FUZZ_CASES, np.random.default_rng(1))
        write_result("association_fuzz", dict(found))
        print(json.dumps(found))
        sys.exit(bool(found["cases broken"]))
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
    rows = np.flatnonzero(chosen_on)
    result["unknown on A"] = by_unknown(part(arrays, rows), person[rows], config)
    print(json.dumps({"unknown on A": result["unknown on A"]}, indent=1), flush=True)
    rows = np.flatnonzero(~chosen_on)
    result["caution on B"] = by_caution(part(arrays, rows), person[rows], config)
    write_result("association", result)
    print(json.dumps({"caution on B": result["caution on B"]}, indent=1))


if __name__ == "__main__":
    main()
