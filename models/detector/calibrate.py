"""Make a detector's confidences mean what they say: a score of 0.8 is right four times in five.

A short training from nothing leaves scores that rank well but are far too low. A straight line through the logits,
fitted to what was right on frames the network did not train on (Platt, "Probabilistic outputs for support vector
machines", 1999), is a monotone change: average precision stays, thresholds become comparable between networks. The
lines are folded into the last convolutions, so that running the network costs nothing more.

A box is right where it is a person's (IoU of one half), a joint where it is visible and near where it is said to be: a
wrist that is in plain view but was looked for in the wrong place must not be trusted. Every joint has a line of its
own, since a wrist is missed more often than an ear that looks as sure; where the frames say little about a joint, its
line stays near that of all joints together.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from scipy.optimize import minimize

from core.errors import InputError
from core.keypoints import COUNT
from core.letterbox import ENLARGE, Letterbox
from core.suppress import BLEND, suppress
from evaluation.detection import parse_labels
from evaluation.reliability import joint_outcomes, match_people
from models.detector.network import SlimPoseModel

LEAST_SCORE = 0.01
OVERLAP = 0.6  # of two boxes that share more, the surer stays; more second boxes than in the pipeline, as wrong ones
CLASSES_AT, KEYPOINTS_AT = 4, 5
PRIOR = 20.0  # outcomes that the line of all joints is worth when one joint's line is fitted


@dataclass(frozen=True)
class Line:
    """logit ↦ scale · logit + shift."""

    scale: float
    shift: float


NO_PRIOR = NO_CHANGE = Line(1.0, 0.0)


@dataclass(frozen=True)
class Outcomes:
    """Logits and whether each was right (bool): of boxes (N,), of the joints of found people (N, 17)."""

    logits: np.ndarray
    right: np.ndarray


def fit_line(outcomes: Outcomes, towards: Line = NO_PRIOR, weight: float = 0.0) -> Line:
    """The line that makes the outcomes likeliest; the line `towards` counts as `weight` outcomes.

    InputError where all are right or all are wrong and nothing is known beforehand.
    """
    logits, right = outcomes.logits.ravel(), outcomes.right.ravel()
    if not weight and (right.all() or not right.any()):
        raise InputError(f"calibration: expected right and wrong outcomes, got {len(right)} of one kind")

    def cost(line: np.ndarray) -> float:
        moved = line[0] * logits + line[1]
        off = (line[0] / towards.scale - 1) ** 2 + (line[1] - towards.shift) ** 2
        return float(np.sum(np.logaddexp(0, moved) - right * moved) + weight * off) / max(1, len(right))

    scale, shift = minimize(cost, np.array([towards.scale, towards.shift]), method="BFGS").x
    return Line(float(scale), float(shift))


def fit_joints(outcomes: Outcomes) -> list[Line]:
    """The line of each of the 17 joints."""
    together = fit_line(outcomes)
    return [
        fit_line(Outcomes(outcomes.logits[:, joint], outcomes.right[:, joint]), together, PRIOR)
        for joint in range(COUNT)
    ]


def fold(network: SlimPoseModel, boxes: Line, joints: list[Line]) -> None:
    """Fold the lines into the last convolutions of the class and keypoint branches, in place."""
    head: Any = list(cast(torch.nn.Module, network.model).children())[-1]
    with torch.no_grad():
        for branch in head.cv3:
            _scale(branch[-1], 0, boxes)
        for convolution in head.cv4_kpts:
            for joint, line in enumerate(joints):
                _scale(convolution, 3 * joint + 2, line)


def _scale(convolution: torch.nn.Conv2d, channel: int, line: Line) -> None:
    assert convolution.bias is not None
    convolution.weight[channel] *= line.scale
    convolution.bias[channel] = convolution.bias[channel] * line.scale + line.shift


@torch.inference_mode()
def outcomes(network: SlimPoseModel, frames: list[Path], image_size: int) -> tuple[Outcomes, Outcomes]:
    """What the network says on `frames` (in images/, with Ultralytics pose text in labels/), for boxes and joints."""
    box_logits, box_right = [np.zeros(0)], [np.zeros(0, bool)]
    joint_logits, joint_right = [np.zeros((0, COUNT))], [np.zeros((0, COUNT), bool)]
    for path in frames:
        image, truth, joints = read_frame(path, image_size)
        output = network(torch.from_numpy(image.transpose(2, 0, 1)[None].astype(np.float32) / 255))
        boxes, scores, found = people_of((output[0] if isinstance(output, (list, tuple)) else output)[0].numpy())
        of = match_people(boxes, scores, truth)
        box_logits.append(_logit(scores))
        box_right.append(of >= 0)
        for body, person in zip(found, of, strict=True):
            if person >= 0 and joints[person, :, 2].any():
                _, right = joint_outcomes(body, joints[person], truth[person, 3] - truth[person, 1])
                joint_logits.append(_logit(body[None, :, 2]))
                joint_right.append(right[None])
    return (
        Outcomes(np.concatenate(box_logits), np.concatenate(box_right)),
        Outcomes(np.concatenate(joint_logits), np.concatenate(joint_right)),
    )


def people_of(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes (N, 4) xyxy, scores (N,) and joints (N, 17, 3) of a raw output (56, anchors), after suppression."""
    raw = raw[:, raw[CLASSES_AT] >= LEAST_SCORE]
    scores = raw[CLASSES_AT]
    corner, size = raw[:2] - raw[2:4] / 2, raw[2:4]
    corners = np.concatenate([corner, corner + size]).T
    boxes, scores, joints = suppress(corners, scores, raw[KEYPOINTS_AT:].T, OVERLAP, BLEND)
    return boxes, scores, joints.reshape(-1, COUNT, 3)


def read_frame(path: Path, image_size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The RGB picture as the pipeline shows it to the network, boxes (N, 4) xyxy and joints (N, 17, 3) in its pixels.

    Its longer side is `image_size`, less where that would enlarge it more than ENLARGE.
    """
    image = cv2.imread(str(path))
    if image is None:
        raise InputError(f"{path}: not an image, or damaged.")
    height, width = image.shape[:2]
    box = Letterbox.rectangular(width, height, image_size, ENLARGE)
    labels = path.parents[1] / "labels" / f"{path.stem}.txt"
    if not labels.exists():  # images/train/x.jpg has its labels in labels/train/x.txt
        labels = path.parents[2] / "labels" / path.parent.name / f"{path.stem}.txt"
    lines = [line for line in labels.read_text(encoding="utf-8").splitlines() if line.strip()]
    boxes, joints = parse_labels(lines, width, height)
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1).reshape(-1, 2, 2)
    joints[:, :, :2] = box.points_to_input(joints[:, :, :2])
    picture = cv2.cvtColor(box.apply(image), cv2.COLOR_BGR2RGB)
    return picture, box.points_to_input(corners).reshape(-1, 4), joints


def _logit(probability: np.ndarray) -> np.ndarray:
    clipped = np.clip(probability.astype(float), 1e-6, 1 - 1e-6)
    return np.log(clipped / (1 - clipped))
