"""Make a detector's confidences mean what they say: a score of 0.8 is right four times in five.

A short training from nothing leaves scores that rank well but are far too low. A straight line through the logits,
fitted to what was right on frames the network did not train on (Platt, "Probabilistic outputs for support vector
machines", 1999), is a monotone change: average precision stays, thresholds become comparable between networks. The line
is folded into the last convolutions, so that running the network costs nothing more.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from scipy.optimize import minimize

from core.boxes import iou
from core.errors import InputError
from models.detector.network import SlimPoseModel

MATCH_IOU = 0.5
LEAST_SCORE = 0.01
NEAR_JOINT = 0.1  # a joint is right within this share of the box's height
CLASSES_AT, KEYPOINTS_AT = 4, 5


@dataclass(frozen=True)
class Line:
    """logit ↦ scale · logit + shift."""

    scale: float
    shift: float


@dataclass(frozen=True)
class Outcomes:
    """Logits (N,) and whether each was right (N,) bool."""

    logits: np.ndarray
    right: np.ndarray


def fit_line(outcomes: Outcomes) -> Line:
    """The line that makes the outcomes likeliest. InputError where all are right or all are wrong."""
    if outcomes.right.all() or not outcomes.right.any():
        raise InputError(f"calibration: expected right and wrong outcomes, got {len(outcomes.right)} of one kind")

    def cost(line: np.ndarray) -> float:
        logits = line[0] * outcomes.logits + line[1]
        return float(np.mean(np.logaddexp(0, logits) - outcomes.right * logits))

    scale, shift = minimize(cost, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return Line(float(scale), float(shift))


def fold(network: SlimPoseModel, boxes: Line, joints: Line) -> None:
    """Fold the lines into the last convolutions of the class and keypoint branches, in place."""
    head: Any = list(cast(torch.nn.Module, network.model).children())[-1]
    with torch.no_grad():
        for branch in head.cv3:
            _scale(branch[-1], slice(None), boxes)
        for convolution in head.cv4_kpts:
            _scale(convolution, slice(2, None, 3), joints)


def _scale(convolution: torch.nn.Conv2d, channels: slice, line: Line) -> None:
    assert convolution.bias is not None
    convolution.weight[channels] *= line.scale
    convolution.bias[channels] = convolution.bias[channels] * line.scale + line.shift


@torch.inference_mode()
def outcomes(network: SlimPoseModel, frames: list[Path], image_size: int) -> tuple[Outcomes, Outcomes]:
    """What the network says on `frames` (in images/, with Ultralytics pose text in labels/), for boxes and joints."""
    box_logits, box_right, joint_logits, joint_right = [], [], [], []
    for path in frames:
        image, truth, joints = _read(path, image_size)
        output = network(torch.from_numpy(image.transpose(2, 0, 1)[None].astype(np.float32) / 255))
        raw = (output[0] if isinstance(output, (list, tuple)) else output)[0].numpy()
        raw = raw[:, raw[CLASSES_AT] >= LEAST_SCORE]
        corners = np.concatenate([raw[:2] - raw[2:4] / 2, raw[:2] + raw[2:4] / 2]).T
        scores = raw[CLASSES_AT]
        kept = np.asarray(cv2.dnn.NMSBoxes(_xywh(corners), scores.tolist(), 0.0, 0.6), int).reshape(-1)
        free = np.ones(len(truth), bool)
        for row in kept[np.argsort(-scores[kept], kind="stable")]:
            overlap = iou(corners[row : row + 1], truth)[0] * free if len(truth) else np.zeros(1)
            best = int(overlap.argmax())
            right = bool(overlap[best] >= MATCH_IOU)
            box_logits.append(_logit(scores[row]))
            box_right.append(right)
            if not right:
                continue
            free[best] = False
            if not joints[best, :, 2].any():
                continue
            found = raw[KEYPOINTS_AT:, row].reshape(17, 3)
            away = np.linalg.norm(found[:, :2] - joints[best, :, :2], axis=1)
            near = away < NEAR_JOINT * (truth[best, 3] - truth[best, 1])
            joint_logits += _logit(found[:, 2]).tolist()
            joint_right += (near & (joints[best, :, 2] == 2)).tolist()
    return (
        Outcomes(np.array(box_logits), np.array(box_right, bool)),
        Outcomes(np.array(joint_logits), np.array(joint_right, bool)),
    )


def _read(path: Path, image_size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """RGB picture with sides that are multiples of 32, boxes (N, 4) and joints (N, 17, 3) in its pixels."""
    image = cv2.imread(str(path))
    if image is None:
        raise InputError(f"{path}: not an image, or damaged.")
    scale = image_size / max(image.shape[:2])
    height, width = (max(32, round(side * scale / 32) * 32) for side in image.shape[:2])
    picture = cv2.cvtColor(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
    labels = path.parents[1] / "labels" / f"{path.stem}.txt"
    if not labels.exists():  # images/train/x.jpg has its labels in labels/train/x.txt
        labels = path.parents[2] / "labels" / path.parent.name / f"{path.stem}.txt"
    rows = np.array([line.split() for line in labels.read_text().splitlines() if line.strip()], np.float64)
    rows = rows.reshape(-1, rows.shape[1] if rows.size else 56)
    centre, size = rows[:, 1:3] * (width, height), rows[:, 3:5] * (width, height)
    joints = np.zeros((len(rows), 17, 3))
    if rows.shape[1] > 5:
        joints = rows[:, 5:].reshape(-1, 17, 3) * (width, height, 1)
    return picture, np.concatenate([centre - size / 2, centre + size / 2], 1), joints


def _xywh(corners: np.ndarray) -> list[list[float]]:
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], 1).astype(float).tolist()


def _logit(probability: np.ndarray) -> np.ndarray:
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.log(clipped / (1 - clipped))
