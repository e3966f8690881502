"""Rendered worlds end to end, with the ladder of causes: `python -m benchmarks.worlds [SCENE …]`.

Scenes are rendered first, each four to ten minutes of a core, into build/worlds (or named on the command line), with
`python -m synth scene --cameras 4 --seed N --output` and

    build/worlds/overlapping-N --people 12 --seconds 18 --fps 10,12.5
    build/worlds/disjoint-N --people 20 --seconds 40 --fps 10 --disjoint --uniforms 4

Settings were chosen on the scenes of seeds 1 to 3, those of `pipeline.association.conflicts` on 4 to 9 as well; scenes
of other seeds were seen by none. Each of these groups has a mean of its own.
Each is read three times: true boxes and true tracks, true boxes and our tracks, all ours. The tracks are kept in
`<scene>-tracks`. Then they are associated as a user might have set the cameras up: calibrated with given clocks;
calibrated with clocks that are off by up to 2 s and must be estimated; without calibration, the clocks off as well.
Writes results/worlds.json: cross-camera IDF1 and HOTA over image boxes, pair precision and recall, the clocks found;
and how right memberships are that are as probable as is said, over all scenes of a kind together.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import write_result
from core.boxes import iou
from core.types import DETECTED, Tracklet
from evaluation.identities import IOU_OF_A_MATCH, CameraBoxes, cross_camera_idf1, read_boxes
from pipeline.association import Identified, identify
from pipeline.association.ladder import LEAST_VISIBLE, RUNGS, read_rungs
from pipeline.calibration import Calibration
from pipeline.camera_tracks import CameraTracks
from pipeline.cameras_file import CamerasFile, read_cameras_toml
from pipeline.read_cameras import CameraJob, read_cameras
from pipeline.settings import Settings
from pipeline.tasks import open_engines
from pipeline.video import find_cameras

BUILD = Path("build/worlds")
OURS = "ours"
MOST_OFF_S = 2.0
SEEN_BY = {  # the settings that were chosen on the scenes of a seed; others were seen by none
    **dict.fromkeys("123", "all settings"),
    **dict.fromkeys("456789", "settings of conflicts"),
}
PROBABILITIES = (0.5, 0.8, 0.9, 0.95, 0.99)
CONDITIONS = {
    "overlapping": ("calibrated", "calibrated, clocks off", "uncalibrated, clocks off"),
    "disjoint": ("uncalibrated, clocks off",),
}


def tracks_of(scene: Path, file: CamerasFile, settings: Settings) -> dict[str, list[CameraTracks]]:
    """The tracks of every rung; read once, then kept beside the scene."""
    kept = scene.with_name(scene.name + "-tracks")
    names = [source.id for source in find_cameras(scene)]
    if not all((kept / rung / f"{name}.npz").exists() for rung in RUNGS for name in names):
        for rung, tracks in read_rungs(scene, scene / "truth", file, settings).items():
            _keep(kept / rung, tracks)
    if not all((kept / OURS / f"{name}.npz").exists() for name in names):
        engines = open_engines(settings, "cpu", 1)
        jobs = [CameraJob(one, one.id, file.offsets_s.get(one.id, 0.0)) for one in find_cameras(scene)]
        _keep(kept / OURS, list(read_cameras(jobs, engines.detector, engines.embedder, settings, lambda _: None)))
    return {rung: [CameraTracks.load(kept / rung / f"{name}.npz") for name in names] for rung in (*RUNGS, OURS)}


def _keep(folder: Path, tracks: Sequence[CameraTracks]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for one in tracks:
        one.save(folder / f"{one.camera.id}.npz")


def score(
    tracks: Sequence[CameraTracks],
    truth: Mapping[str, CameraBoxes],
    calibrations: Mapping[str, Calibration],
    off_s: Mapping[str, float],
    settings: Settings,
) -> dict[str, Any]:
    """Associate with clocks wrong by off_s, which are then not given; scores, and how wrong the clocks still are."""
    moved = [_moved(one, off_s.get(one.camera.id, 0.0)) for one in tracks]
    given = () if off_s else [one.camera.id for one in tracks]
    identified = identify(moved, settings.associate, calibrations, given)
    owner = {key: one.id for one in identified.identities for key in one.tracklets}
    found = {}
    for one in identified.tracks:
        mine = [tracklet for tracklet in one.tracklets if len(tracklet)]
        frames = [np.concatenate([np.zeros(0), *(tracklet.frames + 1 for tracklet in mine)])]
        ids = np.concatenate([np.zeros(0), *(np.full(len(tracklet), owner[tracklet.key]) for tracklet in mine)])
        boxes = np.concatenate([np.zeros((0, 4)), *(tracklet.boxes_xyxy for tracklet in mine)])
        found[one.camera.id] = CameraBoxes(frames[0], ids, boxes, np.zeros(len(ids), bool))
    scores = cross_camera_idf1(truth, found)
    names = ("idf1", "hota", "pair_precision", "pair_recall", "found_identities", "true_identities")
    row: dict[str, Any] = {name: round(getattr(scores, name) or 0.0, 4) for name in names}
    row["memberships"] = memberships(identified, truth)
    if off_s and identified.clocks.shifts:
        row["clocks: error ± sigma, s"] = {
            name: None if shift.sigma_s is None else [round(shift.offset_s + off_s[name], 2), round(shift.sigma_s, 2)]
            for name, shift in identified.clocks.shifts.items()
        }
    return row


def memberships(identified: Identified, truth: Mapping[str, CameraBoxes]) -> list[list[int]]:
    """For each of PROBABILITIES: how many memberships are at least so probable, and how many of those are right.

    One is right if most of the tracklet's boxes show the person whom most boxes of its identity show. Tracklets alone
    in their identity, and those that show nobody, are left out.
    """
    people = {
        one.key: _people_in(one, truth[one.key.camera]) for tracks in identified.tracks for one in tracks.tracklets
    }
    counts = np.zeros((len(PROBABILITIES), 2), np.int64)
    for identity in identified.identities:
        shown: dict[int, int] = defaultdict(int)
        for key in identity.tracklets:
            for person, boxes in people[key].items():
                shown[person] += boxes
        if len(identity.tracklets) < 2 or not shown:
            continue
        whose = max(shown, key=lambda person: (shown[person], -person))
        for key in identity.tracklets:
            mine, probability = people[key], identity.evidence[key].probability
            if mine and probability is not None:
                right = max(mine, key=lambda person: (mine[person], -person)) == whose
                counts[np.array(PROBABILITIES) <= probability] += (1, right)
    return [[int(count), int(right)] for count, right in counts]


def _people_in(tracklet: Tracklet, truth: CameraBoxes) -> dict[int, int]:
    """How many of its detected boxes show each person."""
    shown: dict[int, int] = defaultdict(int)
    detected = tracklet[np.flatnonzero(tracklet.source == DETECTED)]
    for frame, box in zip(detected.frames, detected.boxes_xyxy, strict=True):
        rows = np.flatnonzero(truth.frames == frame + 1)
        overlap = iou(box[None], truth.boxes_xyxy[rows].astype(np.float32))[0] if len(rows) else np.zeros(0)
        if len(rows) and overlap.max() >= IOU_OF_A_MATCH:
            shown[int(truth.ids[rows[overlap.argmax()]])] += 1
    return dict(shown)


def sure(scenes: Mapping[str, Mapping[str, Any]]) -> dict[str, list[dict[str, float]]]:
    """By kind of scene and condition, of all that is ours: how right memberships of each probability are."""
    sums: dict[str, np.ndarray] = defaultdict(lambda: np.zeros((len(PROBABILITIES), 2)))
    for name, conditions in scenes.items():
        for condition, rungs in conditions.items():
            sums[f"{name.partition('-')[0]}, {condition}"] += np.array(rungs[OURS]["memberships"])
    return {
        name: [
            {
                "at least": least,
                "share of memberships": round(float(count / max(1, table[0, 0])), 4),
                "right": round(float(right / max(1, count)), 4),
            }
            for least, (count, right) in zip(PROBABILITIES, table, strict=True)
        ]
        for name, table in sums.items()
    }


def means(scenes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """By kind of scene and condition: mean IDF1 of all that is ours, by which settings saw the scene."""
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for name, conditions in scenes.items():
        kind, _, seed = name.partition("-")
        for condition, rungs in conditions.items():
            scores[f"{kind}, {condition}"][f"seen by {SEEN_BY.get(seed, 'none')}"].append(rungs[OURS]["idf1"])
    return {
        name: {group: round(float(np.mean(values)), 4) for group, values in groups.items()}
        for name, groups in scores.items()
    }


def _moved(tracks: CameraTracks, off_s: float) -> CameraTracks:
    return replace(tracks, tracklets=[replace(one, times_s=one.times_s + off_s) for one in tracks.tracklets])


@dataclass(frozen=True, eq=False)
class World:
    """A rendered scene as it was read: tracks of every rung, the truth by camera, and clocks that are off, in s."""

    kind: str
    tracks: Mapping[str, list[CameraTracks]]
    truth: Mapping[str, CameraBoxes]
    calibrations: Mapping[str, Calibration]
    off_s: Mapping[str, float]


def read_world(scene: Path, settings: Settings) -> World:
    """A scene by its name, <kind>-<seed>; the first camera's clock is right."""
    kind, _, seed = scene.name.partition("-")
    sources = find_cameras(scene)
    names = [source.id for source in sources]
    file = read_cameras_toml(scene / "cameras.toml", sources)
    truth = {name: read_boxes(scene / "truth" / f"{name}.txt", LEAST_VISIBLE, truth=True) for name in names}
    drawn = np.random.default_rng(int(seed)).uniform(-MOST_OFF_S, MOST_OFF_S, len(names))
    off_s = {name: float(off) if at else 0.0 for at, (name, off) in enumerate(zip(names, drawn, strict=True))}
    return World(kind, tracks_of(scene, file, settings), truth, file.calibrations, off_s)


def measure(scene: Path) -> dict[str, Any]:
    """Every condition and every rung of one scene."""
    settings = Settings()
    world = read_world(scene, settings)
    return {
        condition: {
            rung: score(
                tracks,
                world.truth,
                {} if condition.startswith("un") else world.calibrations,
                world.off_s if condition.endswith("off") else {},
                settings,
            )
            for rung, tracks in world.tracks.items()
        }
        for condition in CONDITIONS[world.kind]
    }


def main() -> None:
    """Measure all scenes that are there, and write and print the results."""
    scenes = [Path(text) for text in sys.argv[1:]] or sorted(
        path for path in BUILD.glob("*") if (path / "truth").is_dir()
    )
    if not scenes:
        raise SystemExit(f"render a scene into {BUILD} first:\n{__doc__}")
    result: dict[str, Any] = {}
    for scene in scenes:
        result[scene.name] = measure(scene)
        print(scene.name, json.dumps(result[scene.name], indent=1), flush=True)
        together = {"mean IDF1": means(result), "memberships by probability": sure(result)}
        write_result("worlds", {"scenes": result, **together})
    print(json.dumps(together, indent=1))


if __name__ == "__main__":
    main()
