"""Picking crops: good ones, apart in time, never another person's."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.types import Detections, Frame
from pipeline.crops import CropConfig, CropPicker

GENERATOR = np.random.default_rng(0)
NOISE = GENERATOR.integers(0, 255, (200, 300, 3), np.uint8)


def frame(index, time_s=None, image=NOISE):
    return Frame("cam", index, index / 10 if time_s is None else time_s, image)


def people(*boxes, scores=None, keypoints=None):
    return Detections(boxes, scores if scores is not None else [0.9] * len(boxes), keypoints)


def offer(picker, at, detections, ids=None):
    count = len(detections)
    picker.offer(at, detections, np.array(ids if ids else range(1, count + 1)), np.arange(count))


def test_crops_lie_apart_and_the_better_of_two_neighbours_stays():
    picker = CropPicker(CropConfig(apart_s=0.85))
    for index in range(30):
        offer(picker, frame(index), people((50, 20, 90, 150), scores=[0.9 if index % 10 == 4 else 0.5]))
    crops = picker.take(1)
    assert {4, 14, 24} <= {crop.frame for crop in crops}
    assert picker.take(1) == []


def test_a_covered_person_is_a_worse_picture_than_the_same_person_alone():
    picker = CropPicker(CropConfig(apart_s=10))
    offer(picker, frame(0), people((50, 20, 90, 120), (55, 30, 95, 150)))
    offer(picker, frame(1), people((50, 20, 90, 120), (155, 30, 195, 150)))
    assert picker.take(1)[0].frame == 1


def test_keypoints_and_those_of_others_come_along_in_the_pixels_of_the_crop():
    keypoints = np.zeros((3, 17, 3), np.float32)
    keypoints[0, :, :2], keypoints[1, :, :2], keypoints[2, :, :2] = (60, 40), (70, 60), (250, 50)
    keypoints[:, :, 2] = 0.9
    picker = CropPicker(CropConfig())
    offer(picker, frame(0), people((50, 20, 90, 120), (65, 30, 100, 110), (240, 20, 280, 120), keypoints=keypoints))
    crop = picker.take(1)[0]
    assert crop.image.shape == (100, 40, 3)
    np.testing.assert_array_equal(crop.keypoints_xyc[0, :2], (10, 20))
    assert len(crop.others_xyc) == 1, "the one who touches, not the one far away"
    np.testing.assert_array_equal(crop.others_xyc[0, 0, :2], (20, 40))
    np.testing.assert_array_equal(crop.image, NOISE[20:120, 50:90])


def test_large_crops_are_shrunk_with_their_keypoints():
    keypoints = np.full((1, 17, 3), 100, np.float32)
    keypoints[:, :, 2] = 1
    picker = CropPicker(CropConfig(height_px=50))
    offer(picker, frame(0), people((0, 0, 100, 200), keypoints=keypoints))
    crop = picker.take(1)[0]
    assert crop.image.shape == (50, 25, 3)
    np.testing.assert_allclose(crop.keypoints_xyc[0, :2], 25)


def test_crops_shrunk_by_halves_look_as_shrunk_at_once():
    smooth = cv2.GaussianBlur(GENERATOR.integers(0, 255, (1010, 700, 3), np.uint8), (0, 0), 6)
    picker = CropPicker(CropConfig(height_px=97))
    offer(picker, frame(0, image=smooth), people((101, 2, 412, 1005)))
    image = picker.take(1)[0].image
    expected = cv2.resize(smooth[2:1005, 101:412], (image.shape[1], 97), interpolation=cv2.INTER_AREA)
    assert image.shape == expected.shape
    assert np.abs(image.astype(float) - expected).mean() < 1.5


def test_tiny_people_are_not_looked_at():
    picker = CropPicker(CropConfig(min_height_px=30))
    offer(picker, frame(0), people((10, 10, 20, 35)))
    assert picker.take_all() == []


box = st.tuples(st.floats(-20, 310), st.floats(-20, 210), st.floats(1, 200), st.floats(1, 220))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(box, max_size=4), min_size=1, max_size=12), st.integers(1, 4))
def test_any_boxes_give_at_most_so_many_crops_with_pixels(frames, most):
    picker = CropPicker(CropConfig(per_track=most, apart_s=0.15))
    for index, boxes in enumerate(frames):
        corners = [(x, y, x + w, y + h) for x, y, w, h in boxes]
        inside = [c for c in corners if c[0] < 299 and c[1] < 199 and c[2] > 1 and c[3] > 1]
        offer(picker, frame(index), people(*inside) if inside else Detections.empty(with_keypoints=False))
    crops = picker.take_all()
    for local_id in {crop.local_id for crop in crops}:
        mine = [crop for crop in crops if crop.local_id == local_id]
        assert len(mine) <= most
        assert all(crop.image.size for crop in mine)
        assert len({crop.frame for crop in mine}) == len(mine)
