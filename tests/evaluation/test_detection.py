"""Average precision: known answers, and nothing forgotten."""

import cv2
import numpy as np
import pytest

from core.errors import InputError
from evaluation.detection import average_precision, read_truth


@pytest.fixture
def truth(tmp_path):
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    for name, lines in (("a_1", "0 0.5 0.5 0.2 0.4\n0 0.1 0.2 0.1 0.2\n"), ("b_1", "")):
        cv2.imwrite(str(tmp_path / "images" / f"{name}.png"), np.zeros((100, 200, 3), np.uint8))
        (tmp_path / "labels" / f"{name}.txt").write_text(lines)
    return read_truth(tmp_path)


def rows(*boxes, file="a_1.png", scores=None):
    return [{"file_name": file, "boxes_xyxy": list(boxes), "scores": scores or [0.9] * len(boxes)}]


FIRST, SECOND = [80, 30, 120, 70], [10, 10, 30, 30]


def test_boxes_are_read_in_pixels(truth):
    np.testing.assert_allclose(truth[0]["boxes_xywh"], [[80, 30, 40, 40], [10, 10, 20, 20]])
    assert truth[1]["boxes_xywh"].shape == (0, 4)


def test_known_answers(truth):
    assert average_precision(truth, rows(FIRST, SECOND))["AP50"] == pytest.approx(1)
    # Half the recall at full precision: 51 of the 101 recall points.
    assert average_precision(truth, rows(FIRST))["AP50"] == pytest.approx(51 / 101)
    assert average_precision(truth, [])["AP50"] == 0
    wrong_first = rows(FIRST, SECOND) + rows(FIRST, file="b_1.png", scores=[0.99])
    assert average_precision(truth, wrong_first)["AP50"] == pytest.approx(2 / 3, abs=1e-6)


def test_a_folder_without_images_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="images/ and labels/"):
        read_truth(tmp_path)
