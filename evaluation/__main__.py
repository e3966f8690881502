"""Scores from the command line: `python -m evaluation …`."""

import typer

from core.exit_codes import errors_in_a_line
from evaluation.detection import detection
from evaluation.ground import ground
from evaluation.identities_command import identities
from evaluation.mot import mot
from evaluation.reliability import reliability_command

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(detection)
app.command()(ground)
app.command()(identities)
app.command()(mot)
app.command("reliability")(reliability_command)


@app.callback()
def main() -> None:
    """Score what was found against the truth."""


if __name__ == "__main__":
    with errors_in_a_line():
        app(prog_name="python -m evaluation")
