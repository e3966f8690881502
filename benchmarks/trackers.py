"""`python -m benchmarks.trackers TRUTH_DIR`: scores of every tracker, and what one frame costs by number of tracks.

Writes results/trackers.json. Times are of one process; compare them within one file only.
"""

import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

import trackers
from benchmarks.record import write_result
from core.types import Detections
from evaluation.mot import score
from trackers import mot_files
from trackers.command import track

CHOSEN_ON = ("02", "05", "10")
CROWDS = (10, 20, 50, 100, 200, 500, 1000)


def crowd_ms(name: str, people: int, frames: int = 40) -> float:
    """Median milliseconds of `update` with that many people walking in view."""
    rng = np.random.default_rng(people)
    place = rng.uniform([0, 0], [3800, 2000], (people, 2))
    speed = rng.normal(0, 2, (people, 2))
    half = np.array([20.0, 50.0])
    config = trackers.CONFIGS[name]()
    tracker = trackers.make(name, replace(config, life=replace(config.life, most_detections=2000)))
    spent = []
    for frame in range(frames):
        centre = place + speed * frame + rng.normal(0, 1, (people, 2))
        found = Detections(np.hstack([centre - half, centre + half]), np.full(people, 0.9))
        begin_s = time.perf_counter()
        tracker.update(found, frame, frame / 30)
        spent.append(time.perf_counter() - begin_s)
    return float(np.median(spent[5:]) * 1e3)


def scores(truth: Path, results: Path, name: str, *, offline: bool) -> dict[str, object]:
    """One tracker over all sequences: scores on all, on those its settings were chosen on, and on the others."""
    label = f"{name}-offline" if offline else name
    spent_s = frames = 0.0
    names = []
    for path in mot_files.sequences(truth):
        sequence = mot_files.read(path)
        rows, online_s, _ = track(sequence, name, offline=offline)
        mot_files.write(results / label / "data" / f"{sequence.name}.txt", rows)
        spent_s, frames = spent_s + online_s, frames + len(sequence.frames)
        names.append(sequence.name)
    chosen = [sequence for sequence in names if sequence.split("-")[1] in CHOSEN_ON]
    others = [sequence for sequence in names if sequence not in chosen]
    parts = {"all": names, "chosen_on": chosen, "others": others}
    found = {part: asdict(score(truth, results, [label], some)[label]) for part, some in parts.items()}
    return {"ms_per_frame": spent_s / frames * 1e3, **found}


def main(truth: Path) -> None:
    """Measure and write."""
    results = Path("build/trackers/benchmark")
    runs = [(name, False) for name in trackers.NAMES] + [("default", True)]
    table = {f"{name}{'-offline' if offline else ''}": scores(truth, results, name, offline=offline)
             for name, offline in runs}  # fmt: skip
    cost = {name: {people: crowd_ms(name, people) for people in CROWDS} for name in ("default", "bytetrack")}
    write_result("trackers", {"data": truth.name, "scores": table, "ms_by_tracks": cost})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
