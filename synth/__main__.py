"""`python -m synth`: render scenes, detection frames and ReID crops with perfect truth."""

import sys

import typer

from core.errors import InputError, OutputError, ThroughlineError, UsageError
from synth.crops.command import crops
from synth.crops.sheet import sheet
from synth.frames.command import frames
from synth.scene.command import scene

_EXIT_USAGE, _EXIT_INPUT = 2, 3

app = typer.Typer(help="Worlds with perfect truth: scenes, detection frames, ReID crops.", no_args_is_help=True)
app.command()(scene)
app.command()(frames)
app.command()(crops)
app.command()(sheet)


def main() -> int:
    """Run the command line; gives the exit code: 0 done, 2 wrong arguments, 3 unusable input or output."""
    try:
        app(standalone_mode=True)
    except (UsageError, InputError, OutputError) as error:
        sys.stderr.write(f"synth: {error}\n")
        return _EXIT_USAGE if isinstance(error, UsageError) else _EXIT_INPUT
    except ThroughlineError as error:
        sys.stderr.write(f"synth: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
