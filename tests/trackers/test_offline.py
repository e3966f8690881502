"""The passes over a recording."""

import numpy as np
import pytest
from filterpy.kalman import KalmanFilter

from core.types import FILLED, Tracklet, TrackletKey
from trackers.config import JoinConfig, MotionConfig, SmoothConfig
from trackers.kalman import PP, PV, VV, KalmanBatch
from trackers.offline import refine
from trackers.offline.join import chains
from trackers.offline.smooth import fill, smooth


def walker(local_id: int, frames: np.ndarray, start_px: float = 100.0) -> Tracklet:
    """Somebody walking to the right at 60 px a second."""
    x = start_px + 2.0 * frames
    boxes = np.stack([x, np.full(len(x), 100.0), x + 60, np.full(len(x), 260.0)], axis=1)
    count = len(frames)
    return Tracklet(TrackletKey("c", local_id), frames, frames / 30, boxes, np.full(count, 0.9), np.zeros(count))


def test_smoother_equals_filterpys():
    rng = np.random.default_rng(2)
    motion = MotionConfig()
    times = np.cumsum(rng.choice([1 / 30, 0.1], 25))
    z = np.array([100.0, 200, 60, 160]) + rng.normal(0, 3, (25, 4)) + 40 * times[:, None]
    z[[7, 8, 15]] = np.nan
    (found,) = smooth([times], [z], motion)
    batch = KalmanBatch(motion)
    batch.append(z[:1])
    single = KalmanFilter(dim_x=8, dim_z=4)
    single.H = np.hstack([np.eye(4), np.zeros((4, 4))])
    pp, pv, vv = (np.diag(batch.state[part, 0]) for part in (PP, PV, VV))
    single.x, single.P = np.concatenate([z[0], np.zeros(4)]), np.block([[pp, pv], [pv, vv]])
    xs, ps, fs, qs = [single.x.copy()], [single.P.copy()], [np.eye(8)], [np.zeros((8, 8))]
    for step in range(1, 25):
        dt_s = times[step] - times[step - 1]
        q_pp, q_pv, q_vv = (np.diag(part[0]) for part in batch.process_noise(dt_s))
        f = np.block([[np.eye(4), dt_s * np.eye(4)], [np.zeros((4, 4)), np.eye(4)]])
        q = np.block([[q_pp, q_pv], [q_pv, q_vv]])
        single.predict(F=f, Q=q)
        batch.predict(dt_s)
        if not np.isnan(z[step, 0]):
            single.update(z[step], R=np.diag(batch.measured_variance(z[step : step + 1])[0]))
            batch.update(np.zeros(1, int), z[step : step + 1])
        for kept, value in ((xs, single.x), (ps, single.P), (fs, f), (qs, q)):
            kept.append(value.copy())
    single.F = np.eye(8)
    # filterpy takes the F and Q of the step that leads on from k at index k + 1
    expected, *_ = single.rts_smoother(np.array(xs), np.array(ps), fs, qs)
    assert np.allclose(found, expected[:, :4], rtol=1e-9, atol=1e-7)


def test_gaps_are_filled_marked_and_on_the_way():
    whole = np.arange(40)
    seen = np.delete(whole, np.arange(15, 25))
    (filled,) = fill([walker(1, seen)], whole / 30, (1920, 1080), SmoothConfig())
    assert filled.frames.tolist() == whole.tolist()
    assert np.flatnonzero(filled.source == FILLED).tolist() == list(range(15, 25))
    assert (filled.scores[15:25] == 0).all()
    assert np.allclose(filled.boxes_xyxy, walker(1, whole).boxes_xyxy, atol=4)


def test_long_gaps_stay_empty():
    seen = np.r_[np.arange(10), np.arange(300, 310)]
    (filled,) = fill([walker(1, seen)], np.arange(400) / 30, (1920, 1080), SmoothConfig(longest_fill_s=2.0))
    assert filled.frames.tolist() == seen.tolist()


def test_a_broken_track_is_joined_and_its_origin_told():
    before, after = walker(4, np.arange(30)), walker(9, np.arange(36, 60))
    refined = refine([before, after], np.arange(60) / 30, 1920, 1080)
    (tracklet,) = refined.tracklets
    assert tracklet.key == TrackletKey("c", 1)
    assert tracklet.frames.tolist() == list(range(60))
    assert refined.origin[tracklet.key] == [(before.key, 0, 29), (after.key, 36, 59)]


def test_people_far_apart_are_not_joined():
    assert len(refine([walker(1, np.arange(30)), walker(2, np.arange(36, 60), 900.0)], np.arange(60) / 30, 1920, 1080)
               .tracklets) == 2  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_a_chain_never_holds_two_boxes_in_a_frame(seed):
    rng = np.random.default_rng(seed)
    crowd = [walker(i + 1, np.arange(b, b + rng.integers(3, 40)), rng.uniform(50, 130))
             for i, b in enumerate(rng.integers(0, 100, 25))]  # fmt: skip
    joined = chains(crowd, JoinConfig(limit=50.0))
    assert sorted(i for chain in joined for i in chain) == list(range(25))
    for chain in joined:
        frames = np.concatenate([crowd[i].frames for i in chain])
        assert (np.diff(frames) > 0).all()


def test_nothing_gives_nothing():
    refined = refine([], np.zeros(0), 1920, 1080)
    assert refined.tracklets == []
    assert refined.origin == {}
