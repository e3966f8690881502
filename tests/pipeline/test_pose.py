"""People looked at once more, each alone, for their joints."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import SettingError, WeightsError
from core.pose_crop import HEIGHT_PX, WIDTH_PX, windows
from core.types import Detections
from core.weights import open_card
from pipeline.detect import DetectConfig, open_detector
from pipeline.detect import pose as pose_module
from pipeline.detect.pose import BUNDLED, TOGETHER, TorchPose, open_pose
from pipeline.detect.posed import PosedDetector
from pipeline.people.finder import PeopleFinder

CONFIG = DetectConfig(pose="crop")


@pytest.fixture(scope="module")
def people(short_scene):
    from pipeline.video import find_cameras, open_frames

    with open_frames(find_cameras(short_scene)[0]) as reader:
        return [frame.image for frame in reader][:4]


@pytest.fixture(scope="module")
def boxes(people):
    ((_, _, found),) = open_detector("bundled", replace(CONFIG, score=0.05), threads=1).stream([(0, people[0])])
    assert len(found) > TOGETHER
    return found.boxes_xyxy


def test_the_joints_are_the_same_however_many_run(people):
    one, many = (open_detector("bundled", CONFIG, threads=threads) for threads in (1, 3))
    for (_, _, a), (_, _, b) in zip(one.stream(enumerate(people)), many.stream(enumerate(people)), strict=True):
        np.testing.assert_array_equal(a.boxes_xyxy, b.boxes_xyxy)
        np.testing.assert_array_equal(a.keypoints_xyc, b.keypoints_xyc)


@pytest.mark.parametrize("count", [0, 1, TOGETHER - 1, TOGETHER, TOGETHER + 1])
def test_everybody_gets_their_own_joints(people, boxes, count):
    """Alone or in company: the same to a hundredth of a pixel, in the order of the boxes."""
    pose = open_pose("cpu", 2)
    together = pose.look(people[0], boxes[:count])
    assert together.shape == (count, 17, 3)
    assert together.dtype == np.float32
    for row in range(count):
        np.testing.assert_allclose(together[row], pose.look(people[0], boxes[[row]])[0], atol=0.05)
        x, y, height = windows(boxes[[row]].astype(float))[0]
        assert (np.abs(together[row, :, 1] - y) <= height / 2).all()
        assert (np.abs(together[row, :, 0] - x) <= height * WIDTH_PX / HEIGHT_PX / 2).all()
    assert ((together[:, :, 2] >= 0) & (together[:, :, 2] <= 1)).all()


def test_openvino_and_pytorch_agree(people, boxes):
    """The GPU path on the CPU."""
    card = open_card(BUNDLED)
    torch_pose = TorchPose(card.path(".safetensors"), card.identifier, "cpu")
    one, other = open_pose("cpu", 1).look(people[0], boxes), torch_pose.look(people[0], boxes)
    heights = (boxes[:, 3] - boxes[:, 1])[:, None]
    away = np.linalg.norm(one[..., :2] - other[..., :2], axis=2) / heights
    assert np.median(away) < 0.002
    assert (away < 0.02).mean() > 0.97  # where two places are as likely, the last bits may choose
    np.testing.assert_allclose(one[..., 2], other[..., 2], atol=0.03)


def test_more_people_than_one_batch_of_the_gpu(people, boxes, monkeypatch):
    card = open_card(BUNDLED)
    torch_pose = TorchPose(card.path(".safetensors"), card.identifier, "cpu")
    whole = torch_pose.look(people[0], boxes)
    monkeypatch.setattr(pose_module, "TORCH_BATCH", 2)
    np.testing.assert_allclose(torch_pose.look(people[0], boxes), whole, atol=0.05)
    assert torch_pose.look(people[0], boxes[:0]).shape == (0, 17, 3)


class BoxesOnly:
    """A detector without keypoints that sees the same two people in every picture."""

    identifier, has_keypoints = "boxes", False

    def stream(self, images):
        for tag, image in images:
            boxes = np.array([[10, 10, 60, 150], [200, 20, 260, 190]], np.float32)[: 2 * bool(image.size)]
            yield tag, image, Detections(boxes, np.ones(len(boxes), np.float32))


def test_a_detector_of_boxes_gets_joints_too(people):
    pose = open_pose("cpu", 1)
    detector = PosedDetector(BoxesOnly(), pose)
    assert detector.has_keypoints
    assert detector.identifier == f"boxes+{pose.identifier}"
    images = [(0, people[0]), (1, np.zeros((0, 0, 3), np.uint8))]
    (_, _, found), (_, _, nobody) = detector.stream(images)
    assert found.keypoints_xyc.shape == (2, 17, 3)
    assert nobody.keypoints_xyc.shape == (0, 17, 3)


def test_a_crop_shows_the_joints_that_its_box_has_in_the_frame(people, boxes):
    """Whether or not a detector would see anybody in the crop; what is not in it is not seen."""
    x1, y1, x2, y2 = boxes[0].round().astype(int).clip(0)
    in_crop = PeopleFinder("cpu", 1).joints_of_whole(people[0][y1:y2, x1:x2])
    in_frame = open_pose("cpu", 1).look(people[0], np.array([[x1, y1, x2, y2]], np.float32))[0]
    away = np.linalg.norm(in_crop[:, :2] + (x1, y1) - in_frame[:, :2], axis=1)
    assert np.median(away[in_frame[:, 2] > 0.5]) < 0.03 * (y2 - y1)


def test_the_setting_chooses_whose_joints(people):
    frame = open_detector("bundled", DetectConfig(pose="frame"), threads=1)
    assert not isinstance(frame, PosedDetector)
    ((_, _, own),) = frame.stream([(0, people[0])])
    ((_, _, posed),) = open_detector("bundled", CONFIG, threads=1).stream([(0, people[0])])
    np.testing.assert_array_equal(own.boxes_xyxy, posed.boxes_xyxy)
    assert not np.array_equal(own.keypoints_xyc, posed.keypoints_xyc)
    with pytest.raises(SettingError, match=r"detect\.pose: expected auto, crop, frame, got 'crops'"):
        DetectConfig(pose="crops")


def test_missing_weights_are_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(pose_module, "BUNDLED", tmp_path)
    with pytest.raises(WeightsError, match="weights"):
        open_pose("cpu", 1)
