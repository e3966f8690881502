"""The two things done per camera, as functions that a worker process can be given: read it, and annotate it."""

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import cv2

from core.errors import CameraError, OutputError
from core.types import Tracklet, TrackletKey
from pipeline.camera_tracks import CameraTracks
from pipeline.detect import Detector, open_detector
from pipeline.export.annotate_camera import AnnotationReport, annotate_camera
from pipeline.export.config import ExportConfig
from pipeline.progress import Progress, Report
from pipeline.read_cameras import CameraJob, read_cameras
from pipeline.result import CameraResult
from pipeline.settings import Settings
from pipeline.video import CameraSource, open_frames
from pipeline.video.ahead import ahead
from pipeline.video.decode import FrameReader
from pipeline.video.picture import Picture
from reid.embedder import Embedder


@dataclass(frozen=True)
class Engines:
    """The two networks of a process."""

    detector: Detector
    embedder: Embedder


@lru_cache(maxsize=1)
def open_engines(settings: Settings, device: str, threads: int) -> Engines:
    """Load both networks once a process; `threads` cores are theirs. Raises WeightsError or UsageError."""
    cv2.setNumThreads(threads)
    detector = open_detector(settings.run.detector, settings.detect, device, threads)
    embedder = Embedder.open(settings.run.reid, device, threads)
    return Engines(detector, embedder)


def threads_for(workers: int) -> int:
    """Each worker's share of the cores."""
    return max(1, (os.cpu_count() or 1) // workers)


@dataclass(frozen=True)
class ReadTask:
    """Read `sources`, which take turns in one process, and save each camera's tracks at its path in `artifacts`.

    What is saved knows no name but the id and no clock but the video's own.
    """

    sources: tuple[CameraSource, ...]
    artifacts: tuple[Path, ...]
    settings: Settings
    device: str
    threads: int


def read(task: ReadTask, report: Report) -> dict[str, float]:
    """Do a ReadTask; seconds spent by stage."""
    engines = open_engines(task.settings, task.device, task.threads)
    paths = {source.id: path for source, path in zip(task.sources, task.artifacts, strict=True)}
    jobs = [CameraJob(source, source.id) for source in task.sources]
    seconds: dict[str, float] = {}
    at_once = task.settings.run.cameras_at_once_on(task.device)
    for tracks in read_cameras(jobs, engines.detector, engines.embedder, task.settings, report, at_once):
        tracks.save(paths[tracks.camera.id])
        for stage, spent in tracks.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
    return seconds


@dataclass(frozen=True)
class AnnotateTask:
    """Draw one camera's identities into a copy of its video at `path`."""

    source: CameraSource
    camera: CameraResult
    artifact: Path
    identity_of: dict[TrackletKey, int]
    path: Path
    config: ExportConfig
    threads: int


def annotate(task: AnnotateTask, report: Report) -> AnnotationReport | str:
    """Do an AnnotateTask; a sentence where this camera's video cannot be made.

    OutputError passes, since it would hit all, but for a name that is too long.
    """
    cv2.setNumThreads(task.threads)
    camera = task.camera
    tracklets: Sequence[Tracklet] = CameraTracks.load(task.artifact).tracklets
    try:
        with (
            open_frames(task.source, threads=task.threads) as reader,
            # Closed before the reader, whose file must not go while a thread still decodes it.
            contextlib.closing(ahead(_limited(reader, camera, report))) as pictures,
        ):
            done = annotate_camera(camera, tracklets, task.identity_of, pictures, task.path, task.config)
    except OutputError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.ENAMETOOLONG:
            return f"camera {camera.id!r}: {error}"
        raise
    except CameraError as error:
        return str(error)
    report(Progress(camera.id, camera.frames, camera.frames, finished=True))
    return replace(done, path=task.path) if done.path else done


def _limited(reader: FrameReader, camera: CameraResult, report: Report) -> Iterator[tuple[Picture, Fraction]]:
    """The pictures that were read the first time, with their presentation times on the video's own clock."""
    for index, picture in enumerate(reader.pictures()):
        if index >= camera.frames:
            return
        report(Progress(camera.id, index + 1, camera.frames))
        yield picture, reader.ticks * reader.info.time_base
