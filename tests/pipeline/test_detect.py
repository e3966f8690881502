"""Detection: letterbox there and back, raw outputs, engines that agree, weights that are refused."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.boxes import iou
from core.errors import UsageError, WeightsError
from core.letterbox import Letterbox
from core.weights import open_card
from pipeline.detect import DetectConfig, open_detector
from pipeline.detect.decode_output import decode_output
from pipeline.detect.layout import InputLayout, OutputLayout
from pipeline.detect.open import BUNDLED
from tests.support.videos import pictures

POSE = OutputLayout(classes=1, person_class=0, keypoints=True, end_to_end=False)


@given(st.integers(16, 4000), st.integers(16, 4000), st.sampled_from([320, 640, 960]))
def test_letterbox_is_tight_and_comes_back(width, height, side):
    box = Letterbox.rectangular(width, height, side)
    assert box.input_width % 32 == box.input_height % 32 == 0
    assert side - 32 < max(box.input_width, box.input_height) <= side + 32
    assert min(box.input_width - box.scale * width, box.input_height - box.scale * height) < 1
    left = (box.input_width - round(width * box.scale)) // 2
    top = (box.input_height - round(height * box.scale)) // 2
    corners = np.array([[left, top], [box.input_width - left, box.input_height - top]], np.float32)
    back = box.points_to_frame(corners)
    np.testing.assert_allclose(back[0], 0, atol=1e-3)
    np.testing.assert_allclose(back[1], [width, height], atol=2 / box.scale)
    np.testing.assert_allclose(box.points_to_input(back), corners, atol=1e-2)


@given(st.integers(16, 4000), st.integers(16, 4000), st.floats(0.5, 3))
def test_a_small_frame_is_not_enlarged_beyond_what_was_said(width, height, most):
    box = Letterbox.rectangular(width, height, 512, most)
    free = Letterbox.rectangular(width, height, 512)
    if 512 / max(width, height) <= most:
        assert box == free
    else:
        assert max(box.input_width, box.input_height) <= max(32, most * max(width, height) + 32)
        assert box.input_width <= free.input_width and box.input_height <= free.input_height


def test_a_mark_is_found_where_it_was():
    image = np.zeros((300, 500, 3), np.uint8)
    image[120:124, 400:404] = 255
    box = Letterbox.rectangular(500, 300, 640)
    at = np.argwhere(box.apply(image)[..., 0] > 200).mean(0)[::-1] + 0.5
    np.testing.assert_allclose(box.points_to_frame(at[None])[0], (402, 122), atol=0.5)


def raw_output(boxes, scores):
    raw = np.zeros((56, 100), np.float32)
    for anchor, (box, score) in enumerate(zip(boxes, scores, strict=True)):
        raw[:4, anchor] = box
        raw[4, anchor] = score
        raw[5:, anchor] = np.tile([box[0], box[1], 0.9], 17)
    return raw


def test_dense_output_is_suppressed_and_brought_into_the_frame():
    raw = raw_output(
        [(100, 100, 40, 80), (102, 101, 40, 80), (300, 100, 40, 80), (10, 10, 4, 4)], [0.9, 0.8, 0.6, 0.05]
    )
    found = decode_output(raw, POSE, Letterbox(640, 360, 640, 384), DetectConfig(score=0.1))
    np.testing.assert_allclose(found.scores, [0.9, 0.6])
    moved = 2 * 0.8**2 / (0.9**2 + 0.8**2)  # the second of the first two counts by its score squared
    np.testing.assert_allclose(found.boxes_xyxy[0, 0::2], (80 + moved, 120 + moved), atol=1e-4)
    np.testing.assert_allclose(found.boxes_xyxy[0, 1::2], (48 + moved / 2, 128 + moved / 2), atol=1e-4)  # 12 px of pad
    np.testing.assert_allclose(found.keypoints_xyc[0, 0], (100 + moved, 88 + moved / 2, 0.9), atol=1e-4)
    np.testing.assert_allclose(found.boxes_xyxy[1], (280, 48, 320, 128), atol=1e-4)
    alone = decode_output(raw, POSE, Letterbox(640, 360, 640, 384), DetectConfig(score=0.1, blend=1.0))
    np.testing.assert_allclose(alone.boxes_xyxy[0], (80, 48, 120, 128), atol=1e-4)
    np.testing.assert_allclose(alone.keypoints_xyc[0, 0], (100, 88, 0.9), atol=1e-4)


def test_end_to_end_output_needs_no_suppression():
    rows = np.zeros((300, 6), np.float32)
    rows[0] = (10, 22, 50, 102, 0.8, 0)
    rows[1] = (10, 22, 50, 102, 0.7, 2)  # another class
    layout = OutputLayout(classes=3, person_class=0, keypoints=False, end_to_end=True)
    found = decode_output(rows, layout, Letterbox(640, 360, 640, 384), DetectConfig())
    assert len(found) == 1
    assert found.keypoints_xyc is None


@given(st.lists(st.tuples(*[st.floats(-1e4, 1e4)] * 4, st.floats(0, 1.2)), max_size=20))
def test_any_output_gives_valid_detections(rows):
    raw = raw_output([row[:4] for row in rows], [row[4] for row in rows])
    found = decode_output(raw, POSE, Letterbox(640, 360, 640, 384), DetectConfig())
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert (found.boxes_xyxy[:, 2:] > found.boxes_xyxy[:, :2]).all()
    overlap = iou(found.boxes_xyxy, found.boxes_xyxy)
    assert overlap.shape == (len(found), len(found))


@pytest.fixture(scope="module")
def people(short_scene):
    from pipeline.video import find_cameras, open_frames

    with open_frames(find_cameras(short_scene)[0]) as reader:
        return [frame.image for frame in reader][:6]


def test_bundled_detector_gives_the_same_whatever_is_in_flight(people):
    one = open_detector("bundled", DetectConfig(), threads=1)
    many = open_detector("bundled", DetectConfig(), threads=3)
    for (_, _, a), (_, _, b) in zip(one.stream(enumerate(people)), many.stream(enumerate(people)), strict=True):
        np.testing.assert_array_equal(a.boxes_xyxy, b.boxes_xyxy)
        np.testing.assert_array_equal(a.keypoints_xyc, b.keypoints_xyc)
    tags = [tag for tag, _, _ in many.stream(enumerate(people))]
    assert tags == list(range(6))


def test_openvino_and_pytorch_agree_on_the_bundled_weights(people):
    """The GPU path on the CPU: same boxes within a pixel wherever either is sure."""
    from safetensors.torch import load_file

    from models.detector.network import build
    from pipeline.detect.torch_detector import TorchDetector

    state = {name: tensor.float() for name, tensor in load_file(open_card(BUNDLED).path(".safetensors")).items()}
    config = DetectConfig(score=0.3, batch=4)
    torch_detector = TorchDetector(build(state), InputLayout(), POSE, "test", config, "cpu")
    openvino_detector = open_detector("bundled", config, threads=1)
    found = 0
    pairs = zip(torch_detector.stream(enumerate(people)), openvino_detector.stream(enumerate(people)), strict=True)
    for (tag, _, a), (other, _, b) in pairs:
        assert tag == other
        sure_a, sure_b = a.boxes_xyxy[a.scores > 0.35], b.boxes_xyxy
        if len(sure_a):
            assert iou(sure_a, sure_b).max(1).min() > 0.95
        found += len(sure_a)
    assert found > 0


def test_a_stream_that_is_left_half_way_does_not_spoil_the_next(people):
    detector = open_detector("bundled", DetectConfig(), threads=2)
    for _ in range(4):
        stream = detector.stream(enumerate(people))
        next(stream)
        stream.close()
    assert len(list(detector.stream(enumerate(people)))) == len(people)


def test_images_without_pixels_give_nobody(people):
    detector = open_detector("bundled", DetectConfig(), threads=1)
    empty = np.zeros((0, 0, 3), np.uint8)
    results = [found for _, _, found in detector.stream([(0, empty), (1, people[0])])]
    assert len(results[0]) == 0
    assert results[0].keypoints_xyc.shape == (0, 17, 3)


@pytest.fixture
def copy_of_bundled(tmp_path):
    folder = tmp_path / "detector"
    shutil.copytree(BUNDLED, folder)
    return folder


def test_an_exchanged_weights_file_is_refused(copy_of_bundled):
    file = copy_of_bundled / "detector.bin"
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(WeightsError, match=r"detector\.bin: the file is not the one its card names"):
        open_card(copy_of_bundled)


def test_a_pickle_is_refused_as_a_bundled_file_before_it_is_opened(copy_of_bundled, tmp_path):
    import os
    import pickle

    class Malicious:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "owned"),)

    (copy_of_bundled / "detector.pt").write_bytes(pickle.dumps(Malicious()))
    card = json.loads((copy_of_bundled / "weights.json").read_text())
    card["files"] = {"detector.pt": "0" * 64}
    (copy_of_bundled / "weights.json").write_text(json.dumps(card))
    with pytest.raises(WeightsError, match="never a pickle"):
        open_card(copy_of_bundled)
    assert not (tmp_path / "owned").exists()


def test_missing_files_and_cards_are_refused(copy_of_bundled):
    (copy_of_bundled / "detector.xml").unlink()
    with pytest.raises(WeightsError, match="missing"):
        open_card(copy_of_bundled)
    (copy_of_bundled / "weights.json").write_text("{")
    with pytest.raises(WeightsError, match=r"weights\.json"):
        open_card(copy_of_bundled)


def test_unknown_endings_are_usage_errors(tmp_path):
    (tmp_path / "net.tflite").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"\.tflite"):
        open_detector(str(tmp_path / "net.tflite"), DetectConfig())


@pytest.fixture(scope="module")
def tiny_checkpoints(tmp_path_factory):
    """Ultralytics checkpoints of the tasks we take and one we do not, as small as they get, never trained."""
    from ultralytics import YOLO

    folder = tmp_path_factory.mktemp("checkpoints")
    made = {}
    for task, config in (("pose", "yolo11n-pose.yaml"), ("detect", "yolo11n.yaml"), ("classify", "yolo11n-cls.yaml")):
        model = YOLO(config, task=task)
        model.model.names = dict.fromkeys(range(80), "thing") | {0: "person"}
        made[task] = folder / f"tiny-{task}.pt"
        model.save(made[task])
    return made


@pytest.mark.parametrize(("task", "keypoints"), [("pose", True), ("detect", False)])
def test_any_ultralytics_checkpoint_runs_under_openvino_and_pytorch(
    tiny_checkpoints, task, keypoints, tmp_path, monkeypatch, recwarn
):
    monkeypatch.setenv("THROUGHLINE_CACHE", str(tmp_path))  # its export is of no use to the next run
    from pipeline.detect.ultralytics_weights import export_to_openvino, open_with_ultralytics

    config = DetectConfig(score=0.0001, image_size=64, pose="frame")
    path = tiny_checkpoints[task]
    fast = open_detector(str(path), config, threads=1)
    assert not [one for one in recwarn if "torch.jit" in str(one.message)]  # nothing a user could change
    slow = open_with_ultralytics(path, "test", config, "cpu")
    assert fast.has_keypoints == slow.has_keypoints == keypoints
    images = [(0, picture) for picture in pictures(2, 64, 64)]
    for (_, _, a), (_, _, b) in zip(fast.stream(images), slow.stream(images), strict=True):
        assert len(a) == len(b)
        np.testing.assert_allclose(np.sort(a.scores), np.sort(b.scores), atol=2e-3)
    exported = export_to_openvino(path)
    before = exported.stat().st_mtime_ns
    assert export_to_openvino(path).stat().st_mtime_ns == before, "exported twice"


def test_a_classifier_is_refused(tiny_checkpoints):
    with pytest.raises(WeightsError, match="'classify'"):
        open_detector(str(tiny_checkpoints["classify"]), DetectConfig())
