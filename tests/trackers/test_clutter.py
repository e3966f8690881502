"""What never was a person is left out, and people are not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.boxes import iou
from core.types import DETECTED, FILLED, Tracklet, TrackletKey
from trackers.config import ClutterConfig
from trackers.offline.clutter import doubles, is_clutter

CONFIG = ClutterConfig()
FRAMES = 90  # three seconds


def walking(score: float, joints: float | None, move_px: float = 2.0) -> Tracklet:
    """Somebody or something 160 px tall; every second box is filled in, without joints; joints: of 6, confidence."""
    frames = np.arange(FRAMES)
    x = 100 + move_px * frames
    boxes = np.stack([x, np.full(FRAMES, 100.0), x + 60, np.full(FRAMES, 260.0)], axis=1)
    source = np.where(frames % 2, FILLED, DETECTED)
    keypoints = None
    if joints is not None:
        keypoints = np.zeros((FRAMES, 17, 3), np.float32)
        keypoints[source == DETECTED, :6, 2] = joints
    scores = np.where(source == DETECTED, score, 0.0)
    return Tracklet(TrackletKey("c", 1), frames, frames / 30, boxes, scores, source, keypoints)


@pytest.mark.parametrize(
    ("score", "joints", "clutter"),
    [
        (0.6, 0.25, True),  # a plant whose leaves move
        (0.6, 0.5, False),  # a person half hidden: six joints are seen
        (0.9, 0.25, False),  # a sure box stands by itself
        (0.6, None, False),  # a detector without joints says nothing about them
    ],
)
def test_doubtful_and_without_a_joint_is_clutter(score, joints, clutter):
    assert is_clutter(walking(score, joints), CONFIG) == clutter


def test_short_and_doubtful_is_clutter():
    tracklet = walking(0.4, 0.9)
    first = slice(0, 8)
    short = replace(
        tracklet,
        frames=tracklet.frames[first],
        times_s=tracklet.times_s[first],
        boxes_xyxy=tracklet.boxes_xyxy[first],
        scores=tracklet.scores[first],
        source=tracklet.source[first],
        keypoints_xyc=tracklet.keypoints_xyc[first],
    )
    assert is_clutter(short, CONFIG)
    assert not is_clutter(tracklet, CONFIG)


@given(seed=st.integers(0, 10_000), count=st.integers(0, 7))
def test_doubles_agree_with_loops(seed, count):
    """Who lies on a longer one, box for box; of two as long, the later one stays."""
    rng = np.random.default_rng(seed)
    walkers = []
    for local_id in range(1, count + 1):
        frames = np.sort(rng.choice(12, rng.integers(1, 12), replace=False))
        x = 40.0 * rng.integers(0, 2) + rng.choice([0, 3], len(frames))
        boxes = np.stack([x, np.zeros(len(x)), x + 60, np.full(len(x), 160.0)], axis=1)
        key = TrackletKey("c", local_id)
        walkers.append(Tracklet(key, frames, frames / 10, boxes, np.ones(len(x)), np.zeros(len(x))))

    def lies_on(short, long):
        near = sum(
            iou(short.boxes_xyxy[a : a + 1], long.boxes_xyxy[b : b + 1])[0, 0] >= CONFIG.double_iou
            for a, frame in enumerate(short.frames)
            for b in np.flatnonzero(long.frames == frame)
        )
        return near >= CONFIG.double_share * len(short)

    assert doubles(walkers, CONFIG) == {
        i
        for i, one in enumerate(walkers)
        for j, other in enumerate(walkers)
        if (len(other), -j) > (len(one), -i) and lies_on(one, other)
    }
