"""`python -m evaluation mot TRUTH_DIR RESULTS_DIR [TRACKER ...]`: HOTA, CLEAR and identity scores by TrackEval."""

import configparser
import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import InputError


@dataclass(frozen=True)
class MotScores:
    """Scores of one tracker over some sequences together, in percent but for the number of identity switches."""

    hota: float
    assa: float
    deta: float
    mota: float
    idf1: float
    switches: int

    def spell(self) -> str:
        """One line for people."""
        return (
            f"HOTA {self.hota:5.2f} AssA {self.assa:5.2f} DetA {self.deta:5.2f} MOTA {self.mota:5.2f} "
            f"IDF1 {self.idf1:5.2f} IDSW {self.switches}"
        )


def score(truth: Path, results: Path, trackers: list[str], sequences: list[str] | None = None) -> dict[str, MotScores]:
    """Scores by tracker of `results`/<tracker>/data/<sequence>.txt against `truth`/<sequence>/gt/gt.txt.

    sequences: those to score together, all of `truth` where None. Raises InputError where a file is missing or is not
    what TrackEval reads.
    """
    import trackeval

    sequences = sequences or sorted(path.name for path in truth.iterdir() if (path / "gt" / "gt.txt").exists())
    wanted = [results / name / "data" / f"{sequence}.txt" for name in trackers for sequence in sequences]
    missing = [str(path) for path in wanted if not path.exists()][:3]
    if missing or not wanted:
        raise InputError(
            f"{results}: expected <tracker>/data/<sequence>.txt per sequence of {truth}; missing {missing}"
        )
    quiet = {"PRINT_CONFIG": False}
    run = trackeval.Evaluator.get_default_eval_config() | {
        "PRINT_RESULTS": False, "PRINT_CONFIG": False, "OUTPUT_SUMMARY": False, "OUTPUT_DETAILED": False,
        "PLOT_CURVES": False, "TIME_PROGRESS": False, "USE_PARALLEL": False, "OUTPUT_EMPTY_CLASSES": False,
        "LOG_ON_ERROR": None,
    }  # fmt: skip
    data = trackeval.datasets.MotChallenge2DBox.get_default_dataset_config() | {
        "GT_FOLDER": str(truth), "TRACKERS_FOLDER": str(results), "SKIP_SPLIT_FOL": True, "PRINT_CONFIG": False,
        "TRACKERS_TO_EVAL": trackers, "BENCHMARK": "MOT17",
        "SEQ_INFO": {name: _length(truth / name / "seqinfo.ini") for name in sequences},
    }  # fmt: skip
    metrics = [kind(quiet) for kind in (trackeval.metrics.HOTA, trackeval.metrics.CLEAR, trackeval.metrics.Identity)]
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            dataset = trackeval.datasets.MotChallenge2DBox(data)
            found, _ = trackeval.Evaluator(run).evaluate([dataset], metrics)
    except (trackeval.utils.TrackEvalException, IndexError) as error:  # the latter where a row is short
        raise InputError(f"{truth} and {results}: TrackEval cannot score them: {error}") from error
    return {name: _scores(found["MotChallenge2DBox"][name]["COMBINED_SEQ"]["pedestrian"]) for name in trackers}


def _length(ini: Path) -> int:
    """How many frames a sequence says it has."""
    parser = configparser.ConfigParser()
    try:
        parser.read_string(ini.read_text(encoding="utf-8"))
        return int(parser["Sequence"]["seqLength"])
    except (OSError, KeyError, ValueError, configparser.Error) as error:
        raise InputError(f"{ini}: expected a [Sequence] with its seqLength ({' '.join(str(error).split())})") from error


def _scores(found: dict[str, Any]) -> MotScores:
    hota, clear, identity = found["HOTA"], found["CLEAR"], found["Identity"]
    hota_score, association, detection = (float(hota[name].mean()) * 100 for name in ("HOTA", "AssA", "DetA"))
    mota, idf1 = float(clear["MOTA"]) * 100, float(identity["IDF1"]) * 100
    return MotScores(hota_score, association, detection, mota, idf1, int(clear["IDSW"]))


def mot(
    truth_dir: Annotated[Path, typer.Argument(help="MOTChallenge folder: <sequence>/gt/gt.txt, seqinfo.ini")],
    results_dir: Annotated[Path, typer.Argument(help="<tracker>/data/<sequence>.txt, as `trackers run` writes")],
    trackers: Annotated[list[str] | None, typer.Argument(help="which of them; all where none is named")] = None,
    sequence: Annotated[list[str] | None, typer.Option(help="score only these together; may be repeated")] = None,
) -> None:
    """Score trackers: HOTA, CLEAR and identity of all sequences together."""
    for folder in (truth_dir, results_dir):
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder")
    names = trackers or sorted(path.name for path in results_dir.iterdir() if (path / "data").is_dir())
    for name, scores in score(truth_dir, results_dir, names, sequence).items():
        typer.echo(f"{name:24s} {scores.spell()}")
