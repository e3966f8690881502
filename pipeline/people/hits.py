"""Hits of a search: as a table, as JSON, and as pictures cut from the videos of the run."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import CameraError
from core.pictures import write_bgr
from core.whole import whole_file
from pipeline.people.stored_run import StoredRun, pictures_of
from reid.drawing import ranked_list

Say = Callable[[str], None]
FILE, OVERVIEW = "hits.json", "overview.png"


@dataclass(frozen=True)
class Hit:
    """A tracklet that may be the person. identity: of the run, None where the tracklet has none.

    probability: calibrated on pairs of crops with both answers equally likely beforehand, None where evidence is too
    little. distance and evidence: to the pictures. All three are None where there were no pictures. time_s, frame and
    box_xyxy: of its crop that is most like the pictures, or else of its best one; crop: that crop's file or None.
    attributes: what its person wears, by question. where: probability that it fits the filters, None without; fits:
    whether that is sure.
    """

    camera: str
    local_id: int
    identity: int | None
    time_s: float
    frame: int
    probability: float | None
    distance: float | None
    evidence: float | None
    box_xyxy: tuple[float, float, float, float]
    crop: str | None = None
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    where: float | None = None
    fits: bool | None = None


def write_hits(hits: list[Hit], run: StoredRun, queries_bgr: Sequence[np.ndarray], output: Path, say: Say) -> list[Hit]:
    """Write `output`: hits.json, one crop each, overview.png; gives the hits with their crops' names.

    They take the place of an earlier search's. A camera whose video is gone has no crops, which is said. Raises
    OutputError.
    """
    output.mkdir(parents=True, exist_ok=True)
    _clear(output)
    hits, images = _with_crops(hits, run, output, say)
    with whole_file(output / FILE) as temporary:
        temporary.write_text(json.dumps([asdict(hit) for hit in hits], indent=1) + "\n", encoding="utf-8")
    if images:
        write_bgr(output / OVERVIEW, ranked_list(queries_bgr, images, [_caption(hit) for hit in hits]))
    return hits


def _clear(output: Path) -> None:
    """Remove what an earlier search wrote, and nothing else."""
    try:
        rows = json.loads((output / FILE).read_text(encoding="utf-8"))
        crops = [Path(row["crop"]).name for row in rows if row["crop"]]
    except (OSError, ValueError, TypeError, KeyError):
        crops = []  # nothing there, or nothing of ours
    for name in (OVERVIEW, FILE, *crops):
        (output / name).unlink(missing_ok=True)


def table(hits: Sequence[Hit]) -> list[str]:
    """Lines for people to read, none for no hits. The filters' probability has a ? where they may fit or not."""
    if not hits:
        return []
    filtered = any(hit.where is not None for hit in hits)
    columns = f"{'':>3} {'camera':12} {'time':>9} {'identity':>8} {'track':>6} {'probability':>11}"
    lines = [columns + (f" {'where':>6}" if filtered else "") + "  crop"]
    for place, hit in enumerate(hits):
        said = "unknown" if hit.probability is None else f"{hit.probability:.2f}"
        said = "–" if hit.distance is None else said
        identity = "–" if hit.identity is None else str(hit.identity)
        line = f"{place + 1:3d} {hit.camera:12} {hit.time_s:8.2f}s {identity:>8} {hit.local_id:6d} {said:>11}"
        if hit.where is not None:
            line += f" {hit.where:6.2f}" if hit.fits else f" {hit.where:5.2f}?"
        lines.append(f"{line}  {hit.crop or '–'}")
    return lines


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
            write_bgr(output / name, images[place])
        named.append(replace(hit, crop=name))
    blank = np.full((128, 64, 3), 128, np.uint8)
    return named, [images.get(place, blank) for place in range(len(hits))]


def _cut(image: np.ndarray, hit: Hit) -> np.ndarray:
    height, width = image.shape[:2]
    x1, y1 = (int(np.clip(hit.box_xyxy[i], 0, limit - 1)) for i, limit in ((0, width), (1, height)))
    x2, y2 = (int(np.clip(np.ceil(hit.box_xyxy[i]), 1, limit)) for i, limit in ((2, width), (3, height)))
    return image[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)].copy()


def _caption(hit: Hit) -> str:
    likely = hit.where if hit.distance is None else hit.probability
    return f"{hit.camera} {hit.time_s:.1f}s {'unknown' if likely is None else f'{likely:.2f}'}"
