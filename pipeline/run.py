"""The main job: a folder of videos in, one identity per person out."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from core.errors import CameraError, InputError, UsageError
from pipeline.artifacts import artifact_path
from pipeline.association import Identified, identify
from pipeline.association.corrections import read_corrections
from pipeline.camera_tracks import CameraTracks
from pipeline.cameras_file import CamerasFile, read_cameras_toml
from pipeline.device import choose_device
from pipeline.export import mot, parquet, tracks_json
from pipeline.export.verify import verify_outputs
from pipeline.output_folder import WORK, begin_outputs, check_output, left_over, make_output, place_of
from pipeline.progress import Progress, Report
from pipeline.read_cameras import CameraJob
from pipeline.record import metadata, write_run_json
from pipeline.result import CameraResult, RunResult
from pipeline.settings import Settings
from pipeline.tasks import AnnotateTask, ReadTask, annotate, open_engines, read, threads_for
from pipeline.video import CameraSource, find_cameras, left_out
from pipeline.workers import Lost, choose_workers, run_in_threads, run_tasks

CAMERAS_FILE = "cameras.toml"
CORRECTIONS_FILE = "corrections.toml"
PIECES = ".pieces.npz"  # of a camera's tracks after association cut some of them
MOST_ENCODERS = 4  # at once in one process: each holds some dozens of pictures


@dataclass
class Summary:
    """What a run did, for the table at its end.

    seconds: wall time by stage; stage_seconds: work inside the cameras. artifacts: the file of each camera's tracks.
    not_drawn: for each annotated video that was asked for and could not be made, why.
    """

    output: Path
    result: RunResult
    warnings: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    stage_seconds: dict[str, float] = field(default_factory=dict)
    reused: int = 0
    artifacts: dict[str, Path] = field(default_factory=dict)
    not_drawn: list[str] = field(default_factory=list)

    @property
    def errors(self) -> list[str]:
        """Of the cameras that could not be read, or not to their end, or not be drawn."""
        return [camera.error for camera in self.result.cameras if camera.error] + self.not_drawn


Stage = Callable[[str], contextlib.AbstractContextManager[Report]]


def run(
    videos: Path, output: Path, settings: Settings, *, overwrite: bool, stage: Stage, stored_only: bool = False
) -> Summary:
    """Do the main job. `stage(name)` opens a display for a stage's progress.

    stored_only: look at no video again; a camera whose tracklets are not stored for these settings is a UsageError.
    Raises UsageError, InputError (no camera can be read), WeightsError, OutputError. A camera that fails is in the
    summary; the others finish.
    """
    sources = find_cameras(videos)
    cameras_file = read_cameras_toml(videos / CAMERAS_FILE, sources)
    corrections = read_corrections(videos / CORRECTIONS_FILE)
    device = choose_device(settings.run.device)
    workers = choose_workers(settings.run.workers, len(sources), device)
    engines = open_engines(settings, device, threads_for(workers))
    networks = (engines.detector.identifier, engines.embedder.identifier)
    check_output(output, videos, sources, settings.run.outputs, overwrite=overwrite)
    if not stored_only:
        make_output(output)
    clock = _Clock()

    with clock.measure("read"), stage("Reading") as report:
        reading = _Reading(output / WORK, settings, device, workers, networks, stored_only=stored_only)
        tracks = reading.read([_job(source, cameras_file) for source in sources], report)
    cameras = [tracks[source.id].camera for source in sources]
    if all(camera.frames == 0 for camera in cameras):
        raise InputError(f"{videos}: none of the cameras could be read.\n" + "\n".join(f"  {c.error}" for c in cameras))

    with clock.measure("associate"), stage("Associating"):
        about = metadata(settings, device, networks)
        found = identify(
            [tracks[camera.id] for camera in cameras],
            settings.associate,
            cameras_file.calibrations,
            cameras_file.offsets_s.keys(),
            corrections,
        )
        begin_outputs(output, settings.run.outputs)
        artifacts = _keep_pieces(found, tracks, reading.artifacts)
        tracklets = {tracklet.key: tracklet for one in found.tracks for tracklet in one.tracklets}
        result = RunResult(cameras, tracklets, found.identities, about)
    of_cameras = [warning for camera in cameras for warning in camera.warnings]
    warnings = [*left_out(videos), *cameras_file.warnings, *of_cameras, *found.warnings]
    summary = Summary(output, result, warnings, reused=reading.reused, stage_seconds=reading.seconds)
    summary.artifacts = artifacts
    with clock.measure("export"), stage("Writing") as report:
        _export(result, sources, artifacts, settings, workers, summary, report)
    summary.seconds = clock.seconds
    write_run_json(output, summary, settings, device, workers, networks)
    return summary


def _job(source: CameraSource, cameras_file: CamerasFile) -> CameraJob:
    name = cameras_file.names.get(source.id, source.id)
    return CameraJob(source, name, cameras_file.offsets_s.get(source.id, 0.0))


class _Reading:
    """Reads the cameras whose artifact is not there yet."""

    def __init__(
        self,
        work: Path,
        settings: Settings,
        device: str,
        workers: int,
        networks: tuple[str, str],
        *,
        stored_only: bool = False,
    ) -> None:
        self._stored_only = stored_only
        self._work, self._settings, self._device = work, settings, device
        self._workers, self._networks = workers, networks
        self.artifacts: dict[str, Path] = {}
        self.seconds: dict[str, float] = {}
        self.reused = 0

    def read(self, jobs: Sequence[CameraJob], report: Report) -> dict[str, CameraTracks]:
        """Every camera's tracks, by id."""
        tracks: dict[str, CameraTracks] = {}
        missing: list[CameraJob] = []
        for job in jobs:
            try:
                path = artifact_path(self._work, job.source, self._settings, self._networks, self._device)
            except CameraError as error:
                tracks[job.source.id] = unread(job, str(error))
                continue
            self.artifacts[job.source.id] = path
            if path.exists() and (found := _load(path, job)) is not None:
                tracks[job.source.id] = found
                self.reused += 1
                report(Progress(job.source.id, found.camera.frames, found.camera.frames, True, found.camera.error))
            else:
                missing.append(job)
        if missing and self._stored_only:
            raise UsageError(
                f"--from associate: {self._work} holds no tracklets of camera {missing[0].source.id!r} for these "
                "videos and settings. Run once without --from; settings other than associate.* must be the same."
            )
        by_id = {job.source.id: job for job in missing}
        for task, outcome in run_tasks(read, self._tasks([job.source for job in missing]), self._workers, report):
            for source, path in zip(task.sources, task.artifacts, strict=True):
                job = by_id[source.id]
                found = None if isinstance(outcome, Lost) and not path.exists() else _load(path, job)
                reason = outcome.reason if isinstance(outcome, Lost) else "its result could not be read back"
                tracks[source.id] = found or unread(job, f"camera {source.id!r}: {reason}")
            for name, spent in (outcome if isinstance(outcome, dict) else {}).items():
                self.seconds[name] = self.seconds.get(name, 0.0) + spent
        return tracks

    def _tasks(self, sources: Sequence[CameraSource]) -> list[ReadTask]:
        """One task per worker's turn: all cameras for one worker, else one camera each so that none waits for another.

        On a GPU cameras go together in groups, so that a batch holds frames of several.
        """
        size = len(sources) if self._workers == 1 else 1
        if self._device != "cpu" and self._workers > 1:
            size = self._settings.run.cameras_at_once_on(self._device)
        groups = [tuple(sources[begin : begin + size]) for begin in range(0, len(sources), size or 1)]
        threads = threads_for(self._workers)
        return [
            ReadTask(group, tuple(self.artifacts[source.id] for source in group), self._settings, self._device, threads)
            for group in groups
        ]


def _load(path: Path, job: CameraJob) -> CameraTracks | None:
    """The artifact at `path` with what `job` says of its camera, None where it is not one (damaged, say)."""
    try:
        return CameraTracks.load(path).known_as(job.source.path, job.name, job.offset_s)
    except (InputError, KeyError, TypeError):
        return None


def unread(job: CameraJob, error: str) -> CameraTracks:
    """The empty tracks of a camera that could not be opened."""
    camera = CameraResult(job.source.id, job.name, job.source.path, 0, 0, 0.0, np.zeros(0), job.offset_s, error)
    return CameraTracks(camera, [], [])


def _keep_pieces(found: Identified, read: Mapping[str, CameraTracks], artifacts: Mapping[str, Path]) -> dict[str, Path]:
    """The file of each camera's tracks: another one where association cut tracklets, since that of reading stays."""
    kept = dict(artifacts)
    for one in found.tracks:
        if one is not read[one.camera.id] and one.camera.id in artifacts:
            kept[one.camera.id] = artifacts[one.camera.id].with_suffix(PIECES)
            one.save(kept[one.camera.id])
    return kept


def _export(
    result: RunResult,
    sources: Sequence[CameraSource],
    artifacts: dict[str, Path],
    settings: Settings,
    workers: int,
    summary: Summary,
    report: Report,
) -> None:
    """Write the outputs asked for, then read them again and check that nobody is twice in one frame."""
    outputs, folder = settings.run.outputs, summary.output
    if "json" in outputs:
        name = "tracks.json.gz" if settings.export.gzip else "tracks.json"
        tracks_json.write(folder / name, result, compress=settings.export.gzip)
        (folder / ("tracks.json" if settings.export.gzip else "tracks.json.gz")).unlink(missing_ok=True)
    if "mot" in outputs:
        mot.write(folder / "mot", result)
    if "parquet" in outputs:
        parquet.write(folder / "tracks.parquet", result)
    if "json" in outputs or "mot" in outputs:
        verify_outputs(folder, outputs, [camera.id for camera in result.cameras])
    if old := left_over(folder, outputs):
        summary.warnings.append(f"{', '.join(old)} in {folder}: of an earlier run, which may say something else")
    if "video" in outputs:
        _annotate(result, sources, artifacts, settings, workers, summary, report)


def _annotate(
    result: RunResult,
    sources: Sequence[CameraSource],
    artifacts: dict[str, Path],
    settings: Settings,
    workers: int,
    summary: Summary,
    report: Report,
) -> None:
    by_id = {source.id: source for source in sources}
    identity_of = result.identity_of()
    # Decoding and encoding run outside Python's lock: one process does several cameras in threads.
    runner, at_once = (run_tasks, workers) if workers > 1 else (run_in_threads, min(os.cpu_count() or 1, MOST_ENCODERS))
    tasks = [
        AnnotateTask(
            by_id[camera.id],
            camera,
            artifacts[camera.id],
            {key: number for key, number in identity_of.items() if key.camera == camera.id},
            place_of(summary.output, "video", camera.id),
            settings.export,
            threads_for(at_once),
        )
        for camera in result.cameras
        if camera.frames
    ]
    for task, outcome in sorted(runner(annotate, tasks, at_once, report), key=lambda item: item[0].camera.id):
        if isinstance(outcome, Lost):
            summary.not_drawn.append(f"camera {task.camera.id!r}: no annotated video: {outcome.reason}")
        elif isinstance(outcome, str):
            summary.not_drawn.append(f"no annotated video: {outcome}")
        elif outcome.path is None:
            summary.not_drawn += outcome.warnings
        else:
            summary.warnings += outcome.warnings


class _Clock:
    """Wall time by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def measure(self, name: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begin
