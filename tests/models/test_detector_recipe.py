"""The detector's recipe: labels there and back, the teacher's doubts, calibration folded into the weights."""

import cv2
import numpy as np
import pytest
import torch
import yaml

from core.errors import InputError
from core.keypoints import MIRROR
from core.letterbox import ENLARGE, Letterbox
from models.detector import teacher
from models.detector.calibrate import Line, Outcomes, fit_joints, fit_line, fold, read_frame
from models.detector.dataset import read_boxes, write_data_yaml, write_pose_labels, write_small
from models.detector.network import build


def test_labels_come_back_as_they_were_written(tmp_path):
    boxes = np.array([[10, 20, 110, 220], [0, 0, 50, 60]], float)
    keypoints = np.zeros((2, 17, 3))
    keypoints[0, 3] = (55, 66, 1)
    write_pose_labels(tmp_path / "a.txt", boxes, keypoints, 640, 480)
    np.testing.assert_allclose(read_boxes(tmp_path / "a.txt", 640, 480), boxes, atol=0.01)
    values = (tmp_path / "a.txt").read_text().splitlines()[0].split()
    assert len(values) == 5 + 17 * 3
    np.testing.assert_allclose(np.array(values[5 + 9 : 5 + 12], float) * (640, 480, 1), (55, 66, 2), atol=0.01)


def test_an_empty_label_file_is_no_boxes(tmp_path):
    (tmp_path / "a.txt").write_text("")
    assert read_boxes(tmp_path / "a.txt", 640, 480).shape == (0, 4)


def test_pictures_of_small_people_are_listed_and_seen_more_often(tmp_path):
    heights = {"small.jpg": [0.2, 0.8], "large.jpg": [0.3], "empty.jpg": []}
    for kind in ("images", "labels"):
        (tmp_path / kind / "train").mkdir(parents=True)
    for name, tall in heights.items():
        (tmp_path / "images" / "train" / name).touch()
        boxes = np.array([[0, 0, 50, 400 * height] for height in tall]).reshape(-1, 4)
        label = (tmp_path / "labels" / "train" / name).with_suffix(".txt")
        write_pose_labels(label, boxes, np.zeros((len(boxes), 17, 3)), 300, 400)
    write_small(tmp_path)
    listed = (tmp_path / "small.txt").read_text().splitlines()
    assert listed == [str(tmp_path / "images" / "train" / "small.jpg")]
    train = ["images/train", "small.txt", "small.txt"]
    assert yaml.safe_load(write_data_yaml(tmp_path, train).read_text())["train"] == train


class FakeTeacher(teacher.MoveNetTeacher):
    """Answers with given skeletons in place of a network's: one for the crop, one for its mirror image."""

    def __init__(self, straight, mirrored):
        self.answers = [straight, mirrored]

    def _predict(self, crop_bgr):
        return self.answers.pop(0)


def skeleton(x=0.5, y=0.5, score=0.9):
    return np.tile([x, y, score], (17, 1))


def mirrored(joints):
    flipped = joints[list(MIRROR)].copy()
    flipped[:, 0] = 1 - flipped[:, 0]
    return flipped


IMAGE, BOX = np.zeros((200, 200, 3), np.uint8), np.array([[60, 40, 140, 160]], float)


def test_the_teacher_keeps_joints_on_which_crop_and_mirror_agree():
    joints = skeleton()
    labels = FakeTeacher(joints, mirrored(joints)).label(IMAGE, BOX)
    np.testing.assert_allclose(labels[0, :, :2], 100)
    assert labels[0, :, 2].all()


def test_the_teacher_drops_joints_of_low_score_or_without_agreement():
    joints = skeleton()
    joints[4, 2] = 0.1
    other = mirrored(joints)
    other[list(MIRROR).index(7), 0] += 0.2
    labels = FakeTeacher(joints, other).label(IMAGE, BOX)
    assert set(np.flatnonzero(labels[0, :, 2] == 0)) == {4, 7}


def test_somebody_elses_skeleton_is_dropped_whole():
    joints = skeleton(x=0.95)
    assert not FakeTeacher(joints, mirrored(joints)).label(IMAGE, BOX).any()


def test_the_fitted_line_recovers_the_truth():
    generator = np.random.default_rng(0)
    logits = generator.normal(-2, 1, 20_000)
    right = generator.random(20_000) < 1 / (1 + np.exp(-(2.0 * logits + 3.0)))
    line = fit_line(Outcomes(logits, right))
    assert line.scale == pytest.approx(2, abs=0.1)
    assert line.shift == pytest.approx(3, abs=0.2)


def test_outcomes_of_one_kind_cannot_be_calibrated():
    with pytest.raises(InputError, match="right and wrong"):
        fit_line(Outcomes(np.zeros(5), np.ones(5, bool)))


def test_each_joint_gets_its_own_line_and_a_rare_one_that_of_all():
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 1.5, (4000, 17))
    shifts = np.linspace(-1, 1, 17)
    right = generator.random(logits.shape) < 1 / (1 + np.exp(-(logits + shifts)))
    lines = fit_joints(Outcomes(logits, right))
    np.testing.assert_allclose([line.shift for line in lines], shifts, atol=0.2)
    few = fit_joints(Outcomes(logits[:3], right[:3]))
    assert np.ptp([line.shift for line in few]) < np.ptp(shifts) / 2


def test_a_joint_that_was_always_right_still_gets_a_line():
    generator = np.random.default_rng(1)
    logits = generator.normal(0, 1, (200, 17))
    right = generator.random(logits.shape) < 0.5
    right[:, 3] = True
    line = fit_joints(Outcomes(logits, right))[3]
    assert np.isfinite([line.scale, line.shift]).all()
    assert line.shift > 1


@pytest.mark.parametrize(("width", "height"), [(640, 360), (360, 640), (400, 400)])
def test_frames_are_shown_as_the_pipeline_shows_them(tmp_path, width, height):
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    image = np.zeros((height, width, 3), np.uint8)
    image[100:200, 60:140] = 255
    cv2.imwrite(str(tmp_path / "images" / "a.png"), image)
    box, joint = (100 / width, 150 / height, 80 / width, 100 / height), (60 / width, 100 / height, 2)
    (tmp_path / "labels" / "a.txt").write_text("0 " + " ".join(map(str, [*box, *joint * 17])))
    picture, boxes, joints = read_frame(tmp_path / "images" / "a.png", 416)
    assert picture.shape[0] % 32 == picture.shape[1] % 32 == 0
    assert 416 <= max(picture.shape) < 448
    x1, y1, x2, y2 = boxes[0].round().astype(int)
    assert picture[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2].min() > 250
    assert max(picture[y1 - 3, x1:x2].max(), picture[y1:y2, x1 - 3].max()) < 150
    np.testing.assert_allclose(joints[0, :, :2], np.tile(boxes[0, :2], (17, 1)))


@pytest.mark.parametrize(("width", "height"), [(640, 360), (320, 240), (1280, 700)])
def test_frames_are_shown_pixel_for_pixel_as_the_pipeline_shows_them(tmp_path, width, height):
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    image = np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "images" / "a.png"), image)
    (tmp_path / "labels" / "a.txt").write_text("")
    picture, boxes, joints = read_frame(tmp_path / "images" / "a.png", 512)
    np.testing.assert_array_equal(picture[..., ::-1], Letterbox.rectangular(width, height, 512, ENLARGE).apply(image))
    assert (boxes.shape, joints.shape) == ((0, 4), (0, 17, 3))


def test_folding_changes_confidences_by_the_line_and_nothing_else():
    torch.manual_seed(0)
    network = build()
    picture = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        before = network(picture)[0][0].numpy()
        joints = [Line(0.5, -0.25)] * 16 + [Line(2.0, 0.5)]
        fold(network, Line(2.0, 1.5), joints)
        after = network(picture)[0][0].numpy()

    def logit(p):
        return np.log(p / (1 - p))

    np.testing.assert_allclose(logit(after[4]), 2 * logit(before[4]) + 1.5, rtol=1e-3, atol=1e-3)
    for joint, line in enumerate(joints):
        row = 7 + 3 * joint
        np.testing.assert_allclose(
            logit(after[row]), line.scale * logit(before[row]) + line.shift, rtol=2e-3, atol=2e-3
        )
    same = [0, 1, 2, 3, *[5 + joint * 3 + axis for joint in range(17) for axis in range(2)]]
    np.testing.assert_allclose(after[same], before[same], rtol=1e-4, atol=1e-4)
