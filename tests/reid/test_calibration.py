"""Distance to probability."""

import dataclasses
import json

import numpy as np
import pytest

from core.errors import InputError, OutputError, WeightsError
from reid.calibration import FILE, Calibration, calibration_error, fit, logistic_curve
from tests.core.test_whole import files_at_most


def pairs(count: int = 6000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distances that say more the more evidence there is, and nothing where there is hardly any."""
    rng = np.random.default_rng(seed)
    same = rng.random(count) < 0.3
    evidence = rng.uniform(0, 1, count)
    gap = np.where(evidence < 0.2, 0, 0.5 * evidence)
    return rng.normal(0.6, 0.15, count) + np.where(same, -gap, gap) / 2, evidence, same


def test_probabilities_hold_on_other_pairs() -> None:
    fitted = fit(*pairs(), network="n")
    distance, evidence, same = pairs(seed=1)
    error, rows = calibration_error(fitted.probability(distance, evidence), same)
    assert error < 0.05
    assert sum(row["share"] for row in rows) == pytest.approx(1, abs=0.01)


def test_too_little_evidence_is_unknown_and_enough_is_not() -> None:
    fitted = fit(*pairs(), network="n")
    assert 0.05 < fitted.least_evidence < 0.5
    assert np.isnan(fitted.probability(np.array([0.1]), np.array([0.01]))).all()
    assert not np.isnan(fitted.probability(np.array([0.1]), np.array([0.9]))).any()


def test_more_distance_is_never_likelier_and_more_evidence_is_surer() -> None:
    fitted = fit(*pairs(), network="n")
    falling = fitted.probability(np.linspace(0, 2, 50), np.full(50, 0.7))
    assert (np.diff(falling) <= 0).all()
    low, high = fitted.probability(np.array([0.2, 0.2]), np.array([0.5, 0.95]))
    assert high > low


def test_the_curve_equals_the_odds_of_two_normal_distributions() -> None:
    rng = np.random.default_rng(2)
    same = np.arange(40_000) % 2 == 0
    distance = rng.normal(np.where(same, 0.4, 0.8), 0.2)
    intercept, slope = logistic_curve(distance, same)  # log odds = (0.8² − 0.4²) / 2σ² − (0.8 − 0.4) / σ² · d
    assert (intercept, slope) == (pytest.approx(6, abs=0.3), pytest.approx(-10, abs=0.5))


def test_a_distance_that_says_the_opposite_says_nothing() -> None:
    same = np.arange(200) % 2 == 0
    assert logistic_curve(np.where(same, 0.9, 0.1), same) == (0, 0)


def test_calibration_error_of_a_liar_and_of_nobody() -> None:
    same = np.array([True, False] * 50)
    error, _ = calibration_error(np.full(100, 0.9), same)
    assert error == pytest.approx(0.4)
    assert calibration_error(np.full(100, np.nan), same) == (0, [])


def test_too_few_pairs_are_refused() -> None:
    with pytest.raises(InputError, match="give more people"):
        fit(*pairs(40), network="n")


def test_one_amount_of_evidence_that_says_nothing() -> None:
    same = np.arange(200) % 2 == 0
    fitted = fit(np.random.default_rng(0).random(200), np.full(200, 0.5), same, "n")
    assert fitted.least_evidence == 0.5
    assert np.isnan(fitted.probability(np.array([0.1]), np.array([0.4]))).all()


def test_a_calibration_that_cannot_be_written_leaves_the_old_one(tmp_path) -> None:
    old = Calibration("n", (0.0, 1.0), (6.0, 6.0), (-20.0, -20.0), 0.01, 0.05)
    path = old.write(tmp_path)
    with files_at_most(20), pytest.raises(OutputError, match=r"cannot write .*calibration\.json"):
        dataclasses.replace(old, cluster_distance=0.1).write(tmp_path)
    assert Calibration.read(tmp_path, "n") == old
    assert list(tmp_path.iterdir()) == [path]


def test_round_trip_and_what_is_refused(tmp_path) -> None:
    fitted = fit(*pairs(), network="n")
    fitted.write(tmp_path)
    assert Calibration.read(tmp_path, "n") == fitted
    with pytest.raises(WeightsError, match="made for n"):
        Calibration.read(tmp_path, "another")
    values = json.loads((tmp_path / FILE).read_text())
    for broken in ("{", "[]", json.dumps(values | {"format": 9}), json.dumps({**values, "slope": "x"})):
        (tmp_path / FILE).write_text(broken)
        with pytest.raises(WeightsError, match="calibrate"):
            Calibration.read(tmp_path, "n")
    with pytest.raises(WeightsError, match="no calibration"):
        Calibration.read(tmp_path / "none", "n")
