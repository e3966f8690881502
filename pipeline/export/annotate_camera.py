"""One camera's annotated video: for every frame, the people of its tracklets drawn where they were."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np

from core.errors import CameraError
from core.types import FILLED, Tracklet, TrackletKey
from core.whole import whole_file
from pipeline.export.annotate import AnnotatedVideo
from pipeline.export.config import ExportConfig
from pipeline.export.drawing import Painter, Person
from pipeline.result import CameraResult
from pipeline.video.picture import Picture

_TRAIL_POINTS = 12  # corners of a trail at most, about


@dataclass(frozen=True)
class AnnotationReport:
    """What was written: path, or None where there was no frame to write; frames; what could not be kept."""

    path: Path | None
    frames: int
    warnings: tuple[str, ...] = ()


def annotate_camera(
    camera: CameraResult,
    tracklets: Sequence[Tracklet],
    identity_of: Mapping[TrackletKey, int],
    pictures: Iterable[tuple[Picture, Fraction]],
    out_path: Path,
    config: ExportConfig,
) -> AnnotationReport:
    """Draw `tracklets` on `pictures` and write them to `out_path`, an MP4 that appears whole or not at all.

    pictures: all of the camera in order, each with its presentation time in seconds after the first one's; they are
    drawn on in place. Without any no file is written. Tracklets without identity are not drawn. Raises OutputError
    where the file cannot be written, CameraError where the source cannot be read again or not be encoded; errors of
    `pictures` pass through.
    """
    incoming = iter(pictures)
    first = next(incoming, None)
    if first is None:
        return AnnotationReport(None, 0, (f"camera {camera.id!r}: no frames, so no annotated video",))
    size = (camera.width, camera.height)
    painter = Painter(*first[0].size, joint_confidence=config.joint_confidence)
    cast = Cast([tracklet for tracklet in tracklets if tracklet.key in identity_of], identity_of, config)
    try:
        with (
            whole_file(out_path) as part,
            AnnotatedVideo.open(part, camera.source, *size, fps=camera.fps, config=config) as video,
        ):
            for index, (picture, pts_s) in enumerate(chain([first], incoming)):
                painter.draw(picture, cast.at(index))
                video.write(picture, pts_s)
    except av.error.FFmpegError as error:
        raise CameraError(
            camera.id,
            f"the annotated video of {camera.source.name} ({size[0]} × {size[1]} px) cannot be made: "
            f"{error.strerror}. Convert the source with ffmpeg, or leave videos out of the outputs.",
        ) from error
    return AnnotationReport(out_path, video.frames, tuple(f"camera {camera.id!r}: {text}" for text in video.warnings))


class Cast:
    """Who is to be drawn in which frame. Rows of all tracklets, sorted by frame, are looked up by bisection."""

    def __init__(self, tracklets: Sequence[Tracklet], identity_of: Mapping[TrackletKey, int], config: ExportConfig):
        """tracklets: of one camera, each with an identity."""
        self._config = config
        self._tracklets = [bridged(tracklet, config.bridge_s) for tracklet in tracklets if len(tracklet)]
        self._feet_px = [_feet_px(tracklet.boxes_xyxy) for tracklet in self._tracklets]
        self._identities = [identity_of[tracklet.key] for tracklet in self._tracklets]
        lengths = [len(tracklet) for tracklet in self._tracklets]
        frames = np.concatenate([np.zeros(0, np.int32), *(tracklet.frames for tracklet in self._tracklets)])
        order = np.argsort(frames, kind="stable")
        self._frames = frames[order]
        self._owners = np.repeat(np.arange(len(lengths)), lengths)[order]
        self._rows = np.concatenate([np.zeros(0, int), *(np.arange(length) for length in lengths)])[order]

    def at(self, frame: int) -> list[Person]:
        """The people of one frame; each identity once, a detected box before a filled one."""
        low, high = np.searchsorted(self._frames, [frame, frame + 1])
        people: dict[int, Person] = {}
        for owner, row in zip(self._owners[low:high].tolist(), self._rows[low:high].tolist(), strict=True):
            person = self._person(owner, row)
            if person.identity not in people or people[person.identity].filled:
                people[person.identity] = person
        return list(people.values())

    def _person(self, owner: int, row: int) -> Person:
        tracklet, trail_s = self._tracklets[owner], self._config.trail_s
        now_s = tracklet.times_s[row]
        start = int(np.searchsorted(tracklet.times_s, now_s - trail_s)) if trail_s > 0 else row
        step = max(1, (row - start) // _TRAIL_POINTS)
        # Every step-th row of the tracklet, not of the trail: else the trail would wobble from frame to frame.
        past = np.append(np.arange(start + -start % step, row, step), row)
        keypoints = (
            tracklet.keypoints_xyc[row] if self._config.skeleton and tracklet.keypoints_xyc is not None else None
        )
        return Person(
            identity=self._identities[owner],
            box_xyxy=tracklet.boxes_xyxy[row],
            filled=bool(tracklet.source[row] == FILLED),
            trail_px=self._feet_px[owner][past],
            trail_age=(now_s - tracklet.times_s[past]) / (trail_s or 1.0),
            keypoints_xyc=keypoints,
        )


def _feet_px(boxes_xyxy: np.ndarray) -> np.ndarray:
    """The middle of the lower edge (T, 2) of boxes (T, 4)."""
    return np.stack([(boxes_xyxy[:, 0] + boxes_xyxy[:, 2]) / 2, boxes_xyxy[:, 3]], axis=1)


def bridged(tracklet: Tracklet, bridge_s: float) -> Tracklet:
    """`tracklet` with a straight line of filled boxes through every gap shorter than `bridge_s`, for the eye only."""
    gaps = np.diff(tracklet.frames)
    wanted = (gaps > 1) & (np.diff(tracklet.times_s) < bridge_s)
    if not wanted.any():
        return tracklet
    new = np.concatenate(list(_inner_frames(tracklet.frames, np.flatnonzero(wanted))))
    frames = np.concatenate([tracklet.frames, new])
    order = np.argsort(frames)
    times_s = np.concatenate([tracklet.times_s, np.interp(new, tracklet.frames, tracklet.times_s)])
    columns = [np.interp(new, tracklet.frames, column) for column in tracklet.boxes_xyxy.T]
    boxes_xyxy = np.concatenate([tracklet.boxes_xyxy, np.stack(columns, axis=1)])
    scores = np.concatenate([tracklet.scores, np.zeros(len(new))])
    source = np.concatenate([tracklet.source, np.full(len(new), FILLED)])
    keypoints = tracklet.keypoints_xyc
    if keypoints is not None:
        keypoints = np.concatenate([keypoints, np.zeros((len(new), *keypoints.shape[1:]), np.float32)])[order]
    return Tracklet(
        tracklet.key, frames[order], times_s[order], boxes_xyxy[order], scores[order], source[order], keypoints
    )


def _inner_frames(frames: np.ndarray, gaps: np.ndarray) -> Iterator[np.ndarray]:
    for gap in gaps.tolist():
        yield np.arange(frames[gap] + 1, frames[gap + 1])
