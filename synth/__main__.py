"""`python -m synth`: render scenes, detection frames and ReID crops with perfect truth."""

import typer

from core.exit_codes import errors_in_a_line
from synth.crops.command import crops
from synth.crops.sheet import sheet
from synth.frames.command import frames
from synth.scene.command import scene

app = typer.Typer(help="Worlds with perfect truth: scenes, detection frames, ReID crops.", no_args_is_help=True)
app.command()(scene)
app.command()(frames)
app.command()(crops)
app.command()(sheet)


def entry() -> None:
    """Run the command; ends with the exit codes of `run_pipeline.py`."""
    with errors_in_a_line():
        app(prog_name="python -m synth")


if __name__ == "__main__":
    entry()
