"""`python -m trackers run TRUTH_DIR RESULTS_DIR --tracker NAME [--offline]`."""

from core.exit_codes import errors_in_a_line
from trackers.command import app


def entry() -> None:
    """Run the command; ends with the exit codes of `run_pipeline.py`."""
    with errors_in_a_line():
        app(prog_name="python -m trackers")


if __name__ == "__main__":
    entry()
