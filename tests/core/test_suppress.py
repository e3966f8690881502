"""Suppression against a plain loop."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.boxes import iou
from core.suppress import suppress


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(0, 25), st.sampled_from([0.3, 0.5, 0.8]), st.sampled_from([0.5, 0.8, 1.0])
)
def test_suppression_equals_a_loop(seed: int, count: int, overlap: float, blend: float) -> None:
    rng = np.random.default_rng(seed)
    corner, size = rng.uniform(0, 40, (count, 2)), rng.uniform(10, 60, (count, 2))
    corners, scores = np.concatenate([corner, corner + size], 1), rng.permutation(count) / (count + 1) + 0.01
    values = rng.normal(size=(count, 5))
    left, kept = list(np.argsort(-scores)), []
    while left:
        best = left.pop(0)
        kept.append(best)
        left = [other for other in left if iou(corners[[best]], corners[[other]])[0, 0] <= overlap]
    boxes, found, mixed = suppress(corners, scores, values, overlap, blend)
    np.testing.assert_allclose(found, scores[kept])
    for row, best in enumerate(kept):
        same = [k for k in range(count) if k == best or iou(corners[[best]], corners[[k]])[0, 0] >= blend]
        weight = scores[same] ** 2 / (scores[same] ** 2).sum()
        np.testing.assert_allclose(boxes[row], weight @ corners[same])
        np.testing.assert_allclose(mixed[row], weight @ values[same])
