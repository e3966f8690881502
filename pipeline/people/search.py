"""1:N: where in a finished run is the person of these pictures?"""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from core.errors import CameraError, OutputError, UsageError
from core.types import Descriptors
from pipeline.export.whole import whole_file
from pipeline.people.finder import embed_people
from pipeline.people.stored_run import StoredRun, open_run, pictures_of
from pipeline.people.tools import Tools
from reid.distance import appearance_distance
from reid.drawing import ranked_list
from reid.tracklet import TrackletConfig, prototypes, set_distance

Say = Callable[[str], None]
FILE = "hits.json"


@dataclass(frozen=True)
class Hit:
    """A tracklet that may be the person. identity: of the run, None where the tracklet has none.

    probability: calibrated on pairs of crops with both answers equally likely beforehand, None where evidence is too
    little. time_s, frame and box_xyxy: of its crop that is most like the pictures; crop: that crop's file or None.
    """

    camera: str
    local_id: int
    identity: int | None
    time_s: float
    frame: int
    probability: float | None
    distance: float
    evidence: float
    box_xyxy: tuple[float, float, float, float]
    crop: str | None = None


def search(tools: Tools, pictures: Sequence[Path], folder: Path, output: Path | None, top: int, say: Say) -> list[Hit]:
    """Write the best hits to `output`: hits.json, one crop each, overview.png; say them as a table.

    Several pictures are one person seen several times. Raises InputError (pictures, run), UsageError (the run was made
    with another network), OutputError, WeightsError.
    """
    run = open_run(folder)
    if run.reid != tools.embedder.identifier:
        raise UsageError(
            f"{folder}: made with {run.reid}, this network is {tools.embedder.identifier}. Give --weights the network "
            "of the run, or run the job again."
        )
    people = [tools.person(path) for path in pictures]
    asked = embed_people(tools.embedder, people)
    hits = rank(tools, asked, run)[:top]
    output = output or folder / "search" / people[0].path.stem
    output.mkdir(parents=True, exist_ok=True)
    hits, images = _with_crops(hits, run, output, say)
    with whole_file(output / FILE) as temporary:
        temporary.write_text(json.dumps([asdict(hit) for hit in hits], indent=1) + "\n", encoding="utf-8")
    if images:
        sheet = ranked_list([person.image for person in people], images, [_caption(hit) for hit in hits])
        _save(output / "overview.png", sheet)
    for line in table(hits):
        say(line)
    say(f"written to {output}")
    return hits


def rank(tools: Tools, asked: Descriptors, run: StoredRun) -> list[Hit]:
    """Every tracklet with crops, the likeliest first; those with too little evidence last."""
    calibration, config = tools.calibration, TrackletConfig()
    keys = [key for key in sorted(run.appearances) if len(run.appearances[key].frames)]
    sets = [prototypes(run.appearances[key].descriptors, config.prototypes) for key in keys]
    distance, evidence = _to_sets(asked, sets, config)
    probability = calibration.probability(distance, evidence)
    hits = []
    for place, key in enumerate(keys):
        appearance, tracklet = run.appearances[key], run.tracklets[key]
        best = int(np.argmin(appearance_distance(asked, appearance.descriptors)[0].min(axis=0)))
        frame = int(appearance.frames[best])
        row = min(int(np.searchsorted(tracklet.frames, frame)), len(tracklet) - 1)
        p = float(probability[place])
        x1, y1, x2, y2 = (round(float(value), 1) for value in tracklet.boxes_xyxy[row])
        hits.append(
            Hit(
                key.camera, key.local_id, run.identities.get(key), round(float(tracklet.times_s[row]), 3), frame,
                None if math.isnan(p) else round(p, 4), round(float(distance[place]), 4),
                round(float(evidence[place]), 4), (x1, y1, x2, y2),
            )
        )  # fmt: skip
    return sorted(hits, key=lambda hit: (hit.probability is None, -(hit.probability or 0), hit.distance))


def table(hits: Sequence[Hit]) -> list[str]:
    """Lines for people to read."""
    lines = [f"{'':>3} {'camera':12} {'time':>9} {'identity':>8} {'track':>6} {'probability':>11}  crop"]
    for place, hit in enumerate(hits):
        said = "unknown" if hit.probability is None else f"{hit.probability:.2f}"
        identity = "–" if hit.identity is None else str(hit.identity)
        where = f"{place + 1:3d} {hit.camera:12} {hit.time_s:8.2f}s {identity:>8} {hit.local_id:6d}"
        lines.append(f"{where} {said:>11}  {hit.crop or '–'}")
    return lines


def _to_sets(asked: Descriptors, sets: Sequence[Descriptors], config: TrackletConfig) -> tuple[np.ndarray, np.ndarray]:
    """Distance and evidence (T,) of the query set to each other set: linear in T, unlike all pairs of sets."""
    found = [set_distance([asked, one], config) for one in sets]
    return np.array([d[0, 1] for d, _ in found]), np.array([e[0, 1] for _, e in found])


def _with_crops(hits: list[Hit], run: StoredRun, output: Path, say: Say) -> tuple[list[Hit], list[np.ndarray]]:
    """The hits with their crops' names, and the crops; none of a camera whose video is gone, which is said."""
    images: dict[int, np.ndarray] = {}
    for camera in sorted({hit.camera for hit in hits}):
        places = defaultdict(list)
        for place, hit in enumerate(hits):
            if hit.camera == camera:
                places[hit.frame].append(place)
        try:
            for _, frame, image in pictures_of(run, {camera: set(places)}):
                images.update({place: _cut(image, hits[place]) for place in places[frame]})
        except CameraError as error:
            say(f"no pictures: {error}")
    named = []
    for place, hit in enumerate(hits):
        name = f"{place + 1:02d}-{hit.camera}-{hit.frame:06d}.jpg" if place in images else None
        if name:
            _save(output / name, images[place])
        named.append(replace(hit, crop=name))
    blank = np.full((128, 64, 3), 128, np.uint8)
    return named, [images.get(place, blank) for place in range(len(hits))]


def _cut(image: np.ndarray, hit: Hit) -> np.ndarray:
    height, width = image.shape[:2]
    x1, y1 = (int(np.clip(hit.box_xyxy[i], 0, limit - 1)) for i, limit in ((0, width), (1, height)))
    x2, y2 = (int(np.clip(np.ceil(hit.box_xyxy[i]), 1, limit)) for i, limit in ((2, width), (3, height)))
    return image[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)].copy()


def _caption(hit: Hit) -> str:
    said = "unknown" if hit.probability is None else f"{hit.probability:.2f}"
    return f"{hit.camera} {hit.time_s:.1f}s {said}"


def _save(path: Path, image: np.ndarray) -> None:
    if not cv2.imwrite(str(path), image):
        raise OutputError(f"{path}: cannot be written; is the disk full?")
