"""Networks of others: the same file is read alike, or refused alike, by every engine."""

import numpy as np
import pytest

from core.errors import SettingError, UsageError, WeightsError
from core.letterbox import Letterbox
from pipeline.detect import DetectConfig, open_detector, openvino_detector
from pipeline.detect.layout import OutputLayout, read_output_layout
from pipeline.detect.ultralytics_weights import open_with_ultralytics
from tests.support.networks import write_network

COCO = {0: "person"} | {number: f"thing {number}" for number in range(1, 80)}
FRAME = np.full((360, 640, 3), 100, np.uint8)


def one_person(rows, columns=100):
    """A dense output (1, rows, columns) with somebody of 20 × 40 px at (32, 32)."""
    output = np.zeros((1, rows, columns), np.float32)
    output[0, :5, 0] = (32, 32, 20, 40, 0.9)
    return output


@pytest.fixture(params=["openvino", "ultralytics"])
def opened(request):
    """Open a file with either engine."""

    def open_it(path, config=DetectConfig(pose="frame")):  # noqa: B008
        if request.param == "openvino":
            return open_detector(str(path), config, "cpu", 1)
        return open_with_ultralytics(path, "test", config, "cpu")

    return open_it


def found_in(detector, *frames):
    return [found for _, _, found in detector.stream(enumerate(frames))]


@pytest.mark.parametrize(("rows", "classes", "keypoints"), [(5, 1, False), (56, 1, True), (84, 80, False)])
def test_without_names_shapes_that_leave_no_doubt_are_read(tmp_path, opened, rows, classes, keypoints):
    detector = opened(write_network(tmp_path / "a.onnx", one_person(rows)))
    assert detector._layout == OutputLayout(classes, 0, keypoints, end_to_end=False)
    (found,) = found_in(detector, FRAME)
    np.testing.assert_allclose(found.boxes_xyxy, [[220, 0, 420, 360]], atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 3549, 85), (1, 116, 200), (1, 7, 100), (1, 56, 40), (1, 84), (1, None, 100)])
def test_without_names_other_shapes_are_refused(tmp_path, shape):
    with pytest.raises(WeightsError, match=r"not a detector of people.*got an output of shape \(1, "):
        read_output_layout(tmp_path / "a.onnx", shape, {})


def test_yolox_is_refused_by_every_engine(shared_data, opened):
    with pytest.raises(WeightsError, match=r"\(1, 3549, 85\) for unnamed classes"):
        opened(shared_data / "weights" / "yolox_nano.onnx")


@pytest.mark.parametrize("size", [(64, 64), (32, 96), None])
def test_a_network_made_for_one_size_gets_that(tmp_path, opened, size):
    detector = opened(write_network(tmp_path / "a.onnx", one_person(84), COCO, size), DetectConfig(batch=3))
    (one, other) = found_in(detector, FRAME, FRAME[:, :320])
    height, width = size or (288, 512)
    corners = Letterbox(640, 360, width, height).points_to_frame(np.array([[22, 12], [42, 52]]))
    np.testing.assert_allclose(one.boxes_xyxy.reshape(2, 2), np.clip(corners, 0, (640, 360)), atol=1e-3)
    assert len(other) == 1


def test_another_size_than_the_network_was_made_for_is_refused(tmp_path, opened):
    path = write_network(tmp_path / "a.onnx", one_person(84), COCO, (64, 96))
    with pytest.raises(SettingError, match=r"image_size: the network .*a\.onnx was exported for 96×64 px, got 1280"):
        opened(path, DetectConfig(image_size=1280))
    opened(path, DetectConfig(image_size=96))


def test_a_network_that_suppresses_by_itself(tmp_path, opened):
    output = np.zeros((1, 300, 6), np.float32)
    output[0, 0] = (10, 10, 50, 60, 0.9, 0)
    (found,) = found_in(opened(write_network(tmp_path / "a.onnx", output, COCO, None)), FRAME)
    np.testing.assert_allclose(found.boxes_xyxy, [[12.5, 12.5, 62.5, 75]], atol=1e-3)


def test_pedestrians_are_people(tmp_path, opened):
    detector = opened(write_network(tmp_path / "a.onnx", one_person(6), {0: "car", 1: "Pedestrian"}))
    assert detector._layout.person_class == 1
    with pytest.raises(WeightsError, match="no 'person' among them"):
        opened(write_network(tmp_path / "b.onnx", one_person(6), {0: "car", 1: "tree"}))


def test_what_cannot_be_run_on_the_device_is_told(tmp_path, opened):
    (tmp_path / "a.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"a\.onnx: "):
        opened(tmp_path / "a.onnx")


def test_an_openvino_network_off_the_cpu_is_told_where_it_runs(tmp_path):
    for suffix in (".xml", ".bin"):
        (tmp_path / f"a{suffix}").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"the device is cuda\. Add --device cpu"):
        open_detector(str(tmp_path / "a.xml"), DetectConfig(), "cuda")


def test_only_the_last_few_sizes_are_kept_and_none_that_is_in_use(tmp_path, monkeypatch):
    monkeypatch.setattr(openvino_detector, "KEPT_SIZES", 2)
    path = write_network(tmp_path / "a.onnx", one_person(84), COCO, None)
    detector = open_detector(str(path), DetectConfig(enlarge=100, pose="frame"), "cpu", 3)
    frames = [np.zeros((64 * height, 512, 3), np.uint8) for height in (1, 2, 3, 4, 1, 2, 3, 4)]
    assert [len(found) for found in found_in(detector, *frames)] == [1] * 8  # four sizes in flight at once
    assert {len(idle) for idle in detector._idle.values()} == {4}
    for frame in frames[:3]:
        found_in(detector, frame)
    assert [height for height, _ in detector._idle] == [128, 192]
