"""Single stages from the command line: `python -m pipeline …`."""

import typer

from core.exit_codes import errors_in_a_line
from core.quiet import hush

hush()

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
    with errors_in_a_line():
        app(prog_name="python -m pipeline")


if __name__ == "__main__":
    entry()
