"""Average precision: known answers, and nothing forgotten."""

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from core.errors import InputError
from evaluation.__main__ import app
from evaluation.detection import average_precision, ignore_small, read_found, read_truth


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


def test_small_people_need_not_be_found(truth):
    tall = ignore_small(truth, 30)
    assert average_precision(tall, rows(FIRST))["AP50"] == pytest.approx(1)
    assert average_precision(tall, rows(SECOND, FIRST, scores=[0.9, 0.8]))["AP50"] == pytest.approx(1)
    assert average_precision(tall, rows(SECOND))["AP50"] == 0
    assert np.isnan(average_precision(ignore_small(truth, 999), rows(FIRST))["AP50"])


def test_labels_with_joints_are_read_in_pixels(tmp_path):
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    cv2.imwrite(str(tmp_path / "images" / "a.png"), np.zeros((100, 200, 3), np.uint8))
    label = tmp_path / "labels" / "a.txt"
    label.write_text("0 0.5 0.5 0.2 0.4 " + "0.25 0.5 2 " * 16 + "0 0 0\n")
    (row,) = read_truth(tmp_path)
    np.testing.assert_allclose(row["keypoints_xyv"][0, :16], np.tile([50, 50, 2], (16, 1)))
    assert not row["keypoints_xyv"][0, 16].any()
    found = rows(FIRST, file="a.png")
    found[0]["keypoints_xyc"] = [np.tile([50.0, 50.0, 0.9], (17, 1)).tolist()]
    (tmp_path / "d.json").write_text(json.dumps(found))
    said = CliRunner().invoke(app, ["detection", str(tmp_path / "d.json"), str(tmp_path)]).output
    assert "AP50 1.000" in said and "OKS-AP50 1.000" in said and "(1 images, 1 boxes)" in said
    label.write_text("0 0.5 0.5 0.2\n")
    with pytest.raises(InputError, match=r"a\.txt: expected lines of 5 values"):
        read_truth(tmp_path)
    label.unlink()
    with pytest.raises(InputError, match=r"a\.txt: missing"):
        read_truth(tmp_path)


@pytest.mark.parametrize("content", [None, "{", '[{"file_name": "a.png"}]', '{"a": 1}'])
def test_detections_that_are_none_are_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "d.json").write_text(content)
    with pytest.raises(InputError, match=r"d\.json: expected detections"):
        read_found(tmp_path / "d.json")


def test_only_people_and_pictures_count(tmp_path, truth):
    (tmp_path / "labels" / "b_1.txt").write_text("2 0.5 0.5 0.2 0.4\n")
    for name in (".DS_Store", "._a_1.png", "Thumbs.db"):
        (tmp_path / "images" / name).write_bytes(b"x")
    assert [len(row["boxes_xywh"]) for row in read_truth(tmp_path)] == [2, 0]


@pytest.mark.parametrize("command", ["detection", "reliability"])
def test_labels_of_other_classes_are_counted(tmp_path, truth, command):
    (tmp_path / "d.json").write_text(json.dumps(rows(FIRST)))
    arguments = [command, str(tmp_path / "d.json"), str(tmp_path)]
    assert "left out" not in CliRunner().invoke(app, arguments).output
    (tmp_path / "labels" / "b_1.txt").write_text("2 0.5 0.5 0.2 0.4\n7 0.5 0.5 0.2 0.4\n")
    assert "left out: 2 labels of other classes than 0" in CliRunner().invoke(app, arguments).output


@pytest.mark.parametrize("command", ["detection", "reliability"])
def test_detections_of_other_pictures_are_refused(tmp_path, truth, command):
    path = tmp_path / "d.json"
    path.write_text(json.dumps(rows(FIRST, file="c.png")))
    with pytest.raises(InputError, match=r"of other images: it has c\.png .* the truth a_1\.png and 1 more"):
        CliRunner().invoke(app, [command, str(path), str(tmp_path)], catch_exceptions=False)
