"""The window around a person: there and back, and joints read from maps against a plain loop."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.pose_crop import (
    AROUND,
    CONTEXT,
    HEIGHT_PX,
    MAP_COLUMNS,
    MAP_ROWS,
    MAP_STRIDE,
    WIDTH_PX,
    cut,
    read_maps,
    to_frame,
    windows,
)  # fmt: skip


@given(st.integers(0, 2**32 - 1))
def test_a_window_holds_its_box_with_room_and_has_the_crops_shape(seed):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 500, (5, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(2, 300, (5, 2))], 1)
    around = windows(boxes)
    np.testing.assert_allclose(around[:, :2], (boxes[:, :2] + boxes[:, 2:]) / 2)
    sides = np.stack([around[:, 2] * WIDTH_PX / HEIGHT_PX, around[:, 2]], 1)
    assert (sides >= CONTEXT * (boxes[:, 2:] - boxes[:, :2]) - 1e-6).all()
    np.testing.assert_allclose((sides / (boxes[:, 2:] - boxes[:, :2])).min(1), CONTEXT)


@pytest.mark.parametrize("height", [60.0, 128.0, 300.0, 900.0])
def test_what_is_seen_in_a_crop_is_found_again_in_the_frame(height):
    frame = np.zeros((1000, 1000, 3), np.uint8)
    window = np.array([480.0, 510.0, height])
    place = window[:2] + height * np.array([0.2, -0.3])
    radius = max(2, round(0.03 * height))
    cv2.circle(frame, tuple(int(v) for v in place.round()), radius, (255, 255, 255), -1)
    seen = cut(frame, window)
    assert seen.shape == (HEIGHT_PX, WIDTH_PX, 3)
    weight = seen[:, :, 0].astype(float)
    rows, columns = np.mgrid[:HEIGHT_PX, :WIDTH_PX]
    middle = np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()
    again = to_frame(middle[None, None], window[None])[0, 0]
    np.testing.assert_allclose(again, place.round(), atol=max(1.0, 0.01 * height))


def test_outside_the_picture_is_black():
    seen = cut(np.full((50, 50, 3), 255, np.uint8), np.array([0.0, 25.0, 100.0]))
    assert not seen[:, : WIDTH_PX // 2 - 2].any()
    assert (seen[HEIGHT_PX // 2, WIDTH_PX // 2 + 2 :] == 255).any()


def slow_place(logits):
    """The mean of the cells around the likeliest, one by one, in crop px."""
    best = int(np.argmax(logits))
    row, column = divmod(best, MAP_COLUMNS)
    total, x, y = 0.0, 0.0, 0.0
    for r in range(max(0, row - AROUND), min(MAP_ROWS, row + AROUND + 1)):
        for c in range(max(0, column - AROUND), min(MAP_COLUMNS, column + AROUND + 1)):
            weight = np.exp(float(logits[r * MAP_COLUMNS + c]) - float(logits[best]))
            total, x, y = total + weight, x + weight * c, y + weight * r
    return (x / total + 0.5) * MAP_STRIDE - 0.5, (y / total + 0.5) * MAP_STRIDE - 0.5


@given(st.integers(0, 2**32 - 1), st.integers(0, 4))
def test_joints_are_read_as_a_loop_reads_them(seed, count):
    maps = np.random.default_rng(seed).normal(0, 3, (count, 3, MAP_ROWS * MAP_COLUMNS)).astype(np.float32)
    places = read_maps(maps)
    assert places.shape == (count, 3, 2)
    for body, joints in zip(maps, places, strict=True):
        for logits, place in zip(body, joints, strict=True):
            np.testing.assert_allclose(place, slow_place(logits), atol=1e-3)


@given(st.floats(10, WIDTH_PX - 11), st.floats(10, HEIGHT_PX - 11))
def test_the_map_that_is_taught_is_read_back_as_the_joint(x, y):
    torch = pytest.importorskip("torch")
    from models.pose.train import targets

    joint = torch.tensor([[[x, y, 2.0]]])
    logits = torch.log(targets(joint).clamp(min=1e-12)).numpy()
    np.testing.assert_allclose(read_maps(logits)[0, 0], (x, y), atol=0.15)
