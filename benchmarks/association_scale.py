"""Association of many tracklets: `python -m benchmarks.association_scale [TRACKLETS …]`.

Writes benchmarks/results/association_scale.json: wall and processor seconds and peak memory by number of tracklets,
each in a process of its own, the exponent of the time, and the scores; up to 10,000 tracklets also the F1 of the exact
solver, which holds every pair. People are drawn from the statistics of `../shared/data/market1501-tracklets` (mean and
covariance of people, and of the tracklets around them), five tracklets each, and walk through 20 cameras, everybody
with the same usual times between two cameras, give or take 15 s; as many people an hour as there.

`python -m benchmarks.association_scale run [TRACKLETS …]` does the same through the association of a run of videos,
which compares crops instead of mean vectors, with four crops each: benchmarks/results/association_run.json.
`python -m benchmarks.association_scale plot` draws docs/association-scale.png from the results; a measurement does too.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.association import DATA, FPS, matrices, scores
from benchmarks.average_linkage import average_linkage
from benchmarks.record import RESULTS, write_result
from core.types import Appearance, Descriptors, Tracklet, TrackletKey
from pipeline.association import associate
from pipeline.association.command import TrackletArrays, associate_tracklet_arrays, read_arrays
from pipeline.association.config import AssociateConfig

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
PLOT = Path(__file__).parents[1] / "docs" / "association-scale.png"
RUN_SIZES = (1_000, 2_000, 4_000)
CROPS, CROP_NOISE = 4, 0.01
EXACT_UP_TO = 10_000
EACH = 5  # tracklets of one person
CAMERAS = 20
SECONDS_A_PERSON = 23.0
SEEN_S = 4.0


def statistics() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (D,), and square roots (D, D) of the covariances between people and within, of the real embeddings."""
    vectors = read_arrays(DATA / "tracklets.npz").embedding.astype(np.float64)
    with np.load(DATA / "truth.npz") as file:
        _, person = np.unique(file["person_id"], return_inverse=True)
    counts = np.bincount(person)
    means = np.zeros((len(counts), vectors.shape[1]))
    np.add.at(means, person, vectors)
    means /= counts[:, None]
    inside = vectors - means[person]
    # The mean of n tracklets still holds 1/n of what differs between them.
    within = inside.T @ inside / (len(vectors) - len(counts))
    between = np.cov(means.T) - within * np.mean(1 / counts)
    return means.mean(axis=0), _root(between), _root(within)


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0))


def draw(count: int, seed: int = 0) -> tuple[TrackletArrays, np.ndarray]:
    """`count` tracklets and whose they are."""
    rng = np.random.default_rng(seed)
    mean, between, within = statistics()
    people = count // EACH
    person = np.repeat(np.arange(people), EACH)
    looks = (mean + rng.normal(size=(people, len(mean))) @ between.T).astype(np.float32)[person]
    looks += (rng.normal(size=looks.shape).astype(np.float32)) @ within.T.astype(np.float32)
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    usual_s = np.random.default_rng(1).uniform(30, 300, (CAMERAS, CAMERAS))
    camera = np.argsort(rng.random((people, CAMERAS)), axis=1)[:, :EACH]
    steps = usual_s[camera[:, :-1], camera[:, 1:]] + rng.normal(0, 15, (people, EACH - 1))
    start_s = rng.uniform(0, people * SECONDS_A_PERSON, (people, 1))
    at_s = np.hstack([start_s, start_s + np.cumsum(np.maximum(steps, SEEN_S), axis=1)]).ravel()
    first = (at_s * FPS).astype(np.int64)
    order = rng.permutation(len(person))
    camera = camera.ravel()
    last = first + int(SEEN_S * FPS)
    fields = (camera, camera, first, last, looks, np.ones(len(person), np.int64))
    return TrackletArrays(*(field[order] for field in fields)), person[order]


def measure(count: int) -> dict[str, object]:
    """One size, in this process."""
    arrays, person = draw(count)
    wall, cpu = time.perf_counter(), time.process_time()
    solution, _ = associate_tracklet_arrays(arrays, AssociateConfig(), FPS)
    row: dict[str, object] = {
        "tracklets": len(person),
        "people": len(np.unique(person)),
        "wall_s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
        "near_pairs": len(solution.edges),
        "most_neighbours": int(np.bincount(np.r_[solution.edges.rows, solution.edges.columns]).max(initial=0)),
        **scores(solution.label, person, arrays),
    }
    if count <= EXACT_UP_TO:
        config = AssociateConfig()
        label = average_linkage(*matrices(solution.pairs), config.distance_at(config.caution))
        row["exact_pair_f1"] = scores(label, person, arrays)["pair_f1"]
    return row


def measure_run(count: int) -> dict[str, object]:
    """One size through the association of a run of videos, in this process: crops instead of mean vectors."""
    arrays, person = draw(count)
    rng = np.random.default_rng(2)
    tracklets, appearances = [], {}
    for row in range(count):
        key = TrackletKey(f"camera {arrays.camera[row]:02d}", row)
        frames = np.arange(arrays.first[row], arrays.last[row] + 1)
        boxes, ones = np.tile([0.0, 0, 50, 120], (len(frames), 1)), np.ones(len(frames))
        tracklets.append(Tracklet(key, frames, frames / FPS, boxes, ones, 0 * ones))
        crops = arrays.embedding[row] + rng.normal(0, CROP_NOISE, (CROPS, arrays.embedding.shape[1]))
        crops /= np.linalg.norm(crops, axis=1, keepdims=True)
        none = np.zeros((CROPS, 0, 1))
        looks = Descriptors(crops, none, none[..., 0], none, np.ones(CROPS))
        appearances[key] = Appearance(key, frames[:CROPS], looks)
    wall, cpu = time.perf_counter(), time.process_time()
    identities = associate(tracklets, appearances, [], AssociateConfig())
    spent = {"wall_s": round(time.perf_counter() - wall, 2), "cpu_s": round(time.process_time() - cpu, 2)}
    label = np.zeros(count, np.int64)
    for identity in identities:
        label[[key.local_id for key in identity.tracklets]] = identity.id
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
    return {"tracklets": count, **spent, "peak_mb": peak} | scores(label, person, arrays)


def exponent(rows: list[dict[str, object]], name: str) -> float | None:
    """The slope of log time over log tracklets, through all sizes from 3,000 on."""
    some = [(float(str(row["tracklets"])), float(str(row[name]))) for row in rows if int(str(row["tracklets"])) >= 3000]
    if len(some) < 2:
        return None
    sizes, seconds = np.log(np.array(some)).T
    return round(float(np.polyfit(sizes, seconds, 1)[0]), 2)


def plot(rows: list[dict[str, object]], path: Path = PLOT) -> None:
    """Processor seconds against tracklets, both on logarithmic axes, with the slope from 3,000 on."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    counts = [int(str(row["tracklets"])) for row in rows]
    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    axes.loglog(counts, [float(str(row["cpu_s"])) for row in rows], "o-", color="#1f5f8b")
    slope = exponent(rows, "cpu_s")
    axes.set_title("association alone" if slope is None else f"association alone: exponent {slope} from 3,000 on")
    axes.set_xlabel("tracklets")
    axes.set_ylabel("processor seconds")
    axes.grid(which="both", alpha=0.3)
    figure.savefig(path, dpi=120, metadata={"Software": None})
    plt.close(figure)


def main() -> None:
    """Every size in a process of its own, so that each peak of memory is its own."""
    if sys.argv[1:] == ["plot"]:
        plot(json.loads((RESULTS / "association_scale.json").read_text(encoding="utf-8"))["sizes"])
        return
    if not DATA.is_dir():
        sys.exit(f"skipped: {DATA} is not there")
    if sys.argv[1:2] in (["--one"], ["--one-run"]):
        print(json.dumps((measure if sys.argv[1] == "--one" else measure_run)(int(sys.argv[2]))))
        return
    of_run = sys.argv[1:2] == ["run"]
    name, flag = ("association_run", "--one-run") if of_run else ("association_scale", "--one")
    rows = []
    for count in [int(text) for text in sys.argv[1 + of_run :]] or (RUN_SIZES if of_run else SIZES):
        command = [sys.executable, "-m", "benchmarks.association_scale", flag, str(count)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(json.dumps(rows[-1]), flush=True)
        exponents = {kind: exponent(rows, kind) for kind in ("wall_s", "cpu_s")}
        write_result(name, {"sizes": rows, "exponent from 3,000 tracklets on": exponents})
        if not of_run:
            plot(rows)


if __name__ == "__main__":
    main()
