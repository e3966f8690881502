"""`python -m benchmarks.tune_trackers TRUTH_DIR`: choose the default tracker's settings, and say what they are worth.

Settings are chosen by the sequences of --on alone (optuna's tree-structured Parzen estimator, one seed, so the same
call chooses the same) and scored on those and, once at the end, on all others. Scores are those of each chosen sequence
as it is and read from its end, which is as much new material again. Nothing is written but the answer.
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import optuna
import typer

import trackers
from evaluation.mot import MotScores, score
from trackers import mot_files
from trackers.command import track
from trackers.config import DefaultConfig, OfflineConfig
from trackers.mot_files import Rows, Sequence

RESULTS = Path("build/trackers/tune")
# Settings by dotted name: lowest, highest; all are searched on a logarithmic scale.
ONLINE = {
    "high_score": (0.15, 0.5), "iou_weight": (0.2, 0.8), "gate": (5.0, 25.0), "spread_weight": (0.3, 1.5),
    "score_weight": (0.05, 0.5), "first_limit": (0.5, 1.3), "second_limit": (0.6, 1.8), "life.lost_s": (0.8, 4.0),
    "clear_lost_s": (0.3, 3.0), "life.begin_score": (0.3, 0.7), "motion.acceleration": (0.1, 1.0),
}  # fmt: skip
OFFLINE = {
    "join.limit": (2.0, 12.0), "join.forward_bonus": (3.0, 15.0), "join.backward_bonus": (2.0, 12.0),
    "join.common_share": (0.3, 1.0), "join.place_noise": (0.03, 0.12), "join.speed_noise": (0.08, 0.35),
    "join.turn_noise": (0.15, 0.7), "join.spread_weight": (0.5, 1.6), "join.clear_weight": (0.2, 3.0),
    "smooth.common_share": (0.2, 1.0), "smooth.longest_fill_s": (2.0, 8.0),
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """A tracker and its passes; no passes are run where there are none."""

    online: DefaultConfig
    offline: OfflineConfig | None = None


def with_value(config: Any, name: str, value: float) -> Any:
    """A copy of a config with the setting of that dotted name changed. Raises AttributeError where there is none."""
    head, _, rest = name.partition(".")
    if head not in {field.name for field in fields(config)}:
        raise AttributeError(f"{type(config).__name__} has no setting {head!r}")
    return replace(config, **{head: with_value(getattr(config, head), rest, value) if rest else value})


def backwards(sequence: Sequence) -> Sequence:
    """The sequence with time run the other way."""
    return replace(sequence, frames=tuple(reversed(sequence.frames)))


def run(sequence: Sequence, settings: Settings, *, reverse: bool) -> Rows:
    """The boxes that these settings give for a sequence, read forwards or backwards, in its own frame numbers."""
    tracker = trackers.make("default", settings.online)
    read = backwards(sequence) if reverse else sequence
    rows, _ = track(read, "default", offline=settings.offline is not None, tracker=tracker, passes=settings.offline)
    return replace(rows, frames=len(sequence.frames) - 1 - rows.frames) if reverse else rows


def scored(truth: Path, sequences: list[Sequence], settings: Settings, *, reverse: bool = False) -> MotScores:
    """Scores of the settings over sequences together."""
    for sequence in sequences:
        mot_files.write(RESULTS / "trial" / "data" / f"{sequence.name}.txt", run(sequence, settings, reverse=reverse))
    return score(truth, RESULTS, ["trial"], [sequence.name for sequence in sequences])["trial"]


def choose(truth: Path, sequences: list[Sequence], *, offline: bool, trials: int, seed: int) -> Settings:
    """The settings of the best mean of HOTA and IDF1 among `trials`, of which the first are the defaults."""
    ranges = OFFLINE if offline else ONLINE
    start = Settings(DefaultConfig(), OfflineConfig() if offline else None)

    def settings_of(values: dict[str, float]) -> Settings:
        part: Any = start.offline if offline else start.online
        for name, value in values.items():
            part = with_value(part, name, value)
        return Settings(start.online, part) if offline else Settings(part)

    def worth(trial: optuna.Trial) -> float:
        values = {name: trial.suggest_float(name, *limits, log=True) for name, limits in ranges.items()}
        found = [scored(truth, sequences, settings_of(values), reverse=reverse) for reverse in (False, True)]
        return float(np.mean([(one.hota + one.idf1) / 2 for one in found]))

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial({name: value_of(start.offline if offline else start.online, name) for name in ranges})
    study.optimize(worth, n_trials=trials)
    for name, value in study.best_params.items():
        typer.echo(f"{name} = {value:.4g}")
    return settings_of(study.best_params)


def value_of(config: Any, name: str) -> float:
    """The setting of that dotted name."""
    for part in name.split("."):
        config = getattr(config, part)
    return float(config)


def main(
    truth: Annotated[Path, typer.Argument(help="MOTChallenge folder")],
    on: Annotated[str, typer.Option(help="numbers of the sequences to choose by, separated by commas")] = "02,05,10",
    offline: Annotated[
        bool, typer.Option("--offline", help="the offline passes instead of the online tracker")
    ] = False,
    trials: Annotated[int, typer.Option(help="how many settings to try")] = 100,
    seed: Annotated[int, typer.Option(help="of the search")] = 0,
) -> None:
    """Choose settings by some sequences and report them on the others."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    every = [mot_files.read(path) for path in mot_files.sequences(truth)]
    chosen = [one for one in every if any(number in one.name.split("-") for number in on.split(","))]
    others = [one for one in every if one not in chosen]
    if not chosen or not others:
        raise typer.BadParameter(f"--on {on}: expected some of the sequences, and not all, of {truth}")
    best = choose(truth, chosen, offline=offline, trials=trials, seed=seed)
    for name, settings in (
        ("default", Settings(DefaultConfig(), OfflineConfig() if offline else None)),
        ("best", best),
    ):
        for label, part in (("chosen by", chosen), ("others", others)):
            typer.echo(f"{name:8s} {label:10s} {scored(truth, part, settings).spell()}")


if __name__ == "__main__":
    typer.run(main)
