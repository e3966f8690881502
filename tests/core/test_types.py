"""The words everyone speaks: validated, read-only, sliceable, with an empty form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.boxes import area_px, clip_to_image, intersection_px, iou
from core.errors import ShapeError
from core.keypoints import BONES, COUNT, MIRROR, NAMES
from core.types import Appearance, Descriptors, Detections, Tracklet, TrackletKey

BOXES = arrays(np.float64, st.tuples(st.integers(0, 5), st.just(4)), elements=st.floats(-50, 50))


def test_detections_are_read_only_copies():
    boxes = np.ones((2, 4), np.float32)
    detections = Detections(boxes, np.ones(2))
    boxes[:] = 7
    assert (detections.boxes_xyxy == 1).all()
    with pytest.raises(ValueError, match="read-only"):
        detections.boxes_xyxy[0] = 3


@pytest.mark.parametrize(
    ("boxes", "scores", "keypoints", "words"),
    [
        (np.ones((2, 5)), np.ones(2), None, r"boxes_xyxy: expected shape \(any, 4\), got \(2, 5\)"),
        (np.ones((2, 4)), np.ones(3), None, r"scores: expected shape \(2\)"),
        (np.full((1, 4), np.nan), np.ones(1), None, "NaN or infinity in row 0"),
        (np.ones((1, 4)), np.ones(1), np.ones((1, 16, 3)), "keypoints_xyc"),
    ],
)
def test_wrong_shapes_are_refused_by_name(boxes, scores, keypoints, words):
    with pytest.raises(ShapeError, match=words):
        Detections(boxes, scores, keypoints)


def test_empty_forms_work_like_full_ones():
    empty = Detections.empty()
    assert len(empty) == len(empty[np.zeros(0, bool)]) == 0
    assert empty.keypoints_xyc.shape == (0, COUNT, 3)
    tracklet = Tracklet(TrackletKey("a", 1), [], [], [], [], [])
    assert len(tracklet[:0]) == 0
    nothing = Descriptors(*(np.zeros(shape) for shape in ((0, 4), (0, 2, 3), (0, 2), (0, 1, 3), (0,))))
    assert len(Appearance(TrackletKey("a", 1), [], nothing).frames) == 0


def test_frames_of_a_tracklet_increase():
    with pytest.raises(ShapeError, match="increase strictly"):
        Tracklet(TrackletKey("a", 1), [3, 3], [0, 1], np.ones((2, 4)), [1, 1], [0, 0])


def test_descriptors_concatenate_what_slicing_took_apart():
    generator = np.random.default_rng(0)
    whole = Descriptors(*(generator.random(shape) for shape in ((5, 4), (5, 2, 3), (5, 2), (5, 1, 3), (5,))))
    again = Descriptors.concatenate([whole[:2], whole[2:]])
    np.testing.assert_array_equal(again.parts, whole.parts)
    with pytest.raises(ShapeError, match="visibility"):
        Descriptors(whole.global_, whole.parts, whole.visibility[:, :1], whole.stripes, whole.quality)


def slow_iou(a, b):
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    sizes = [max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1]) for box in (a, b)]
    union = sum(sizes) - width * height
    return width * height / union if union > 0 else 0.0


@given(BOXES, BOXES)
def test_overlap_equals_the_plain_loop(a, b):
    got = iou(a, b)
    assert got.shape == (len(a), len(b))
    for row, column in np.ndindex(got.shape):
        assert got[row, column] == pytest.approx(slow_iou(a[row], b[column]), abs=1e-9)
    assert (intersection_px(a, b) <= area_px(a)[:, None] + 1e-9).all()


@given(BOXES)
def test_clipped_boxes_lie_in_the_image(boxes):
    clipped = clip_to_image(boxes, 40, 30)
    assert ((clipped >= 0) & (clipped <= [40, 30, 40, 30])).all()


def test_keypoints_mirror_names_and_bones():
    assert [MIRROR[MIRROR[joint]] for joint in range(COUNT)] == list(range(COUNT))
    for joint, name in enumerate(NAMES):
        swapped = name.replace("left", "LEFT").replace("right", "left").replace("LEFT", "right")
        assert NAMES[MIRROR[joint]] == swapped
    assert {joint for bone in BONES for joint in bone} == set(range(COUNT))
