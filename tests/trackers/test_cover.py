"""Cover and hidden gaps against plain loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.boxes import area_px, intersection_px
from core.types import Tracklet, TrackletKey
from trackers.offline.cover import Crowd, hidden_share


def walkers(seed: int, count: int) -> list[Tracklet]:
    rng = np.random.default_rng(seed)
    made = []
    for local_id in range(1, count + 1):
        frames = np.sort(rng.choice(60, rng.integers(1, 40), replace=False)).astype(np.int32)
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


@given(seed=st.integers(0, 10_000), count=st.integers(0, 6), samples=st.integers(1, 12))
def test_agrees_with_loops(seed: int, count: int, samples: int) -> None:
    tracklets = walkers(seed, count)
    rng = np.random.default_rng(seed)
    begin, gap = rng.integers(0, 40, 7), rng.integers(1, 25, 7)
    corner = rng.uniform(0, 200, (14, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(20, 90, (14, 2))], axis=1)
    crowd = Crowd(tracklets)
    assert np.allclose(
        crowd.cover(begin, boxes[:7]), [cover(tracklets, f, b) for f, b in zip(begin, boxes[:7], strict=True)]
    )
    got = hidden_share(crowd, (begin, boxes[:7]), (begin + gap, boxes[7:]), 0.3, samples)
    for k in range(7):
        between = np.linspace(begin[k] + 1, begin[k] + gap[k] - 1, min(samples, gap[k] - 1)).round().astype(int)
        if gap[k] == 1:
            assert got[k] == 1.0
            continue
        shares = (between - begin[k]) / gap[k]
        seen = [
            cover(tracklets, frame, boxes[k] * (1 - share) + boxes[7 + k] * share) >= 0.3
            for frame, share in zip(between, shares, strict=True)
        ]
        assert np.isclose(got[k], np.mean(seen))
