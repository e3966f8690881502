"""What a person sees while a run is under way and at its end; plain lines where the output is not a terminal."""

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress
from rich.table import Table

from pipeline.progress import Progress, Report
from pipeline.run import Summary

PLAIN_EVERY_S = 10.0


class Display:
    """Progress by camera, and the summary. `verbose` adds the time inside each stage."""

    def __init__(self, console: Console, *, verbose: bool = False) -> None:
        self._console = console
        self._verbose = verbose

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[Report]:
        """One stage: a bar per camera on a terminal, else a line per camera every ten seconds and at its end."""
        if not self._console.is_terminal:
            yield _PlainReport(self._console, name)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[fps]}"),
            TimeRemainingColumn(),
        )
        with RichProgress(*columns, console=self._console) as bars:
            yield _BarReport(bars, name)

    def summary(self, summary: Summary) -> None:
        """The table at the end: cameras, frames, tracks, identities, time per stage, where the outputs are."""
        table = Table(show_edge=False, header_style="bold")
        for heading, justify in (("camera", "left"), ("frames", "right"), ("tracks", "right"), ("people", "right")):
            table.add_column(heading, justify=justify)  # type: ignore[arg-type]
        table.add_column("", overflow="fold")
        result = summary.result
        identity_of = result.identity_of()
        for camera in result.cameras:
            keys = [tracklet.key for tracklet in result.of_camera(camera.id)]
            people = len({identity_of[key] for key in keys})
            note = f"[red]{escape(camera.error)}[/red]" if camera.error else ""
            table.add_row(escape(camera.name), str(camera.frames), str(len(keys)), str(people), note)
        self._console.print(table)
        times = ", ".join(f"{name} {spent:.1f} s" for name, spent in summary.seconds.items())
        frames = sum(camera.frames for camera in result.cameras)
        self._console.print(
            f"{len(result.cameras)} cameras, {frames} frames, {len(result.tracklets)} tracks, "
            f"[bold]{len(result.identities)} identities[/bold] ({times})"
        )
        if self._verbose:
            inside = ", ".join(f"{name} {spent:.1f} s" for name, spent in sorted(summary.stage_seconds.items()))
            self._console.print(f"inside the cameras: {inside or 'nothing was read again'}")
        for warning in summary.warnings:
            self._console.print(f"[yellow]warning:[/yellow] {escape(warning)}")
        self._console.print(f"Results: {escape(str(summary.output))}", soft_wrap=True)


class _BarReport:
    def __init__(self, bars: RichProgress, stage: str) -> None:
        self._bars, self._stage = bars, stage
        self._tasks: dict[str, tuple[TaskID, float]] = {}

    def __call__(self, progress: Progress) -> None:
        if progress.camera not in self._tasks:
            label = f"{self._stage} {escape(progress.camera)}"
            task = self._bars.add_task(label, total=progress.expected or None, fps="")
            self._tasks[progress.camera] = (task, time.monotonic())
        task, begin = self._tasks[progress.camera]
        spent = time.monotonic() - begin
        fps = f"{progress.frames / spent:.1f} fps" if spent > 1 else ""
        if progress.error:
            fps = f"[red]{escape(progress.error)}[/red]"
        total = progress.frames if progress.finished else max(progress.expected, progress.frames)
        self._bars.update(task, completed=progress.frames, total=total, fps=fps)


class _PlainReport:
    def __init__(self, console: Console, stage: str) -> None:
        self._console, self._stage = console, stage
        self._begin: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        begin = self._begin.setdefault(progress.camera, now)
        if not progress.finished and now - self._last.setdefault(progress.camera, now) < PLAIN_EVERY_S:
            return
        self._last[progress.camera] = now
        text = f"{self._stage.lower()} {progress.camera}: {progress.frames}"
        if progress.finished:
            text += " frames, done" if not progress.error else f" frames; {progress.error}"
        else:
            rate = progress.frames / max(now - begin, 1e-6)
            left = max(progress.expected - progress.frames, 0) / max(rate, 1e-6)
            text += f" of about {progress.expected} frames, {rate:.1f} fps, {left:.0f} s left"
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
