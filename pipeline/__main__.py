"""Single stages from the command line: `python -m pipeline …`."""

import sys

import typer

from core.errors import ThroughlineError
from core.quiet import hush

hush()

from core.exit_codes import exit_code  # noqa: E402
from pipeline.association.command import associate_arrays  # noqa: E402
from pipeline.association.ladder import ladder  # noqa: E402
from pipeline.association.locate.command import locate_folder  # noqa: E402
from pipeline.detect.command import detect  # noqa: E402

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("associate")(associate_arrays)
app.command()(detect)
app.command()(ladder)
app.command("locate")(locate_folder)


@app.callback()
def main() -> None:
    """Run one stage alone."""


def entry() -> None:
    """Run the command; ends with the exit codes of `run_pipeline.py`."""
    try:
        app(prog_name="python -m pipeline")
    except ThroughlineError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(exit_code(error))


if __name__ == "__main__":
    entry()
