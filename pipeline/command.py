"""The command line of the main job: parse, run, say what happened, give the exit code."""

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from core.errors import ThroughlineError, UsageError
from core.quiet import hush

hush()

from core.exit_codes import INTERRUPTED, OK, SOME_FAILED, exit_code  # noqa: E402
from pipeline.display import Display  # noqa: E402
from pipeline.dry_run import dry_run  # noqa: E402
from pipeline.run import run  # noqa: E402
from pipeline.settings import OUTPUTS, RunConfig, resolve  # noqa: E402

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)


@app.command()
def main(
    videos: Annotated[
        Path, typer.Option(help="Folder with one video per camera, or one sub-folder of images per camera.")
    ],
    output: Annotated[Path | None, typer.Option(help="Where results go; out/<name of the folder> if left out.")] = None,
    detector: Annotated[
        str,
        typer.Option(
            help="'bundled', an Ultralytics checkpoint such as yolo26n-pose, or a path (.pt, ONNX, OpenVINO, TensorRT)."
        ),
    ] = "bundled",
    tracker: Annotated[
        str, typer.Option(help="Tracker inside one camera: bytetrack, default (ours), sort, ocsort, botsort.")
    ] = RunConfig.tracker,
    reid: Annotated[str, typer.Option(help="Weights that tell people apart: 'bundled' or a folder.")] = "bundled",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    stride: Annotated[int, typer.Option(help="Look at every n-th frame only.")] = 1,
    outputs: Annotated[str, typer.Option(help="What to write, separated by commas.")] = ",".join(OUTPUTS),
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="SECTION.KEY=VALUE", help="Any setting, for example detect.score=0.3; repeatable."
        ),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes; 0: as many as help. Results do not depend on it.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the results of a finished run.")] = False,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", help="'associate': only say anew who is who, from the tracklets of the run in --output."
        ),
    ] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and how big the job is.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say where the time went; full traces of errors.")] = False,
) -> None:
    """Track people through a folder of videos, one per camera, and give each one identity in all of them.

    Results: annotated videos (annotated/), tracks.json, MOTChallenge text (mot/), tracks.parquet and run.json. Nothing
    leaves this machine; nothing is downloaded unless you name a checkpoint that is not here.

    A file cameras.toml beside the videos may name cameras, say by how many seconds their clocks differ, and calibrate
    them; corrections.toml may say which tracklets are one person and which are not. A run that was interrupted goes on
    where it stopped when it is started again.

    Exit code: 0 all well, 2 wrong usage, 3 no usable input or output, 4 some cameras could not
    be read or drawn, 130 interrupted.
    """
    console, errors = Console(), Console(stderr=True)
    output = output or Path("out") / videos.resolve().name
    try:
        asked = RunConfig(
            detector=detector, reid=reid, tracker=tracker, device=device, stride=stride, workers=workers,
            outputs=tuple(name.strip() for name in outputs.split(",") if name.strip()),
        )  # fmt: skip
        settings = resolve(asked, set_ or [])
        if from_ not in (None, "associate"):
            raise UsageError(f"--from {from_}: expected 'associate', the only stage that can be run again alone.")
        if dry:
            dry_run(videos, output, settings, console)
            raise typer.Exit(OK)
        display = Display(console, verbose=verbose)
        stored_only = from_ is not None
        summary = run(
            videos,
            output,
            settings,
            overwrite=overwrite or stored_only,
            stage=display.stage,
            stored_only=stored_only,
        )
        display.summary(summary)
    except KeyboardInterrupt:
        errors.print("Interrupted. Cameras that were done are kept; the same command goes on from there.")
        raise typer.Exit(INTERRUPTED) from None
    except ThroughlineError as error:
        if verbose:
            errors.print_exception()
        errors.print(f"[red]error:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(exit_code(error)) from None
    for reason in summary.errors:
        errors.print(f"[red]error:[/red] {escape(reason)}", highlight=False, soft_wrap=True)
    raise typer.Exit(SOME_FAILED if summary.errors else OK)


def entry() -> None:
    """Run the command; what `run_pipeline.py` calls. Asking it to end (SIGTERM) is as good as Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    app(prog_name=Path(sys.argv[0]).name)
