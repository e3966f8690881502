"""Cover and hidden gaps against plain loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.boxes import area_px, intersection_px
from core.types import Tracklet, TrackletKey
from trackers.offline.cover import Crowd, hidden_share


def walkers(seed: int, count: int, stride: int = 1) -> list[Tracklet]:
    """The first is there all the time."""
    rng = np.random.default_rng(seed)
    made = []
    for local_id in range(1, count + 1):
        length = 70 if local_id == 1 else rng.integers(1, 40)
        frames = stride * np.sort(rng.choice(70, length, replace=False)).astype(np.int32)
        corner = rng.uniform(0, 200, 2) + np.outer(frames, rng.uniform(-3, 3, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(20, 90, 2)], axis=1)
        key = TrackletKey("a", local_id)
        made.append(Tracklet(key, frames, frames / 10, boxes, np.ones(len(frames)), np.zeros(len(frames), np.uint8)))
    return made


def cover(tracklets: list[Tracklet], frame: int, box: np.ndarray) -> float:
    most = 0.0
    for tracklet in tracklets:
        for other in tracklet.boxes_xyxy[tracklet.frames == frame].astype(np.float64):
            if other[3] > box[3]:
                most = max(most, float(intersection_px(box[None], other[None])[0, 0] / area_px(box[None])[0]))
    return most


@given(seed=st.integers(0, 10_000), count=st.integers(1, 6), samples=st.integers(1, 12), stride=st.integers(1, 4))
def test_agrees_with_loops(seed: int, count: int, samples: int, stride: int) -> None:
    tracklets = walkers(seed, count, stride)
    rng = np.random.default_rng(seed)
    begin, gap = stride * rng.integers(0, 40, 7), stride * rng.integers(1, 25, 7)
    corner = rng.uniform(0, 200, (14, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(20, 90, (14, 2))], axis=1)
    crowd = Crowd(tracklets)
    assert np.allclose(
        crowd.cover(begin, boxes[:7]), [cover(tracklets, f, b) for f, b in zip(begin, boxes[:7], strict=True)]
    )
    got = hidden_share(crowd, (begin, boxes[:7]), (begin + gap, boxes[7:]), 0.3, samples)
    for k in range(7):
        looks = gap[k] // stride - 1
        between = begin[k] + stride * np.linspace(1, looks, min(samples, looks)).round().astype(int)
        if looks == 0:
            assert got[k] == 1.0
            continue
        shares = (between - begin[k]) / gap[k]
        seen = [
            cover(tracklets, frame, boxes[k] * (1 - share) + boxes[7 + k] * share) >= 0.3
            for frame, share in zip(between, shares, strict=True)
        ]
        assert np.isclose(got[k], np.mean(seen))


def test_whom_somebody_hides_is_hidden_whatever_the_stride() -> None:
    for stride in (1, 2, 3, 5):
        frames = np.arange(0, 121, stride)
        screen = np.tile([80.0, 100, 220, 300], (len(frames), 1))
        ones = np.ones(len(frames))
        crowd = Crowd([Tracklet(TrackletKey("a", 1), frames, frames / 25, screen, ones, 0 * ones)])
        gap = [(np.array([frame]), np.array([[x, 100.0, x + 60, 260]])) for frame, x in ((30, 100.0), (90, 110.0))]
        assert hidden_share(crowd, gap[0], gap[1], 0.4, 8) == [1.0]


def test_an_empty_camera_hides_nobody() -> None:
    gap = [(np.array([frame]), np.array([[100.0, 100, 160, 260]])) for frame in (30, 90)]
    assert hidden_share(Crowd([]), gap[0], gap[1], 0.4, 8) == [0.0]
