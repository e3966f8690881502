"""`python -m trackers run TRUTH_DIR RESULTS_DIR --tracker NAME [--offline]`."""

from trackers.command import app

if __name__ == "__main__":
    app(prog_name="python -m trackers")
