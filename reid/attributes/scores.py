"""How good the answers are, on people that were not fitted on."""

from typing import Any

import numpy as np

from reid.attributes.fitting import Labelled
from reid.attributes.model import AttributeModel
from reid.attributes.questions import labelled
from reid.data.attributes import MISSING

_BINS = 10
COLUMNS = ("accuracy", "balanced", "majority", "calibration_error", "answered", "right")
_SHORT = {"calibration_error": "ECE"}


def measured(model: AttributeModel, crops: Labelled) -> dict[str, Any]:
    """`crops` and `tracklets`: for each question COLUMNS, all shares, where what is asked about is seen.

    accuracy: the likeliest answer is right; balanced: the mean over answers; majority: of always giving the commonest;
    calibration_error: expected (Naeini et al., AAAI 2015); answered: not `unknown`, of all, seen or not; right: the
    accuracy of those. Somebody who wears what the model has no answer for is answered wrongly.
    """
    sets = {"crops": np.arange(len(crops.identity)), "tracklets": np.unique(crops.tracklet, return_inverse=True)[1]}
    return {name: _measured(model, crops, owner.reshape(-1)) for name, owner in sets.items()}


def table(scores: dict[str, Any]) -> list[str]:
    """Lines for people to read, in per cent."""
    lines = [f"{'':12} {'':9} " + " ".join(f"{_SHORT.get(name, name):>9}" for name in COLUMNS)]
    for question in scores["crops"]:
        for kind in ("crops", "tracklets"):
            numbers = " ".join(f"{100 * scores[kind][question][name]:9.1f}" for name in COLUMNS)
            lines.append(f"{question:12} {kind:9} {numbers}")
    return lines


def _measured(model: AttributeModel, crops: Labelled, owner: np.ndarray) -> dict[str, dict[str, float]]:
    count, first = int(owner.max()) + 1, np.unique(owner, return_index=True)[1]
    columns = {one.question.name: (one.answers, one.column[first]) for one in labelled(crops.attributes)}
    found = {}
    for one, log_p, shown in model.log_probabilities(crops.found, owner, count):
        answers, column = columns[one.question.name]
        places = [one.answers.index(name) if name in one.answers else len(one.answers) for name in answers]
        right = np.array([*places, MISSING])[column]
        asked = right != MISSING
        found[one.question.name] = _scores(np.exp(log_p[asked]), right[asked], shown[asked], model.least_probability)
    return found


def _scores(p: np.ndarray, right: np.ndarray, shown: np.ndarray, least: float) -> dict[str, float]:
    """p (n, C); right (n,), C for what there is no answer for; shown (n,)."""
    sure = shown & (p.max(axis=1) >= least)
    hit = p.argmax(axis=1) == right
    kinds = [hit[shown & (right == one)].mean() for one in np.unique(right[shown])]
    values = {
        "accuracy": _mean(hit[shown]), "balanced": _mean(np.array(kinds)),
        "majority": _mean(right[shown] == np.bincount(right[shown], minlength=1).argmax()),
        "calibration_error": confidence_error(p[shown].max(axis=1), hit[shown]), "answered": _mean(sure),
        "right": _mean(hit[sure]),
    }  # fmt: skip
    return {name: round(values[name], 4) for name in COLUMNS}


def confidence_error(confidence: np.ndarray, hit: np.ndarray) -> float:
    """Expected calibration error of answers (n,) with their probability, in ten equal steps of it; 0 for none."""
    place = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [abs((confidence - hit)[place == one].sum()) for one in np.unique(place)]
    return float(sum(gaps) / max(1, len(hit)))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
