"""Run the main job as a user would, in this process, and say what came out."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from pipeline.command import app


@dataclass
class Outcome:
    """Exit code, everything printed (lines unwrapped), and the output folder."""

    code: int
    text: str
    output: Path

    def tracks(self) -> dict[str, Any]:
        """tracks.json."""
        return json.loads((self.output / "tracks.json").read_text())


def run_job(videos: Path, output: Path, *arguments: str) -> Outcome:
    """`run_pipeline.py --videos … --output …` with `arguments`; an uncaught error is raised here."""
    result = CliRunner().invoke(app, ["--videos", str(videos), "--output", str(output), *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, " ".join(result.output.split()), output)
