"""`python -m benchmarks.trackers TRUTH_DIR`: scores of every tracker, what a frame costs, and where the time goes.

Writes results/trackers.json and docs/trackers-cost.png. Times are of one process; compare them within one file only.
Beside the time on the clock stands the time of the processor, which other work on the machine inflates less.
"""

import cProfile
import pstats
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import trackers
from benchmarks.record import write_result
from core.types import Detections
from evaluation.mot import score
from trackers import mot_files
from trackers.command import Spent, track

CHOSEN_ON = ("02", "05", "10")
CROWDS = (10, 20, 50, 100, 200, 500, 1000)
PLOT = Path("docs/trackers-cost.png")
# Functions of the default tracker that do not call each other, by what they are part of.
PARTS = {
    "filter": ("kalman.py",),
    "costs": ("costs.py", "boxes.py"),
    "assignment": ("assignment.py",),
}


def crowd(people: int, frames: int = 40) -> list[Detections]:
    """That many people walking in a picture of 3800×2000, each found in every frame."""
    rng = np.random.default_rng(people)
    place, speed = rng.uniform([0, 0], [3800, 2000], (people, 2)), rng.normal(0, 2, (people, 2))
    half = np.array([20.0, 50.0])
    centres = [place + speed * frame + rng.normal(0, 1, (people, 2)) for frame in range(frames)]
    return [Detections(np.hstack([c - half, c + half]), np.full(people, 0.9)) for c in centres]


def crowd_ms(name: str, people: int) -> dict[str, float]:
    """Median milliseconds of one `update` with that many people in view, by the clock and of the processor."""
    tracker = trackers.make(name)
    clock, processor = [], []
    for frame, found in enumerate(crowd(people)):
        begin_s, begin_cpu_s = time.perf_counter(), time.thread_time()
        tracker.update(found, frame, frame / 30)
        clock.append(time.perf_counter() - begin_s)
        processor.append(time.thread_time() - begin_cpu_s)
    return {"clock": float(np.median(clock[5:]) * 1e3), "processor": float(np.median(processor[5:]) * 1e3)}


def profile(frames: list[Detections], frame_rate: float) -> dict[str, float]:
    """Share of the default tracker's time in the filter, the costs, the assignment and the rest, in percent."""
    tracker = trackers.make("default")
    watch = cProfile.Profile()
    for frame, found in enumerate(frames):
        watch.enable()
        tracker.update(found, frame, frame / frame_rate)
        watch.disable()
    rows = pstats.Stats(watch).get_stats_profile()
    total = rows.total_tt
    return {part: round(100 * spent / total, 1) for part, spent in _by_part(watch, total).items()}


def _by_part(watch: cProfile.Profile, total: float) -> dict[str, float]:
    """Seconds by part: the cumulative time of each part's functions where another part's, or the rest's, calls them."""
    part_of = {file: part for part, files in PARTS.items() for file in files}
    spent = dict.fromkeys(PARTS, 0.0)
    for (file, _, _), (_, _, _, _, callers) in pstats.Stats(watch).stats.items():  # type: ignore[attr-defined]
        part = part_of.get(Path(file).name)
        for (caller, _, _), (_, _, _, cumulative) in callers.items():
            if part and part_of.get(Path(caller).name) is None:
                spent[part] += cumulative
    return spent | {"rest": total - sum(spent.values())}


def scores(truth: Path, results: Path, name: str, *, offline: bool) -> dict[str, Any]:
    """One tracker over all sequences: scores on all, on those its settings were chosen on, and on the others."""
    label = f"{name}-offline" if offline else name
    spent, frames, names = Spent(), 0, []
    for path in mot_files.sequences(truth):
        sequence = mot_files.read(path)
        rows, one = track(sequence, name, offline=offline)
        mot_files.write(results / label / "data" / f"{sequence.name}.txt", rows)
        spent, frames = spent + one, frames + len(sequence.frames)
        names.append(sequence.name)
    chosen = [sequence for sequence in names if sequence.split("-")[1] in CHOSEN_ON]
    parts = {"all": names, "chosen_on": chosen, "others": [one for one in names if one not in chosen]}
    found = {part: asdict(score(truth, results, [label], some)[label]) for part, some in parts.items()}
    seconds = {
        "clock": spent.online_s, "processor": spent.online_cpu_s,
        "afterwards_clock": spent.offline_s, "afterwards_processor": spent.offline_cpu_s,
    }  # fmt: skip
    return {"ms_per_frame": {key: 1e3 * value / frames for key, value in seconds.items()}, **found}


def plot(cost: dict[str, dict[int, dict[str, float]]], path: Path) -> None:
    """Milliseconds of a frame by the number of tracks, both axes logarithmic."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), dpi=120)
    for name, by_people in cost.items():
        axes.loglog(list(by_people), [ms["processor"] for ms in by_people.values()], "o-", label=name)
    axes.axhline(2.0, color="grey", linewidth=0.8, linestyle=":")
    axes.axvline(200, color="grey", linewidth=0.8, linestyle=":")
    axes.set(xlabel="tracks in view", ylabel="ms per frame (processor time)", title="Cost of one frame, one thread")
    axes.set_xticks(CROWDS, [str(people) for people in CROWDS])
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def main(truth: Path) -> None:
    """Measure, write and print."""
    results = Path("build/trackers/benchmark")
    runs = [(name, False) for name in trackers.NAMES] + [("bytetrack", True), ("default", True)]
    table = {
        f"{name}{'-offline' if offline else ''}": scores(truth, results, name, offline=offline)
        for name, offline in runs
    }
    cost = {name: {people: crowd_ms(name, people) for people in CROWDS} for name in ("default", "bytetrack")}
    sequence = mot_files.read(mot_files.sequences(truth)[0])
    shares = {
        sequence.name: profile(list(sequence.frames), sequence.frame_rate), "200 people": profile(crowd(200), 30.0)
    }  # fmt: skip
    plot(cost, PLOT)
    content = {"data": truth.name, "scores": table, "ms_by_tracks": cost, "profile_percent": shares}
    print(write_result("trackers", content).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
