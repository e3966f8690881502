"""`python -m synth`: render scenes, detection frames and ReID crops with perfect truth."""

import sys

import typer

from core.errors import ThroughlineError
from core.exit_codes import exit_code
from synth.crops.command import crops
from synth.crops.sheet import sheet
from synth.frames.command import frames
from synth.scene.command import scene

app = typer.Typer(help="Worlds with perfect truth: scenes, detection frames, ReID crops.", no_args_is_help=True)
app.command()(scene)
app.command()(frames)
app.command()(crops)
app.command()(sheet)


def main() -> int:
    """Run the command line; gives the exit code: 0 done, 2 wrong arguments, 3 unusable input or output."""
    try:
        app(standalone_mode=True)
    except ThroughlineError as error:
        sys.stderr.write(f"synth: {error}\n")
        return exit_code(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
