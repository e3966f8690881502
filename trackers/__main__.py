"""`python -m trackers run TRUTH_DIR RESULTS_DIR --tracker NAME [--offline]`."""

import typer

from core.errors import ThroughlineError
from core.exit_codes import exit_code
from trackers.command import app


def entry() -> None:
    """Run the command; ends with the exit codes of `run_pipeline.py`."""
    try:
        app(prog_name="python -m trackers")
    except ThroughlineError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(exit_code(error)) from None


if __name__ == "__main__":
    entry()
