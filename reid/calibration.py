"""From a distance to the probability that two crops show one person, by how much evidence there was.

One logistic curve per amount of evidence (Platt 1999), fitted on pairs of held-out rendered people; between two amounts
intercept and slope are interpolated. Same and different are taken as equally likely beforehand: who searches among many
must expect fewer hits than the numbers say.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError, WeightsError
from core.whole import whole_file
from reid.beside import read_beside

FILE, TASK, FORMAT = "calibration.json", "person-reid-calibration", 1
BINS, LEAST_OF_A_KIND, LEAST_ACCURACY, RARE = 10, 30, 0.7, 0.01
_STEPS, _RIDGE = 100, 1e-6


@dataclass(frozen=True)
class Calibration:
    """What `calibration.json` holds, for one network.

    network: identifier of the network it was made for. evidence: increasing; intercept and slope (never positive) of
    log odds = intercept + slope · distance there. least_evidence: below it the answer is unknown. cluster_distance:
    where `cluster` stops merging. scores: what was measured when it was made.
    """

    network: str
    evidence: tuple[float, ...]
    intercept: tuple[float, ...]
    slope: tuple[float, ...]
    least_evidence: float
    cluster_distance: float
    scores: Mapping[str, Any] = field(default_factory=dict)

    def probability(self, distance: np.ndarray, evidence: np.ndarray) -> np.ndarray:
        """Of being one person, float64 in the shape of `distance`; NaN, unknown, where evidence is too little."""
        at = np.asarray(evidence, np.float64)
        a, b = np.interp(at, self.evidence, self.intercept), np.interp(at, self.evidence, self.slope)
        return np.where(at < self.least_evidence, np.nan, _logistic(a + b * np.asarray(distance, np.float64)))

    def write(self, folder: Path) -> Path:
        """Write `folder`/calibration.json; gives its path. Raises OutputError."""
        path = folder / FILE
        values = {"format": FORMAT, "task": TASK} | dataclasses.asdict(self)
        with whole_file(path) as temporary:
            temporary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        return path

    @classmethod
    def read(cls, folder: Path, network: str) -> "Calibration":
        """Of `folder`, for the network of that identifier. Raises WeightsError: missing, broken, another network's."""
        path = folder / FILE
        remedy = "`python -m reid calibrate SHARDS` makes one"
        values = read_beside(path, TASK, FORMAT, network, "calibration", remedy)
        try:
            curves = {name: tuple(map(float, values[name])) for name in ("evidence", "intercept", "slope")}
            return cls(**(values | curves))
        except (KeyError, TypeError, ValueError) as error:
            raise WeightsError(f"{path}: not a calibration of ours: {error}; {remedy}") from error


def fit(distance: np.ndarray, evidence: np.ndarray, same: np.ndarray, network: str) -> Calibration:
    """Curves from pairs: distance, evidence, same (n,). `cluster_distance` is where the odds are even; set it later.

    Amounts of evidence are quantiles of the pairs of one person; both kinds weigh the same in each. Unknown is what has
    less evidence than all but a share RARE of those pairs, and amounts up to the first at which the better guess is
    right in LEAST_ACCURACY of cases. Raises InputError where an amount has fewer than LEAST_OF_A_KIND pairs of a kind.
    """
    edges = np.unique(np.quantile(evidence[same], np.linspace(RARE, 1, BINS + 1))) if same.any() else np.zeros(1)
    place = np.clip(np.searchsorted(edges, evidence, side="right") - 1, 0, max(0, len(edges) - 2))
    at, curves, accurate = [], [], []
    for one in range(max(1, len(edges) - 1)):
        rows = place == one
        kinds = int((same & rows).sum()), int((~same & rows).sum())
        if min(kinds) < LEAST_OF_A_KIND:
            raise InputError(
                f"calibration: expected {LEAST_OF_A_KIND} pairs of one person and of two for each amount of evidence, "
                f"got {kinds}; give more people or more crops of each"
            )
        at.append(float(evidence[rows & same].mean()))
        curves.append(logistic_curve(distance[rows], same[rows]))
        likely = curves[-1][0] + curves[-1][1] * distance[rows] > 0
        accurate.append((likely[same[rows]].mean() + (~likely[~same[rows]]).mean()) / 2 >= LEAST_ACCURACY)
    useless = len(accurate) if not any(accurate) else accurate.index(True)
    least = float(edges[min(useless, len(edges) - 1)])
    a, b = (tuple(float(curve[i]) for curve in curves) for i in (0, 1))
    even = float(np.median([-x / y for x, y in zip(a, b, strict=True) if y < 0] or [0.0]))
    return Calibration(network, tuple(at), a, b, least, even)


def logistic_curve(distance: np.ndarray, same: np.ndarray) -> tuple[float, float]:
    """Intercept and slope ≤ 0 of the log odds by Newton's method, both kinds weighing the same."""
    x = np.stack([np.ones(len(distance)), np.asarray(distance, np.float64)], axis=1)
    weight = np.where(same, 0.5 / max(1, same.sum()), 0.5 / max(1, (~same).sum()))
    theta = np.zeros(2)
    for _ in range(_STEPS):
        p = _logistic(x @ theta)
        gradient = x.T @ (weight * (p - same)) + _RIDGE * theta
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + _RIDGE * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        theta = theta - step * min(1.0, 10 / max(1e-9, float(np.abs(step).max())))
        if np.abs(step).max() < 1e-9:
            break
    if theta[1] > 0:  # more distant pairs are never likelier to be one person
        return 0.0, 0.0
    return float(theta[0]), float(theta[1])


def calibration_error(
    probability: np.ndarray, same: np.ndarray, bins: int = 10
) -> tuple[float, list[dict[str, float]]]:
    """Expected calibration error (Naeini et al., AAAI 2015), and its reliability diagram row by row.

    Both kinds weigh the same, as in the fit. Rows with NaN (unknown) are left out; nothing known gives 0 and no rows.
    """
    known = ~np.isnan(probability)
    p, y = probability[known], same[known]
    weight = np.where(y, 0.5 / max(1, y.sum()), 0.5 / max(1, (~y).sum()))
    place = np.minimum((p * bins).astype(int), bins - 1)
    error, rows = 0.0, []
    for one in range(bins):
        mass = float(weight[place == one].sum())
        if mass > 0:
            said = float((weight * p)[place == one].sum() / mass)
            true = float((weight * y)[place == one].sum() / mass)
            error += mass * abs(said - true)
            rows.append({"said": round(said, 4), "true": round(true, 4), "share": round(mass, 4)})
    return error / max(1e-12, float(weight.sum())), rows


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))
