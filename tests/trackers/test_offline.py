"""The passes over a recording."""

from dataclasses import replace

import numpy as np
import pytest
from filterpy.kalman import KalmanFilter
from hypothesis import given
from hypothesis import strategies as st

from core.types import FILLED, Appearance, Descriptors, Tracklet, TrackletKey
from trackers.assignment import assign
from trackers.config import ClutterConfig, JoinConfig, MotionConfig, OfflineConfig, SmoothConfig
from trackers.kalman import PP, PV, VV, KalmanBatch
from trackers.offline import refine
from trackers.offline.backwards import MOST_ALONE, backward_ids, backward_links
from trackers.offline.common_path import common_path
from trackers.offline.ends import ends
from trackers.offline.join import Hints, Joins, candidates, chains, solve
from trackers.offline.refine import _cut
from trackers.offline.smooth import STEPS_AT_ONCE, batches, fill, smooth


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


@pytest.mark.parametrize("seed", range(5))
def test_origin_names_the_detections_of_a_tracklet_and_no_others(seed):
    """Also where a box in the middle of a track was somebody else's and is cut out: its crop speaks for nobody here."""
    rng = np.random.default_rng(seed)
    crowd = []
    for local_id in range(1, 5):
        one = walker(local_id, np.arange(60), 300.0 * local_id)
        boxes = one.boxes_xyxy.copy()
        boxes[rng.integers(20, 40)] += (rng.choice([-200, 200]), 90, 0, 0)
        crowd.append(replace(one, boxes_xyxy=boxes))
    refined = refine(crowd, np.arange(60) / 30, 1920, 1080)
    raw = {one.key: one for one in crowd}
    assert any(len(spans) > 1 for spans in refined.origin.values())
    for tracklet in refined.tracklets:
        detected = set(tracklet.frames[tracklet.source != FILLED].tolist())
        named = [
            frame
            for key, first, last in refined.origin[tracklet.key]
            for frame in raw[key].frames[(raw[key].frames >= first) & (raw[key].frames <= last)].tolist()
        ]
        assert sorted(named) == sorted(detected)


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


def standing(local_id: int, frames: np.ndarray, x_px: float, shift_px: np.ndarray | None = None) -> Tracklet:
    """Somebody who stands still in a picture that has moved by `shift_px` (F,) to the right."""
    x = np.full(len(frames), x_px) + (0 if shift_px is None else shift_px[frames])
    boxes = np.stack([x, np.full(len(x), 100.0), x + 60, np.full(len(x), 260.0)], axis=1)
    return Tracklet(TrackletKey("c", local_id), frames, frames / 30, boxes, np.full(len(x), 0.9), np.zeros(len(x)))


def swapped() -> tuple[Tracklet, Tracklet]:
    """Two who cross and are both unseen while they do; each tracklet is one of them before and the other after."""
    frames = np.delete(np.arange(90), np.arange(36, 54))
    blank = walker(1, frames)
    x = np.stack([100.0 + 6.0 * frames, 634.0 - 6.0 * frames])
    x[:, 36:] = x[::-1, 36:].copy()
    boxes = [np.stack([mine, blank.boxes_xyxy[:, 1], mine + 60, blank.boxes_xyxy[:, 3]], axis=1) for mine in x]
    return replace(blank, boxes_xyxy=boxes[0]), replace(walker(2, frames), boxes_xyxy=boxes[1])


def test_reading_backwards_agrees_on_one_walker_and_not_on_a_swap():
    (ids,) = backward_ids([walker(1, np.arange(40))], np.arange(40) / 30)
    assert len(set(ids.tolist())) == 1
    for ids in backward_ids(list(swapped()), np.arange(90) / 30):
        assert (np.flatnonzero(np.diff(ids)) + 1).tolist() == [36]


def test_a_swap_is_undone():
    refined = refine(list(swapped()), np.arange(90) / 30, 1920, 1080)
    moves = sorted(float(t.boxes_xyxy[-1, 0] - t.boxes_xyxy[0, 0]) for t in refined.tracklets)
    assert moves == pytest.approx([-534, 534], abs=8)


def test_a_swap_stays_where_nothing_is_split():
    refined = refine(list(swapped()), np.arange(90) / 30, 1920, 1080, OfflineConfig(splitting=False))
    assert max(abs(float(t.boxes_xyxy[-1, 0] - t.boxes_xyxy[0, 0])) for t in refined.tracklets) < 50


def test_boxes_that_no_backward_track_takes_are_each_alone():
    lonely = standing(1, np.array([5]), 300.0)
    weak = replace(walker(2, np.arange(3)), scores=np.full(3, 0.01, np.float32))
    ids = np.concatenate(backward_ids([lonely, weak], np.arange(10) / 30))
    assert len(set(ids.tolist())) == 4
    assert (ids[1:] < 0).all()


@pytest.mark.parametrize(("length", "pieces"), [(MOST_ALONE, MOST_ALONE), (MOST_ALONE + 1, 1), (500, 1)])
def test_what_nothing_takes_backwards_for_long_stays_in_one_piece(length, pieces):
    sure, weak = np.full(20, 0.9), np.full(length, 0.5)
    scores = np.concatenate([sure, weak]).astype(np.float32)
    tracklet = replace(walker(1, np.arange(len(scores))), scores=scores)
    (ids,) = backward_ids([tracklet], np.arange(len(scores)) / 30)
    assert len(set(ids[20:].tolist())) == pieces
    assert len(set(ids[:20].tolist())) == 1
    made, hints = _cut([tracklet], np.arange(len(scores)) / 30, OfflineConfig().split, None)
    assert len(made) == pieces + 1
    assert not hints.backward


def test_pieces_that_nothing_took_are_not_one_backward_track():
    pieces = [walker(1, np.arange(10 * k, 10 * k + 9)) for k in range(4)]
    assert backward_links(pieces, [-1, 7, -1, 7]) == {(1, 3)}


def test_nobody_goes_for_lying_on_clutter():
    person, plant = walker(1, np.arange(50, 100)), walker(2, np.arange(200))
    plant = replace(plant, scores=np.full(200, 0.2, np.float32))
    config = OfflineConfig(splitting=False, joining=False, clutter=ClutterConfig(least_score=0.5))
    assert [len(one) for one in refine([person, plant], np.arange(200) / 30, 1920, 1080, config).tracklets] == [50]
    assert [len(one) for one in refine([plant], np.arange(200) / 30, 1920, 1080, config).tracklets] == []


@given(lengths=st.lists(st.integers(1, 40_000), max_size=40))
def test_batches_hold_everybody_once_and_little_at_a_time(lengths: list[int]) -> None:
    made = list(batches(lengths))
    assert sorted(i for batch in made for i in batch) == list(range(len(lengths)))
    for batch in made:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= STEPS_AT_ONCE


def test_filling_is_the_same_in_any_batches(monkeypatch):
    tracklets = [walker(k, np.delete(np.arange(20 + 7 * k), [5, 6, 9])) for k in range(1, 8)]
    together = fill(tracklets, np.arange(100) / 30, (640, 360), SmoothConfig())
    monkeypatch.setattr("trackers.offline.smooth.STEPS_AT_ONCE", 100)
    for one, other in zip(together, fill(tracklets, np.arange(100) / 30, (640, 360), SmoothConfig()), strict=True):
        np.testing.assert_array_equal(one.boxes_xyxy, other.boxes_xyxy)


def test_common_path_is_the_cameras_way():
    shift = np.cumsum(np.r_[0.0, np.random.default_rng(3).normal(0, 5, 29)])
    crowd = [standing(i, np.arange(30), 200.0 * i, shift) for i in range(1, 6)]
    assert np.allclose(common_path(crowd, 30)[:, 0], shift, atol=1e-3)
    assert np.allclose(common_path(crowd[:3], 30), 0.0)  # too few to tell


def test_a_stride_changes_neither_the_common_path_nor_the_backward_ids():
    shift = np.linspace(0.0, 290, 30)
    looked_at = np.arange(0, 30, 3)
    crowd = [standing(i, looked_at, 200.0 * i, shift) for i in range(1, 6)]
    assert np.allclose(common_path(crowd, 30)[:28, 0], shift[:28], atol=1e-3)
    ids = backward_ids([walker(1, np.arange(0, 200, 5))], np.arange(200) / 30)
    assert len(set(ids[0].tolist())) == 1


@pytest.mark.parametrize(("share", "people"), [(1.0, 6), (0.0, 7)])
def test_who_was_lost_while_the_camera_turned_is_found_again(share, people):
    shift = np.concatenate([np.zeros(20), np.linspace(0, 400, 30), np.full(30, 400.0)])
    crowd = [standing(i, np.arange(80), 200.0 * i, shift) for i in range(1, 6)]
    lost = [standing(6, np.arange(20), 1300.0, shift), standing(7, np.arange(50, 80), 1300.0, shift)]
    groups = chains(crowd + lost, JoinConfig(common_share=share), Hints(path=common_path(crowd, 80)))
    assert len(groups) == people


@pytest.mark.parametrize("seed", range(5))
def test_joins_in_parts_are_the_joins_of_the_whole(seed):
    rng = np.random.default_rng(seed)
    whole = np.where(rng.random((30, 30)) < 0.08, rng.uniform(-5, 12, (30, 30)), np.inf)
    i, j = np.nonzero(np.isfinite(whole))
    rows, columns = assign(whole, 8.0)
    assert solve(Joins(i, j, whole[i, j]), 30, 8.0) == dict(zip(rows.tolist(), columns.tolist(), strict=True))


def test_candidates_are_all_who_begin_in_time():
    rng = np.random.default_rng(8)
    crowd = [walker(k, np.arange(b, b + rng.integers(1, 50))) for k, b in enumerate(rng.integers(0, 300, 40), 1)]
    path, config = np.zeros((400, 2)), JoinConfig()
    tails, heads = ends(crowd, config, path, last=True), ends(crowd, config, path, last=False)
    i, j = candidates(tails, heads, 2.0)
    expected = {
        (a, b) for a in range(40) for b in range(40)
        if crowd[b].frames[0] > crowd[a].frames[-1] and crowd[b].times_s[0] - crowd[a].times_s[-1] <= 2.0
    }  # fmt: skip
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == expected
    assert len(i) == len(expected)


def looks_like(tracklet: Tracklet, change_at: int) -> Appearance:
    """Crops every third frame of two people who look nothing alike; the second one from frame `change_at` on."""
    frames = tracklet.frames[::3]
    vectors = np.where((frames < change_at)[:, None], [[1.0, 0.0]], [[0.0, 1.0]]).astype(np.float32)
    count = len(frames)
    descriptors = Descriptors(
        vectors, np.zeros((count, 0, 1)), np.zeros((count, 0)), np.zeros((count, 0, 1)), np.ones(count)
    )
    return Appearance(tracklet.key, frames, descriptors)


@pytest.mark.parametrize(("change_at", "people"), [(30, 2), (999, 1)])
def test_a_change_of_looks_cuts_and_is_not_joined_again(change_at, people):
    one = walker(1, np.arange(60))
    refined = refine([one], np.arange(60) / 30, 1920, 1080, appearances={one.key: looks_like(one, change_at)})
    assert len(refined.tracklets) == people


def test_who_is_doubtful_and_never_moves_for_long_was_a_plant():
    frames = np.arange(60)  # two seconds
    still = standing(1, frames, 100.0)
    kept = {}
    for name, tracklet in {
        "sure": still,
        "doubtful": replace(still, scores=np.full(60, 0.55)),
        "doubtful but short": replace(standing(1, frames[:40], 100.0), scores=np.full(40, 0.55)),
        "doubtful and moving": replace(walker(1, frames), scores=np.full(60, 0.55)),
        "very doubtful and short": replace(standing(1, frames[:40], 100.0), scores=np.full(40, 0.3)),
    }.items():
        kept[name] = len(refine([tracklet], frames / 30, 640, 360).tracklets)
    assert kept == {
        "sure": 1, "doubtful": 0, "doubtful but short": 1, "doubtful and moving": 1, "very doubtful and short": 0,
    }  # fmt: skip
