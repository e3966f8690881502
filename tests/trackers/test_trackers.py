"""What every tracker promises, whichever it is."""

from dataclasses import replace

import numpy as np
import pytest

import trackers
from core.errors import InputError, SettingError
from core.types import Detections
from trackers.config import DefaultConfig
from trackers.default import alone

FRAME_RATE = 30.0
EVERY = pytest.mark.parametrize("name", trackers.NAMES)


def run(tracker, frames, frame_rate=FRAME_RATE, start=0):
    return [tracker.update(found, start + i, (start + i) / frame_rate) for i, found in enumerate(frames)]


def spoken(results):
    """All that a run reported, comparable."""
    return [
        (r.local_ids.tolist(), r.rows.tolist(), r.confirmed.tolist(), r.ended, r.boxes_xyxy.tobytes()) for r in results
    ]


def same_tracklets(a, b):
    assert [t.key for t in a] == [t.key for t in b]
    for one, other in zip(a, b, strict=True):
        assert np.array_equal(one.frames, other.frames)
        assert np.array_equal(one.boxes_xyxy, other.boxes_xyxy)


@EVERY
def test_follows_people(name, walkers):
    tracker = trackers.make(name)
    results = run(tracker, walkers)
    tracklets = tracker.tracklets("cam")
    assert tracklets
    assert max(len(t) for t in tracklets) > 20
    assert min(int(r.local_ids.min()) for r in results if len(r)) == 1


@EVERY
def test_ids_unique_and_one_detection_to_one_track(name, walkers):
    ended: set[int] = set()
    for result in run(trackers.make(name), walkers):
        assert len(set(result.local_ids.tolist())) == len(result)
        assert len(set(result.rows.tolist())) == len(result)
        assert not ended & set(result.local_ids.tolist())
        ended |= set(result.ended)


@EVERY
def test_order_of_detections_changes_labels_only(name, walkers):
    rng = np.random.default_rng(0)
    plain, shuffled = trackers.make(name), trackers.make(name)
    same: dict[int, int] = {}
    for frame, found in enumerate(walkers):
        order = rng.permutation(len(found))
        a = plain.update(found, frame, frame / FRAME_RATE)
        b = shuffled.update(found[order], frame, frame / FRAME_RATE)
        of_row = dict(zip(order[b.rows].tolist(), b.local_ids.tolist(), strict=True))
        assert sorted(of_row) == sorted(a.rows.tolist())
        for row, local_id in zip(a.rows.tolist(), a.local_ids.tolist(), strict=True):
            assert same.setdefault(local_id, of_row[row]) == of_row[row]


@EVERY
def test_two_cameras_in_turn_equal_each_alone(name, make_street):
    left, right = make_street(1), make_street(2, people=4)
    alone = [run(trackers.make(name), frames) for frames in (left, right)]
    a, b = trackers.make(name), trackers.make(name)
    together: tuple[list, list] = ([], [])
    for frame, (one, other) in enumerate(zip(left, right, strict=True)):
        together[0].append(a.update(one, frame, frame / FRAME_RATE))
        together[1].append(b.update(other, frame, frame / FRAME_RATE))
    assert [spoken(results) for results in together] == [spoken(results) for results in alone]


@EVERY
def test_reset_touches_only_its_own_instance(name, walkers):
    one, other, never = (trackers.make(name) for _ in range(3))
    run(one, walkers[:30])
    run(other, walkers[:30])
    run(never, walkers[:30])
    one.reset()
    assert one.tracklets("cam") == []
    assert spoken(run(one, walkers[:30])) == spoken(run(trackers.make(name), walkers[:30]))
    assert spoken(run(other, walkers[30:], start=30)) == spoken(run(never, walkers[30:], start=30))


@EVERY
def test_saved_and_restored_mid_video(name, walkers):
    whole, first = trackers.make(name), trackers.make(name)
    expected = run(whole, walkers)
    run(first, walkers[:33])
    saved = first.state()
    run(first, walkers[33:40], start=33)  # what follows must not leak into what was saved
    second = trackers.make(name)
    second.restore(saved)
    assert spoken(run(second, walkers[33:], start=33)) == spoken(expected[33:])
    same_tracklets(second.tracklets("cam"), whole.tracklets("cam"))


def test_state_of_another_tracker_is_refused(walkers):
    with pytest.raises(InputError, match="Sort"):
        trackers.make("default").restore(trackers.make("sort").state())


@EVERY
def test_doubling_the_frame_rate_keeps_the_tracks(name):
    rng = np.random.default_rng(4)
    place, speed = rng.uniform([100, 200], [1800, 700], (5, 2)), rng.uniform(-60, 60, (5, 2))

    half = np.array([30, 80])

    def scene(frame_rate):
        centres = [place + speed * frame / frame_rate for frame in range(int(2 * frame_rate))]
        return [Detections(np.hstack([c - half, c + half]), np.full(5, 0.9)) for c in centres]

    slow, quick = trackers.make(name), trackers.make(name)
    run(slow, scene(15.0), 15.0)
    run(quick, scene(30.0), 30.0)
    ends = [sorted(tuple(t.boxes_xyxy[0].round(2)) for t in tracker.tracklets("c")) for tracker in (slow, quick)]
    assert len(ends[0]) == 5
    assert ends[0] == ends[1]


@EVERY
def test_no_people_no_tracks(name):
    tracker = trackers.make(name)
    assert tracker.tracklets("cam") == []
    result = tracker.update(Detections.empty(), 0, 0.0)
    assert len(result) == 0
    assert result.boxes_xyxy.shape == (0, 4)
    assert tracker.tracklets("cam") == []


@EVERY
def test_absurd_boxes_are_left_out(name):
    tracker = trackers.make(name)
    sane = [10.0, 20, 60, 150]
    boxes = [sane, [60, 20, 10, 150], [5, 5, 5, 5], [0, 0, 1e30, 1e30], [-400, -300, -350, -100]]
    for frame in range(10):
        result = tracker.update(Detections(boxes, [0.9, 0.9, 0.9, 7.0, -3.0]), frame, frame / FRAME_RATE)
        assert result.rows.tolist() == [0]
    assert np.isfinite(tracker.kalman.state).all()


@EVERY
def test_thousands_of_boxes(name):
    rng = np.random.default_rng(6)
    low = rng.uniform(0, 3000, (3000, 2))
    crowd = Detections(np.hstack([low, low + np.array([20, 50])]), rng.random(3000))
    config = trackers.CONFIGS[name]()
    tracker = trackers.make(name, replace(config, life=replace(config.life, most_detections=300)))
    for frame in range(2):
        assert len(tracker.update(crowd, frame, frame / FRAME_RATE)) <= 300


@EVERY
@pytest.mark.parametrize("times_s", [[0.0] * 20, [1.0 - i / 30 for i in range(20)], [i * 1e9 for i in range(20)]])
def test_time_that_stands_runs_back_or_leaps(name, times_s):
    tracker = trackers.make(name)
    still = Detections([[10.0, 20, 60, 150]], [0.9])
    for frame, time_s in enumerate(times_s):
        assert len(tracker.update(still, frame, time_s)) == 1
    assert np.isfinite(tracker.kalman.state).all()


@pytest.mark.parametrize(("frame", "time_s"), [(5, 1.0), (4, 1.0), (6, float("nan")), (6, float("inf"))])
def test_a_frame_twice_or_at_no_time_is_refused(frame, time_s):
    tracker = trackers.make()
    tracker.update(Detections.empty(), 5, 0.0)
    with pytest.raises(InputError):
        tracker.update(Detections.empty(), frame, time_s)


def test_unknown_name_and_wrong_config():
    with pytest.raises(SettingError, match="did you mean 'bytetrack'"):
        trackers.make("bytetrak")
    with pytest.raises(SettingError, match="expected a DefaultConfig"):
        trackers.make("default", trackers.CONFIGS["sort"]())


@EVERY
def test_keypoints_come_back(name):
    tracker = trackers.make(name)
    rng = np.random.default_rng(2)
    keypoints = np.dstack([rng.uniform(10, 60, (1, 17)), rng.uniform(20, 150, (1, 17)), rng.random((1, 17))])
    for frame in range(8):
        tracker.update(Detections([[10.0, 20, 60, 150]], [0.9], keypoints), frame, frame / FRAME_RATE)
    (tracklet,) = tracker.tracklets("cam")
    assert tracklet.keypoints_xyc is not None
    assert len(tracklet) == 8  # the provisional ones, too
    assert np.allclose(tracklet.keypoints_xyc[3], keypoints[0], atol=0.01)


def test_somebody_alone_is_followed_through_an_odd_movement_and_in_a_crowd_is_not():
    """A sudden drop by a third of the height: beyond the filter's belief, but whose else could it be?"""

    def ids(neighbours):
        tracker = trackers.make("default")
        boxes = np.array([[100.0, 100, 200, 300], *neighbours])
        for frame in range(20):
            tracker.update(Detections(boxes, np.full(len(boxes), 0.9)), frame, frame / FRAME_RATE)
        moved = boxes.copy()
        moved[0, [1, 3]] += 60
        result = tracker.update(Detections(moved, np.full(len(boxes), 0.9)), 20, 20 / FRAME_RATE)
        return result.local_ids[result.rows == 0].tolist()

    assert ids([]) == [1]
    assert ids([[140.0, 100, 240, 300]]) != [1]


def test_alone_by_loop():
    rng = np.random.default_rng(9)
    config = replace(DefaultConfig(), alone_iou=0.5, near_iou=0.3)
    for _ in range(50):
        overlap = np.where(rng.random((6, 5)) < 0.25, rng.random((6, 5)), 0.0)
        rows, columns = rng.random(6) < 0.8, rng.random(5) < 0.8
        expected = [
            (i, j) for i in range(6) for j in range(5)
            if rows[i] and columns[j] and overlap[i, j] >= 0.5
            and all(overlap[i, k] <= 0.3 for k in range(5) if k != j)
            and all(overlap[k, j] <= 0.3 for k in range(6) if k != i)
        ]  # fmt: skip
        found = alone(overlap, rows, columns, config)
        assert list(zip(*(part.tolist() for part in found), strict=True)) == expected


@pytest.mark.parametrize(("hidden", "still_there"), [(True, True), (False, False)])
def test_the_hidden_are_waited_for_longer_than_those_who_left_in_clear_view(hidden, still_there):
    tracker = trackers.make("default")
    person, screen = [100.0, 100, 200, 300], [80.0, 90, 260, 340]
    for frame in range(70):
        boxes = [person] if frame < 10 else []
        boxes += [screen] if hidden and frame >= 10 else []
        found = Detections(np.array(boxes).reshape(-1, 4), np.full(len(boxes), 0.9))
        tracker.update(found, frame, frame / FRAME_RATE)
    assert (1 in tracker.tracks["local_id"].tolist()) == still_there


@pytest.mark.parametrize("frame_rate", [10.0, 25.0, 30000 / 1001, 30.0, 60.0])
def test_sort_outlives_exactly_one_missed_frame(frame_rate):
    there, nobody = Detections([[100.0, 100, 160, 260]], [0.9]), Detections.empty()
    for missed, people in ((1, {1}), (2, {1, 2})):
        frames = [there] * 5 + [nobody] * missed + [there] * 2
        results = run(trackers.make("sort"), frames, frame_rate)
        assert {local_id for result in results for local_id in result.local_ids.tolist()} == people
