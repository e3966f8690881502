"""The batched filter against filterpy's, track by track."""

import numpy as np
import pytest
from filterpy.kalman import KalmanFilter
from hypothesis import given, settings
from hypothesis import strategies as st

from trackers.config import MotionConfig
from trackers.kalman import PP, PV, SPEED, VALUE, VV, KalmanBatch, measure, to_boxes


def textbook(batch: KalmanBatch, track: int) -> KalmanFilter:
    """The 8-state filter of one track; state order: four values, four speeds."""
    kalman = KalmanFilter(dim_x=8, dim_z=4)
    kalman.x = np.concatenate([batch.values[track], batch.speeds[track]])
    kalman.H = np.hstack([np.eye(4), np.zeros((4, 4))])
    kalman.P = covariance(batch, track)
    return kalman


def covariance(batch: KalmanBatch, track: int) -> np.ndarray:
    pp, pv, vv = (np.diag(batch.state[part, track]) for part in (PP, PV, VV))
    return np.block([[pp, pv], [pv, vv]])


@pytest.mark.parametrize("shape", ["size", "aspect"])
def test_equals_filterpy_with_uneven_steps(shape):
    rng = np.random.default_rng(3)
    boxes = rng.uniform(0, 500, (5, 2)).repeat(2, axis=1)[:, [0, 2, 1, 3]] + [0, 0, 60, 150]
    batch = KalmanBatch(MotionConfig(shape=shape, width_noise=0.08))
    batch.append(measure(boxes, shape))
    singles = [textbook(batch, track) for track in range(5)]
    for step in range(60):
        dt_s = rng.choice([0.0, 1 / 60, 1 / 30, 0.4])
        q_pp, q_pv, q_vv = batch.process_noise(dt_s)
        batch.predict(dt_s)
        for track, single in enumerate(singles):
            corner = np.diag(q_pv[track])
            noise = np.block([[np.diag(q_pp[track]), corner], [corner, np.diag(q_vv[track])]])
            single.predict(F=np.block([[np.eye(4), dt_s * np.eye(4)], [np.zeros((4, 4)), np.eye(4)]]), Q=noise)
        rows = np.flatnonzero(rng.random(5) < 0.7)
        z = measure(boxes[rows] + step * 3 + rng.normal(0, 2, (len(rows), 4)), shape)
        r = batch.measured_variance(z)
        batch.update(rows, z)
        for row, value, variance in zip(rows, z, r, strict=True):
            singles[row].update(value, R=np.diag(variance))
        for track, single in enumerate(singles):
            assert np.allclose(batch.values[track], single.x[:4], rtol=1e-9, atol=1e-9)
            assert np.allclose(batch.speeds[track], single.x[4:], rtol=1e-9, atol=1e-9)
            assert np.allclose(covariance(batch, track), single.P, rtol=1e-9, atol=1e-9)


def test_innovation_is_filterpys():
    batch = KalmanBatch(MotionConfig())
    batch.append(measure(np.array([[10.0, 20, 60, 150], [300, 20, 380, 250]]), "size"))
    batch.predict(0.1)
    value, variance = batch.innovation()
    for track in range(2):
        single = textbook(batch, track)
        single.update(value[track], R=np.diag(batch.measured_variance(value)[track]))
        assert np.allclose(single.S, np.diag(variance[track]), rtol=1e-12)


def test_two_half_steps_are_one_whole_step():
    whole, halves = KalmanBatch(MotionConfig()), KalmanBatch(MotionConfig())
    z = measure(np.array([[10.0, 20, 60, 150]]), "size")
    for batch in (whole, halves):
        batch.append(z)
    whole.predict(0.2)
    halves.predict(0.1)
    halves.predict(0.1)
    assert np.allclose(whole.state, halves.state, rtol=1e-12)


def test_covariance_stays_positive_definite_for_10000_steps():
    rng = np.random.default_rng(11)
    batch = KalmanBatch(MotionConfig())
    batch.append(measure(np.array([[10.0, 20, 60, 150], [1, 1, 2, 3], [0, 0, 4000, 4000]]), "size"))
    for _ in range(10_000):
        batch.predict(rng.choice([0.0, 1e-4, 1 / 30, 5.0]))
        rows = np.flatnonzero(rng.random(3) < 0.5)
        low = rng.uniform(-2000, 4000, (len(rows), 2))
        batch.update(rows, measure(np.hstack([low, low + rng.uniform(0.5, 3000, (len(rows), 2))]), "size"))
        assert (batch.state[PP] > 0).all()
        assert (batch.state[VV] > 0).all()
        assert (batch.state[PP] * batch.state[VV] > batch.state[PV] ** 2).all()
    assert np.isfinite(batch.state).all()


def test_warp_moves_tracks_as_the_picture_moves():
    batch = KalmanBatch(MotionConfig())
    boxes = np.array([[10.0, 20, 60, 150]])
    batch.append(measure(boxes, "size"))
    batch.warp(np.array([[2.0, 0, 5], [0, 2.0, -3]]))
    assert np.allclose(to_boxes(batch.values, "size"), boxes * 2 + [5, -3, 5, -3])
    assert np.allclose(batch.state[SPEED], 0)


def test_height_never_shrinks_to_nothing():
    batch = KalmanBatch(MotionConfig())
    batch.append(measure(np.array([[10.0, 20, 60, 150]]), "size"))
    batch.state[SPEED] = -100.0
    batch.predict(60.0)
    assert (batch.state[VALUE, :, 2:] > 0).all()


@given(st.lists(st.tuples(*[st.floats(-1e5, 1e5)] * 2, *[st.floats(0.5, 1e4)] * 2), max_size=8))
@settings(max_examples=50, deadline=None)
def test_boxes_survive_measuring(corners):
    table = np.array(corners, np.float64).reshape(-1, 4)
    boxes = np.hstack([table[:, :2], table[:, :2] + table[:, 2:]])
    for shape in ("size", "aspect"):
        assert np.allclose(to_boxes(measure(boxes, shape), shape), boxes, atol=1e-6)
