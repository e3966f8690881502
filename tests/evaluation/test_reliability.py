"""Reliability: who is matched, what counts as right, and errors that are known beforehand."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.errors import InputError
from evaluation.__main__ import app
from evaluation.reliability import Outcomes, gather, joint_by_joint, match_people, reliability


def test_what_is_right_as_often_as_it_says_has_no_error():
    generator = np.random.default_rng(0)
    said = generator.random(100_000)
    assert reliability(Outcomes(said, generator.random(100_000) < said)).error < 0.01


def test_known_errors():
    """Nine tenths said, half right: 0.4 off. With as many outcomes that are right throughout at 1: half that."""
    half = np.tile([True, False], 50)
    assert reliability(Outcomes(np.full(100, 0.9), half)).error == pytest.approx(0.4)
    both = Outcomes(np.r_[np.full(100, 0.85), np.ones(100)], np.r_[half, np.ones(100, bool)])
    result = reliability(both)
    assert result.error == pytest.approx(0.35 / 2)
    np.testing.assert_array_equal(result.count, [100, 100])
    assert np.isnan(reliability(Outcomes(np.zeros(0), np.zeros(0, bool))).error)


def test_joints_that_err_to_opposite_sides_do_not_cancel_out():
    said = np.full((100, 17), 0.5)
    right = np.zeros((100, 17), bool)
    right[:, ::2] = True
    right[:50, 0] = False  # 8 joints always right, 8 never, one half the time
    one = Outcomes(said.ravel(), right.ravel())
    assert reliability(one).error == pytest.approx(0)
    assert joint_by_joint(one) == pytest.approx(0.5 * 16 / 17)


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 99))
def test_nobody_is_matched_twice_and_the_surest_comes_first(found, true, seed):
    generator = np.random.default_rng(seed)
    corners = generator.uniform(0, 30, (found + true, 2))
    boxes = np.concatenate([corners, corners + 40], 1)
    scores = generator.random(found)
    of = match_people(boxes[:found], scores, boxes[found:])
    taken = of[of >= 0]
    assert len(set(taken)) == len(taken)
    if found and true and (of >= 0).any():
        surest = scores.argmax()
        alone = match_people(boxes[:found][[surest]], scores[[surest]], boxes[found:])
        assert of[surest] == alone[0]


def scene(joints, seen):
    truth = {"file_name": "a.png", "boxes_xywh": np.array([[0.0, 0, 50, 100]]),
             "keypoints_xyv": np.concatenate([np.full((1, 17, 2), 20.0), np.reshape(seen, (1, 17, 1))], 2)}  # fmt: skip
    found = {"file_name": "a.png", "boxes_xyxy": [[0, 0, 50, 100], [200, 0, 250, 100]], "scores": [0.9, 0.4],
             "keypoints_xyc": [joints, joints]}  # fmt: skip
    return gather([truth], [found])


def test_a_joint_is_right_where_it_is_visible_and_near():
    joints = np.tile([20.0, 20.0, 0.7], (17, 1))
    joints[0, 0] = 29  # within a tenth of the box's height
    joints[1, 0] = 31
    seen = np.full(17, 2)
    seen[2], seen[3] = 1, 0
    results = scene(joints.tolist(), seen)
    assert results["boxes"].right.tolist() == [True, False]
    assert results["joints"].right.tolist() == [True, False, False, False] + [True] * 13
    assert results["visible"].right.tolist() == [True, True, False, False] + [True] * 13
    assert len(results["joints"].said) == 17, "joints of a box that is nobody's are not asked about"


def test_people_without_labelled_joints_are_not_asked_about():
    assert "joints" not in scene(np.zeros((17, 3)).tolist(), np.zeros(17))


def test_the_command_prints_the_error_and_draws_the_diagram(tmp_path):
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    cv2.imwrite(str(tmp_path / "images" / "a.png"), np.zeros((100, 200, 3), np.uint8))
    (tmp_path / "labels" / "a.txt").write_text("0 0.5 0.5 0.2 0.4 " + "0.5 0.5 2 " * 17)
    body = np.tile([100.0, 50.0, 0.75], (17, 1)).tolist()
    found = [{"file_name": "a.png", "boxes_xyxy": [[80, 30, 120, 70]], "scores": [0.9], "keypoints_xyc": [body]}]
    (tmp_path / "d.json").write_text(json.dumps(found))
    arguments = ["reliability", str(tmp_path / "d.json"), str(tmp_path), "--plot", str(tmp_path / "r.png")]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert "ECE 0.100" in result.output
    assert "ECE 0.250, joint by joint 0.250  (17 outcomes)" in result.output
    drawn = cv2.imread(str(tmp_path / "r.png"))
    assert drawn is not None
    assert drawn.std() > 10


def test_without_anybody_found_there_is_nothing_to_judge(tmp_path):
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    cv2.imwrite(str(tmp_path / "images" / "a.png"), np.zeros((100, 200, 3), np.uint8))
    (tmp_path / "labels" / "a.txt").write_text("0 0.5 0.5 0.2 0.4\n")
    for found in ([], [{"file_name": "a.png", "boxes_xyxy": [], "scores": []}]):
        (tmp_path / "d.json").write_text(json.dumps(found))
        arguments = ["reliability", str(tmp_path / "d.json"), str(tmp_path), "--plot", str(tmp_path / "r.png")]
        with pytest.raises(InputError, match="nothing to judge"):
            CliRunner().invoke(app, arguments, catch_exceptions=False)
