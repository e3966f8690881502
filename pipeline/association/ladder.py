"""`python -m pipeline ladder`: which stage loses what. The same job with true boxes, and with true tracks as well."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from core.boxes import iou
from core.errors import UsageError
from core.types import Appearance, Descriptors, Detections, Frame, Tracklet, TrackletKey
from evaluation.identities import CameraBoxes, read_boxes
from pipeline.association.identification import identify
from pipeline.camera_tracks import CameraTracks
from pipeline.cameras_file import CamerasFile, read_cameras_toml
from pipeline.crops import Crop, CropPicker
from pipeline.detect import Detector
from pipeline.export import mot
from pipeline.read_cameras import CameraJob, read_cameras
from pipeline.result import RunResult
from pipeline.settings import RunConfig, Settings, resolve
from pipeline.tasks import Engines, open_engines
from pipeline.video import find_cameras

RUNGS = ("true_tracks", "true_boxes")
SAME_PERSON = 0.5  # IoU from which a detection's keypoints are those of a true box
LEAST_VISIBLE = 0.25  # as `python -m evaluation identities` counts by default


Row = tuple[int, float, np.ndarray]  # frame, time in s, box (4,)


@dataclass(frozen=True, eq=False)
class Seen:
    """The true people of one frame: detections and ids (M,)."""

    detections: Detections
    ids: np.ndarray


class TrueBoxes:
    """A detector that gives the true boxes, at score 1, with the keypoints of what the real one finds there.

    It works where each picture's tag ends in its `Frame`, as in `read_cameras`. What it gave is kept in `seen`, by
    camera and frame.
    """

    def __init__(self, detector: Detector, truth: Mapping[str, CameraBoxes]) -> None:
        self._detector, self._truth = detector, truth
        self.identifier, self.has_keypoints = detector.identifier, detector.has_keypoints
        self.seen: dict[tuple[str, int], Seen] = {}

    def stream(self, images: Iterable[tuple[Any, np.ndarray]]) -> Iterator[tuple[Any, np.ndarray, Detections]]:
        """See `pipeline.detect.Detector.stream`."""
        for tag, image, found in self._detector.stream(images):
            frame: Frame = tag[-1]
            seen = self._look(frame, found)
            self.seen[frame.camera, frame.index] = seen
            yield tag, image, seen.detections

    def _look(self, frame: Frame, found: Detections) -> Seen:
        truth = self._truth.get(frame.camera, CameraBoxes.empty())
        # Frames of MOTChallenge rows count from 1.
        rows = np.flatnonzero((truth.frames == frame.index + 1) & ~truth.ignored)
        height, width = frame.image.shape[:2]
        boxes = np.clip(truth.boxes_xyxy[rows], 0, [width, height, width, height])
        keep = ((boxes[:, 2:] - boxes[:, :2]) > 1).all(axis=1)
        boxes, ids = boxes[keep], truth.ids[rows[keep]]
        keypoints = None
        if found.keypoints_xyc is not None:
            keypoints = np.zeros((len(boxes), *found.keypoints_xyc.shape[1:]), np.float32)
            overlap = iou(boxes, found.boxes_xyxy.astype(np.float64))
            if overlap.size:
                best = overlap.argmax(axis=1)
                same = overlap[np.arange(len(boxes)), best] >= SAME_PERSON
                keypoints[same] = found.keypoints_xyc[best[same]]
        return Seen(Detections(boxes, np.ones(len(boxes)), keypoints), ids)


def true_tracks(
    job: CameraJob, camera: CameraTracks, seen: Mapping[tuple[str, int], Seen], engines: Engines, settings: Settings
) -> CameraTracks:
    """One tracklet for each true person of a camera, with crops picked as ever. The video is decoded once more."""
    from pipeline.video import open_frames

    picker = CropPicker(settings.crops)
    rows: dict[int, list[Row]] = {}
    with open_frames(job.source, job.offset_s) as reader:
        for frame in reader:
            here = seen.get((frame.camera, frame.index))
            if here is None or not frame.image.size:
                continue
            picker.offer(frame, here.detections, here.ids, np.arange(len(here.ids)))
            for person, box in zip(here.ids.tolist(), here.detections.boxes_xyxy, strict=True):
                rows.setdefault(person, []).append((frame.index, frame.time_s, box))
    tracklets = [_tracklet(job.source.id, person, found) for person, found in sorted(rows.items())]
    crops = picker.take_all()
    return CameraTracks(camera.camera, tracklets, _appearances(job.source.id, crops, engines), {})


def _tracklet(camera: str, person: int, found: Sequence[Row]) -> Tracklet:
    frames, times_s, boxes = (np.array(column) for column in zip(*found, strict=True))
    ones = np.ones(len(found))
    return Tracklet(TrackletKey(camera, person), frames, times_s, boxes, ones, 0 * ones)


def _appearances(camera: str, crops: Sequence[Crop], engines: Engines) -> list[Appearance]:
    out = []
    for person in sorted({crop.local_id for crop in crops}):
        mine = [crop for crop in crops if crop.local_id == person]
        joints = [crop.keypoints_xyc for crop in mine if crop.keypoints_xyc is not None]
        keypoints = np.stack(joints) if joints else None
        looks: Descriptors = engines.embedder.embed(
            [crop.image for crop in mine], keypoints, [crop.others_xyc for crop in mine]
        )
        out.append(Appearance(TrackletKey(camera, person), np.array([crop.frame for crop in mine]), looks))
    return out


def climb(videos: Path, truth: Path, output: Path, settings: Settings) -> dict[str, RunResult]:
    """Write `<output>/<rung>/mot/<camera>.txt` for both rungs, and give what they hold.

    Raises UsageError where `truth` has no boxes of any camera; a video that cannot be read gives an empty camera.
    """
    file = read_cameras_toml(videos / "cameras.toml", find_cameras(videos))
    results = {}
    for rung, tracks in read_rungs(videos, truth, file, settings).items():
        results[rung] = _associated(tracks, file, settings)
        mot.write(output / rung / "mot", results[rung])
    return results


def read_rungs(videos: Path, truth: Path, file: CamerasFile, settings: Settings) -> dict[str, list[CameraTracks]]:
    """The tracks of both rungs, before anybody is associated. Raises UsageError as `climb` does."""
    sources = find_cameras(videos)
    paths = {source.id: truth / f"{source.id}.txt" for source in sources}
    boxes = {camera: read_boxes(path, LEAST_VISIBLE, truth=True) for camera, path in paths.items() if path.exists()}
    if not boxes:
        raise UsageError(f"{truth}: holds no {sources[0].id}.txt; expected MOTChallenge rows, one file per camera")
    engines = open_engines(settings, "cpu", 1)
    detector = TrueBoxes(engines.detector, boxes)
    jobs = [CameraJob(one, file.names.get(one.id, one.id), file.offsets_s.get(one.id, 0.0)) for one in sources]
    read = {one.camera.id: one for one in read_cameras(jobs, detector, engines.embedder, settings, lambda _: None)}
    exact = [true_tracks(job, read[job.source.id], detector.seen, engines, settings) for job in jobs]
    return dict(zip(RUNGS, (exact, [read[job.source.id] for job in jobs]), strict=True))


def _associated(tracks: Sequence[CameraTracks], file: CamerasFile, settings: Settings) -> RunResult:
    found = identify(tracks, settings.associate, file.calibrations, file.offsets_s.keys())
    tracklets = {tracklet.key: tracklet for one in found.tracks for tracklet in one.tracklets}
    return RunResult([one.camera for one in tracks], tracklets, found.identities)


def ladder(
    videos: Annotated[Path, typer.Option(help="Folder with one video per camera, and cameras.toml if there is one.")],
    truth: Annotated[Path, typer.Option(help="Folder with <camera>.txt, MOTChallenge rows; one id per person.")],
    output: Annotated[Path, typer.Option(help="Folder to write true_tracks/mot and true_boxes/mot into.")],
    overrides: Annotated[list[str] | None, typer.Option("--set", help="section.key=value, repeatable.")] = None,
) -> None:
    """True boxes and tracks, and true boxes alone, through the rest of the job: score them beside a run of your own."""
    results = climb(videos, truth, output, resolve(RunConfig(), overrides or []))
    for rung, result in results.items():
        typer.echo(f"{rung}: {len(result.tracklets)} tracks, {len(result.identities)} identities: {output / rung}")
    typer.echo(f"python -m evaluation identities {truth} {output / RUNGS[0]} {output / RUNGS[1]} YOUR_RUN")
