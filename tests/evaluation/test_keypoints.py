"""Average precision of keypoints beside a slow oracle that is written from the definition alone."""

import math

import numpy as np
import pytest

from evaluation.detection import ignore_small
from evaluation.keypoints import has_joints, keypoint_precision

# σ of the COCO keypoint challenge: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles.
SIGMAS = [0.026, *[0.025] * 2, *[0.035] * 2, *[0.079] * 2, *[0.072] * 2, *[0.062] * 2, *[0.107] * 2, *[0.087] * 2,
          *[0.089] * 2]  # fmt: skip


def similarity(joints, true, box):
    """OKS of one body, joint by joint."""
    terms = []
    for (x, y, _), (true_x, true_y, v), sigma in zip(joints, true, SIGMAS, strict=True):
        if v > 0:
            squared = (x - true_x) ** 2 + (y - true_y) ** 2
            terms.append(math.exp(-squared / (2 * 0.53 * box[2] * box[3] * (2 * sigma) ** 2)))
    return sum(terms) / len(terms)


def oracle(truth, found, threshold):
    """AP by loops: the surest first, each takes the likest free body of its picture; 101 points of recall."""
    found = {row["file_name"]: row for row in found}
    hits, asked = [], 0
    for picture in truth:
        asked += len(picture["boxes_xywh"])
        free = list(zip(picture["boxes_xywh"], picture["keypoints_xyv"], strict=True))
        row = found[picture["file_name"]]
        for score, joints in sorted(zip(row["scores"], row["keypoints_xyc"], strict=True), key=lambda pair: -pair[0]):
            likeness = [similarity(joints, true, box) for box, true in free]
            best = int(np.argmax(likeness)) if free else -1
            right = best >= 0 and likeness[best] >= threshold
            if right:
                free.pop(best)
            hits.append((score, right))
    points, right_so_far = [], 0
    for count, (_, right) in enumerate(sorted(hits, key=lambda hit: -hit[0]), 1):
        right_so_far += right
        points.append((right_so_far / asked, right_so_far / count))
    return (
        sum(
            max((precision for recall, precision in points if recall >= level), default=0.0)
            for level in np.linspace(0, 1, 101)
        )
        / 101
    )


def crowd(seed):
    """Pictures of people side by side, found with noise, missed now and then, and some that are not there."""
    generator = np.random.default_rng(seed)
    truth, found = [], []
    for number in range(6):
        count = int(generator.integers(1, 6))
        boxes = np.stack([np.array([200 * k, 50, 80, generator.uniform(90, 240)]) for k in range(count)])
        place = boxes[:, None, :2] + generator.random((count, 17, 2)) * boxes[:, None, 2:]
        seen = generator.integers(0, 3, (count, 17))
        seen[:, 0] = 2
        truth.append({"file_name": f"{number}.jpg", "width": 1200, "height": 400, "boxes_xywh": boxes,
                      "keypoints_xyv": np.dstack([place * (seen > 0)[..., None], seen])})  # fmt: skip
        noise = generator.uniform(0, 16, (count, 1, 1)) * generator.standard_normal((count, 17, 2))
        joints = np.concatenate([place + noise, np.ones((count, 17, 1))], 2)
        joints = np.concatenate([joints[generator.random(count) > 0.2], generator.uniform(0, 400, (1, 17, 3))])
        found.append({"file_name": f"{number}.jpg", "keypoints_xyc": joints.tolist(), "boxes_xyxy": [],
                      "scores": generator.permutation(1000)[: len(joints)] / 1000})  # fmt: skip
    scores = np.concatenate([row["scores"] for row in found]) + np.linspace(
        0, 1e-4, sum(len(r["scores"]) for r in found)
    )
    for row in found:  # no two alike: the order of equals is nobody's business
        row["scores"], scores = scores[: len(row["scores"])].tolist(), scores[len(row["scores"]) :]
    return truth, found


@pytest.mark.parametrize("seed", range(8))
def test_precision_equals_the_oracle(seed):
    truth, found = crowd(seed)
    scores = keypoint_precision(truth, found)
    assert scores["OKS-AP50"] == pytest.approx(oracle(truth, found, 0.5), abs=1e-9)
    assert 0.05 < scores["OKS-AP50"] < 0.95, "a test at the border shows little"
    thresholds = np.linspace(0.5, 0.95, 10)
    assert scores["OKS-AP"] == pytest.approx(np.mean([oracle(truth, found, t) for t in thresholds]), abs=1e-9)


def person(x=0.0, height=200.0, seen=2):
    """A truth row and the detection that fits it: joints on a line."""
    box = np.array([x, 0, 80, height])
    joints = np.stack([np.full(17, x + 40), np.linspace(0, height, 17), np.full(17, seen)], 1)
    return box, joints


def picture(*people):
    boxes, joints = zip(*people, strict=True)
    return {"file_name": "a.jpg", "width": 999, "height": 400, "boxes_xywh": np.array(boxes),
            "keypoints_xyv": np.array(joints, float)}  # fmt: skip


def said(*joints, scores=None):
    return [{"file_name": "a.jpg", "boxes_xyxy": [[0, 0, 1, 1]] * len(joints),
             "scores": scores or [0.9] * len(joints), "keypoints_xyc": [j.tolist() for j in joints]}]  # fmt: skip


def test_a_joint_is_worth_its_sigma():
    """Off by κ = 2σ√area, exp(-½) is left of a joint's similarity: above one half, below 0.65."""
    box, true = person()
    off = true.copy()
    off[:, 0] += np.sqrt(0.53 * box[2] * box[3]) * 2 * np.array(SIGMAS)
    scores = keypoint_precision([picture((box, true))], said(off))
    assert scores["OKS-AP50"] == pytest.approx(1)
    assert scores["OKS-AP"] == pytest.approx(3 / 10), "0.50, 0.55 and 0.60 pass"


def test_hidden_joints_count_and_unlabelled_ones_do_not():
    box, true = person()
    hidden, outside = true.copy(), true.copy()
    hidden[:9, 2], outside[:9, 2] = 1, 0
    wrong = true.copy()
    wrong[:9, 0] += 500
    assert keypoint_precision([picture((box, hidden))], said(wrong))["OKS-AP50"] == 0
    assert keypoint_precision([picture((box, outside))], said(wrong))["OKS-AP50"] == pytest.approx(1)


def test_small_people_need_not_be_found_and_cost_nothing():
    near, far = person(), person(x=500, height=50)
    (truth,) = ignore_small([picture(near, far)], 60)
    assert keypoint_precision([truth], said(near[1]))["OKS-AP50"] == pytest.approx(1)
    assert keypoint_precision([truth], said(far[1], near[1], scores=[0.9, 0.8]))["OKS-AP50"] == pytest.approx(1)
    assert keypoint_precision([picture(near, far)], said(near[1]))["OKS-AP50"] == pytest.approx(51 / 101)


def test_nothing_to_compare():
    box, true = person()
    unlabelled = picture((box, true * 0))
    assert not has_joints([unlabelled], said(true))
    assert has_joints([picture((box, true))], said(true))
    boxes_only = [{"file_name": "a.jpg", "boxes_xyxy": [[0, 0, 1, 1]], "scores": [0.9], "keypoints_xyc": None}]
    assert not has_joints([picture((box, true))], boxes_only)
    assert math.isnan(keypoint_precision([unlabelled], said(true))["OKS-AP50"])
    assert keypoint_precision([picture((box, true))], [])["OKS-AP50"] == 0
