"""What never was a person is left out, and people are not."""

from dataclasses import replace

import numpy as np
import pytest

from core.types import DETECTED, FILLED, Tracklet, TrackletKey
from trackers.config import ClutterConfig
from trackers.offline.clutter import is_clutter

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
