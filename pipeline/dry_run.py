"""What a run would do and how big it is, from the headers of the videos alone."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from core.errors import CameraError
from pipeline.cameras_file import read_cameras_toml
from pipeline.device import choose_device
from pipeline.run import CAMERAS_FILE
from pipeline.settings import Settings
from pipeline.video import find_cameras, left_out, open_frames
from pipeline.workers import choose_workers

CPU_SECONDS_PER_FRAME = 0.03  # measured on two cores with the bundled networks, rounded up


def dry_run(videos: Path, output: Path, settings: Settings, console: Console) -> None:
    """Print the cameras, their sizes, and what would be written where. Nothing is computed or written."""
    sources = find_cameras(videos)
    named = read_cameras_toml(videos / CAMERAS_FILE, sources)
    device = choose_device(settings.run.device)
    table = Table(show_edge=False, header_style="bold")
    for heading in ("camera", "size", "fps", "frames", "seconds", "offset", "above floor"):
        table.add_column(heading, justify="left" if heading == "camera" else "right")
    frames = unknown = 0
    for source in sources:
        try:
            with open_frames(source) as reader:
                info = reader.info
        except CameraError as error:
            table.add_row(escape(source.id), f"[red]{escape(str(error))}[/red]", "", "", "", "", "")
            continue
        calibration = named.calibrations.get(source.id)
        frames += info.expected_frames // settings.run.stride
        unknown += not info.expected_frames
        table.add_row(
            escape(named.names.get(source.id, source.id)),
            f"{info.width}×{info.height}",
            f"{info.fps:.4g}",
            str(info.expected_frames or "unknown"),
            f"{info.duration_s:.1f}" if info.duration_s else "unknown",
            f"{named.offsets_s.get(source.id, 0.0):+.3g} s",
            f"{calibration.centre_m[2]:.2f} m" if calibration else "",
        )
    console.print(table)
    for warning in [*left_out(videos), *named.warnings]:
        console.print(f"[yellow]warning:[/yellow] {escape(warning)}")
    workers = choose_workers(settings.run.workers, len(sources), device)
    minutes = f"about {frames * CPU_SECONDS_PER_FRAME / 60:.1f} minutes"
    apart = f", and those of {unknown} that do not say how long they are," if unknown else ""
    estimate = f", on a CPU {'nobody knows how long' if unknown else minutes}" if device == "cpu" else ""
    console.print(
        f"{len(sources)} cameras, about {frames} frames{apart} to look at on {device}, {workers} worker(s){estimate}."
    )
    console.print(
        f"Would write {', '.join(settings.run.outputs)} to {escape(str(output))}. Nothing was done (--dry-run).",
        soft_wrap=True,
    )
