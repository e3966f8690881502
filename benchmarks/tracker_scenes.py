"""`python -m benchmarks.tracker_scenes`: every tracker on rendered scenes, and a strip of frames that tells two apart.

The scenes are the demo and two that are rendered first (minutes of one core each; kept in build/scenes):

    python -m synth scene --output build/scenes/trackers-crowd --cameras 1 --people 13 --seconds 20 --fps 12.5 --seed 11
    python -m synth scene --output build/scenes/trackers-pole --cameras 1 --people 10 --seconds 20 --fps 12.5 \
        --seed 12 --shake 1.5

Detections are simulated from the truth (`benchmarks.simulated`). `botsort` sees the pictures; the others see boxes
alone. Writes results/tracker_scenes.json and docs/trackers-strip.jpg.
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import av
import numpy as np

import trackers
from benchmarks import simulated, tracker_strip
from benchmarks.record import write_result
from evaluation.mot import score
from trackers import mot_files
from trackers.command import rows_of
from trackers.mot_files import Rows, Sequence
from trackers.offline import refine

SCENES = {
    "demo": Path("examples/demo"),
    "crowd": Path("build/scenes/trackers-crowd"),
    "pole": Path("build/scenes/trackers-pole"),
}
BUILD = Path("build/trackers/scenes")
STRIP = Path("docs/trackers-strip.jpg")
SEED = 1


def pictures(path: Path) -> Iterator[np.ndarray]:
    """The frames (H, W, 3) uint8 BGR of a video."""
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            yield frame.to_ndarray(format="bgr24")


def run(sequence: Sequence, name: str, video: Path, *, offline: bool = False) -> Rows:
    """The boxes of a tracker; it gets the pictures where it looks at them."""
    tracker = trackers.make(name)
    images: Iterator[np.ndarray | None] = pictures(video) if name == "botsort" else iter([None] * len(sequence.frames))
    frames, ids, boxes = [np.zeros(0, int)], [np.zeros(0, int)], [np.zeros((0, 4))]
    for frame, (found, time_s, image) in enumerate(zip(sequence.frames, sequence.times_s, images, strict=True)):
        tracked = tracker.update(found, frame, float(time_s), image_bgr=image)
        frames.append(np.full(int(tracked.confirmed.sum()), frame))
        ids.append(tracked.local_ids[tracked.confirmed])
        boxes.append(tracked.boxes_xyxy[tracked.confirmed])
    if offline:
        tracklets = tracker.tracklets(sequence.name)
        return rows_of(refine(tracklets, sequence.times_s, sequence.width, sequence.height).tracklets)
    every = np.concatenate(ids)
    return Rows(np.concatenate(frames), every, np.concatenate(boxes), np.ones(len(every)))


def measure(scene: str, folder: Path) -> tuple[dict[str, Any], list[tracker_strip.Moment]]:
    """Scores by tracker on one scene, and the moments at which ByteTrack loses somebody whom the default keeps."""
    truth, results = BUILD / scene / "truth", BUILD / scene / "results"
    moments = []
    labels = [*trackers.NAMES, "default-offline"]
    for number, view in enumerate(simulated.views(folder)):
        name = f"{scene}-{view.name}"
        simulated.write_mot(view, simulated.detections(view, SEED + number), truth / name)
        sequence = mot_files.read(truth / name)
        rows = {}
        for label in labels:
            offline = label.endswith("-offline")
            rows[label] = run(sequence, label.removesuffix("-offline"), folder / f"{view.name}.mp4", offline=offline)
            mot_files.write(results / label / "data" / f"{name}.txt", rows[label])
        video = folder / f"{view.name}.mp4"
        moments += tracker_strip.moments(view, rows["default"], rows["bytetrack"], video)
    return {label: asdict(one) for label, one in score(truth, results, labels).items()}, moments


def main() -> None:
    """Measure, draw, write and print."""
    missing = [str(folder) for folder in SCENES.values() if not folder.exists()]
    if missing:
        raise SystemExit(f"render {', '.join(missing)} first:\n{__doc__}")
    table, moments = {}, []
    for scene, folder in SCENES.items():
        table[scene], found = measure(scene, folder)
        moments += found
    if moments:
        best = max(moments, key=lambda moment: moment.worth)
        tracker_strip.draw(best, list(pictures(best.video)), STRIP)
    content = {"detections": "simulated from the truth", "scores": table, "bytetrack_alone_switches": len(moments)}
    print(write_result("tracker_scenes", content).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
