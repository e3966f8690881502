"""Read cameras: decode, detect, track, pick crops, embed; where a batch may hold several, cameras take turns.

While the next cameras are read, a thread runs the offline passes of those that ended. A camera's result depends neither
on who it took turns with nor on who came before. What goes wrong with one camera is written into its result;
the others go on.
"""

import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

import trackers
from core.errors import CameraError
from core.types import Appearance, Descriptors, Detections, Frame, Tracklet, TrackletKey
from pipeline.camera_tracks import CameraTracks
from pipeline.crops import Crop, CropPicker
from pipeline.detect import Detector
from pipeline.progress import Progress, Report
from pipeline.result import CameraResult
from pipeline.settings import Settings
from pipeline.video import CameraSource, open_frames
from pipeline.video.ahead import ahead
from reid.embedder import Embedder
from trackers import offline

EMBED_AT_ONCE = 32


@dataclass(frozen=True)
class CameraJob:
    """A camera to be read. name: for display; offset_s: added to the video's own time."""

    source: CameraSource
    name: str
    offset_s: float = 0.0


def read_cameras(
    jobs: Sequence[CameraJob],
    detector: Detector,
    embedder: Embedder,
    settings: Settings,
    report: Report,
    at_once: int = 1,
) -> Iterator[CameraTracks]:
    """Read `jobs`, `at_once` of them at a time, and give each as it ends; never raises for a bad video."""
    waiting = deque(jobs)
    ended: deque[Future[CameraTracks]] = deque()

    def end(reading: _Reading) -> None:
        ended.append(pool.submit(reading.finish))

    def pictures() -> Iterator[tuple[tuple[_Reading, Frame], np.ndarray]]:
        active: list[_Reading] = []
        while waiting or active:
            while waiting and len(active) < at_once:
                active.append(_Reading(waiting.popleft(), embedder, settings, report))
            for reading in list(active):
                frame = reading.next_frame()
                if frame is None:
                    active.remove(reading)
                    if reading.pending == 0:
                        end(reading)
                else:
                    yield (reading, frame), frame.image

    def finished(*, wait: bool) -> Iterator[CameraTracks]:
        while ended and (wait or ended[0].done()):
            tracks = ended.popleft().result()
            camera = tracks.camera
            report(Progress(camera.id, camera.frames, camera.frames, finished=True, error=camera.error))
            yield tracks

    with ThreadPoolExecutor(1, thread_name_prefix="finish") as pool:
        for (reading, frame), _, detections in detector.stream(pictures()):
            reading.absorb(frame, detections)
            if reading.exhausted and reading.pending == 0:
                end(reading)
            yield from finished(wait=False)
        yield from finished(wait=True)


@dataclass
class _Stopwatch:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - begin


class _Reading:
    """One camera on its way from video to tracklets."""

    def __init__(self, job: CameraJob, embedder: Embedder, settings: Settings, report: Report) -> None:
        self._job, self._embedder, self._settings, self._report = job, embedder, settings, report
        self._watch = _Stopwatch()
        self._tracker = trackers.make(settings.run.tracker, settings.track)
        self._picker = CropPicker(settings.crops)
        self._to_embed: list[Crop] = []
        self._embedded: list[tuple[list[Crop], Descriptors]] = []
        self._times_s: list[float] = []
        self._error: str | None = None
        self._reader = None
        self._frames: Iterator[Frame] = iter(())
        self.exhausted = False
        self.pending = 0  # frames given to the detector that have not come back
        self._absorbed = 0
        with self._keep_error():
            threads = settings.run.decode_threads
            self._reader = open_frames(job.source, job.offset_s, settings.run.stride, threads)
            self._frames = ahead(iter(self._reader))

    def next_frame(self) -> Frame | None:
        """The next frame that is to be looked at, None after the last one."""
        while True:
            frame = self._decode()
            if frame is None:
                self.exhausted = True
                return None
            self._times_s.append(frame.time_s)
            if frame.image.size:
                self.pending += 1
                return frame

    def _decode(self) -> Frame | None:
        with self._watch.measure("decode"), self._keep_error():
            return next(self._frames, None)
        return None

    @contextmanager
    def _keep_error(self) -> Iterator[None]:
        """What decoding raises is this camera's error; if nobody foresaw it, its trace goes to the log."""
        try:
            yield
        except CameraError as error:
            self._error = str(error)
        except MemoryError:
            raise
        except Exception as error:
            source, frame = self._job.source, len(self._times_s)
            logging.getLogger(__name__).exception("camera %r", source.id)
            what = f"{source.path.name} cannot be read ({type(error).__name__}: {error}). Is the file damaged?"
            self._error = str(CameraError(source.id, what, frame))

    def absorb(self, frame: Frame, detections: Detections) -> None:
        """Take in what was found in one frame. Frames come in order."""
        self.pending -= 1
        with self._watch.measure("track"):
            tracked = self._tracker.update(detections, frame.index, frame.time_s, frame.image)
        with self._watch.measure("crops"):
            self._picker.offer(frame, detections, tracked.local_ids, tracked.rows)
            for local_id in tracked.ended:
                self._to_embed += self._picker.take(local_id)
        if len(self._to_embed) >= EMBED_AT_ONCE:
            self._embed()
        self._absorbed += 1
        self._report(Progress(self._job.source.id, frame.index + 1, self._expected))

    @property
    def _expected(self) -> int:
        return self._reader.info.expected_frames if self._reader else 0

    def _embed(self) -> None:
        crops, self._to_embed = self._to_embed, []
        if not crops:
            return
        with self._watch.measure("embed"):
            # A network gives keypoints for everybody or for nobody.
            joints = [crop.keypoints_xyc for crop in crops if crop.keypoints_xyc is not None]
            keypoints = np.stack(joints) if joints else None
            descriptors = self._embedder.embed(
                [crop.image for crop in crops], keypoints, [crop.others_xyc for crop in crops]
            )
        light = [Crop(c.local_id, c.frame, c.time_s, c.quality, NO_PIXELS, None, NO_OTHERS) for c in crops]
        self._embedded.append((light, descriptors))

    def finish(self) -> CameraTracks:
        """Embed what is left, run the offline passes, and close the video."""
        self._to_embed += self._picker.take_all()
        self._embed()
        camera = self._camera_result()
        with self._watch.measure("refine"):
            raw = self._tracker.tracklets(camera.id)
            tracklets, appearances = self._refine(raw, self._appearances(raw), camera)
        if self._reader:
            self._reader.close()
        return CameraTracks(camera, tracklets, appearances, self._watch.seconds)

    def _camera_result(self) -> CameraResult:
        source = self._job.source
        times = np.array(self._times_s, np.float64)
        damage = self._error
        if self._reader and self._reader.damage and not damage:
            damage = f"camera {source.id!r}: {source.path.name}: {self._reader.damage}; {len(times)} frames were read."
        width, height, fps = 0, 0, 0.0
        warnings: tuple[str, ...] = ()
        if self._reader:
            warnings = tuple(f"camera {source.id!r}: {source.path.name}: {one}" for one in self._reader.warnings)
            info = self._reader.info
            span = times[-1] - times[0] if len(times) > 1 else 0.0
            # The header may lie about its rate; the timestamps are what the rate is.
            width, height, fps = info.width, info.height, float((len(times) - 1) / span) if span > 0 else info.fps
        return CameraResult(
            source.id, self._job.name, source.path, width, height, fps, times, self._job.offset_s, damage,
            warnings=warnings,
        )  # fmt: skip

    def _appearances(self, tracklets: Sequence[Tracklet]) -> dict[TrackletKey, Appearance]:
        known = {tracklet.key.local_id: tracklet.key for tracklet in tracklets}
        rows: dict[TrackletKey, list[tuple[int, Descriptors]]] = {}
        for crops, descriptors in self._embedded:
            for row, crop in enumerate(crops):
                if crop.local_id in known:
                    rows.setdefault(known[crop.local_id], []).append((crop.frame, descriptors[row : row + 1]))
        return {key: _appearance(key, found) for key, found in rows.items()}

    def _refine(
        self, raw: Sequence[Tracklet], appearances: dict[TrackletKey, Appearance], camera: CameraResult
    ) -> tuple[list[Tracklet], list[Appearance]]:
        """Run the offline passes and give each new tracklet the crops of the pieces it is made of."""
        refined = offline.refine(
            list(raw), camera.frame_times_s, camera.width, camera.height, self._settings.refine, appearances
        )
        regrouped = []
        for tracklet in refined.tracklets:
            rows = [
                (int(frame), appearances[old].descriptors[row : row + 1])
                for old, first, last in refined.origin[tracklet.key]
                if old in appearances
                for row, frame in enumerate(appearances[old].frames)
                if first <= frame <= last
            ]
            if rows:
                regrouped.append(_appearance(tracklet.key, rows))
        return list(refined.tracklets), regrouped


NO_PIXELS = np.zeros((0, 0, 3), np.uint8)
NO_OTHERS = np.zeros((0, 17, 3), np.float32)


def _appearance(key: TrackletKey, rows: list[tuple[int, Descriptors]]) -> Appearance:
    """The crops of one tracklet by frame; of two in one frame (after a join) the first stays."""
    by_frame = dict(reversed(sorted(rows, key=lambda row: row[0])))
    frames = sorted(by_frame)
    return Appearance(key, np.array(frames), Descriptors.concatenate([by_frame[frame] for frame in frames]))
