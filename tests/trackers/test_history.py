"""The memory of a tracker: complete, small, forgetful where told."""

import numpy as np

from trackers.history import BLOCK_ROWS, History, pack_joints, unpack_joints


def add(history: History, frame: int, ids: list[int], keypoints: np.ndarray | None = None) -> None:
    boxes = np.tile([10.0, 20, 60, 150], (len(ids), 1)) + np.array(ids)[:, None]
    history.add(np.array(ids, np.int32), frame, frame / 30, boxes, np.full(len(ids), 0.5), keypoints)


def test_tracks_come_out_whole_over_many_blocks():
    history = History()
    for frame in range(BLOCK_ROWS):
        add(history, frame, [1, 2, 3])
    one, three = history.tracklets("cam", np.array([1, 3]))
    assert one.frames.tolist() == three.frames.tolist() == list(range(BLOCK_ROWS))
    assert np.allclose(three.boxes_xyxy[0], [13, 23, 63, 153])


def test_forgotten_tracks_give_their_rows_back():
    history = History()
    for frame in range(2 * BLOCK_ROWS):
        add(history, frame, [1, 2 + frame])
        history.forget(np.array([2 + frame]))
    assert len(history.state()["rows"]) < 3 * BLOCK_ROWS
    (kept,) = history.tracklets("cam", np.array([1]))
    assert len(kept) == 2 * BLOCK_ROWS


def test_keypoints_that_come_late_are_invisible_before():
    history = History()
    add(history, 0, [1])
    add(history, 1, [1], np.full((1, 17, 3), 0.5))
    (tracklet,) = history.tracklets("cam", np.array([1]))
    assert tracklet.keypoints_xyc is not None
    assert (tracklet.keypoints_xyc[0, :, 2] == 0).all()
    assert np.allclose(tracklet.keypoints_xyc[1, :, 2], 0.5, atol=0.003)


def test_joints_in_16_bits():
    rng = np.random.default_rng(1)
    boxes = np.array([[100.0, 50, 180, 250], [0, 0, 1, 2]])
    keypoints = rng.random((2, 17, 3)) * [80, 200, 1] + [100, 50, 0]
    keypoints[1, :, :2] = 1e6  # out of reach: kept at the end of the reach
    back = unpack_joints(pack_joints(keypoints, boxes), boxes)
    assert np.allclose(back[0], keypoints[0], atol=0.02)
    assert np.allclose(back[1, :, :2], [2, 4], atol=1e-3)
