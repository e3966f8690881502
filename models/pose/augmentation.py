"""What happens to a training crop: moved, turned, mirrored, cut, partly covered, and seen by another camera."""

from dataclasses import dataclass

import cv2
import numpy as np

from core.keypoints import MIRROR
from core.pose_crop import HEIGHT_PX, WIDTH_PX, windows
from evaluation.reliability import VISIBLE
from models.pose.dataset import KEPT_HEIGHT_PX, KEPT_WIDTH_PX

HIDDEN = 1  # and evaluation's VISIBLE: what v of a label says


@dataclass(frozen=True)
class Augmentation:
    """How much. Shares are probabilities; sizes are of the window.

    turn_deg: one standard deviation, for `turned` of the crops. zoom, shift: boxes of a detector are not exact. part:
    crops that show a part of the person, as where furniture hides the rest. covered: something is laid over them.
    coarse, grey, camera: few pixels, no colours, another camera's light. plain: without any of this.
    """

    plain: float = 0.1
    turned: float = 0.5
    turn_deg: float = 14.0
    zoom: float = 0.15
    shift: float = 0.05
    part: float = 0.2
    covered: float = 0.25
    coarse: float = 0.2
    grey: float = 0.05
    camera: float = 1.0


def augmented(
    crop: np.ndarray,
    box: np.ndarray,
    joints: np.ndarray,
    other: np.ndarray,
    config: Augmentation,
    random: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """The network's input (128, 96, 3) uint8 BGR and joints (17, 3) in its px, of a kept crop, its box and joints.

    other: another kept crop, a piece of which may be laid over this one.
    """
    joints = joints.copy()
    plain = random.random() < config.plain
    if not plain and random.random() < config.covered:
        crop, joints = _cover(crop, joints, box, other, random)
    to_input = _window(box, config, random, plain)
    picture = cv2.warpAffine(crop, to_input, (WIDTH_PX, HEIGHT_PX), flags=cv2.INTER_LINEAR)
    joints[:, :2] = joints[:, :2] @ to_input[:, :2].T + to_input[:, 2]
    if random.random() < 0.5:
        picture, joints = picture[:, ::-1], joints[list(MIRROR)]
        joints[:, 0] = WIDTH_PX - 1 - joints[:, 0]
    return (picture if plain else _colours(picture, config, random)), joints


def _window(box: np.ndarray, config: Augmentation, random: np.random.Generator, plain: bool) -> np.ndarray:
    """The map (2, 3) from kept to input px."""
    box, angle = box.copy(), 0.0
    if not plain and random.random() < config.part:
        side, height = random.integers(2), box[3] - box[1]
        away = random.uniform(0.2, 0.6) * height
        box[1], box[3] = (box[1], box[3] - away) if side else (box[1] + away, box[3])
    x, y, height = windows(box[None])[0]
    if not plain:
        height *= np.exp(random.normal(0, config.zoom))
        x += random.normal(0, config.shift) * height * WIDTH_PX / HEIGHT_PX
        y += random.normal(0, config.shift) * height
        angle = random.normal(0, config.turn_deg) if random.random() < config.turned else 0.0
    turn = cv2.getRotationMatrix2D((float(x), float(y)), angle, HEIGHT_PX / float(height))
    turn[:, 2] += (WIDTH_PX / 2 - x, HEIGHT_PX / 2 - y)
    return turn


def _cover(
    crop: np.ndarray, joints: np.ndarray, box: np.ndarray, other: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A rectangle of `other`, or of one colour, over a piece of the box; the joints below are hidden."""
    width, height = (random.uniform(0.2, 0.7, 2) * (box[2:] - box[:2])).astype(int) + 1
    left, top = (random.uniform(box[:2] - (width / 2, height / 2), box[2:] - (width / 2, height / 2))).astype(int)
    x1, y1 = max(0, left), max(0, top)
    x2, y2 = min(KEPT_WIDTH_PX, left + width), min(KEPT_HEIGHT_PX, top + height)
    if x1 >= x2 or y1 >= y2:
        return crop, joints
    crop = crop.copy()
    crop[y1:y2, x1:x2] = random.integers(0, 256, 3) if random.random() < 0.3 else other[y1:y2, x1:x2]
    x, y, seen = joints.T
    seen[(seen == VISIBLE) & (x >= x1) & (x < x2) & (y >= y1) & (y < y2)] = HIDDEN
    return crop, joints


def _colours(picture: np.ndarray, config: Augmentation, random: np.random.Generator) -> np.ndarray:
    """Another camera: light, cast, contrast, blur, few pixels, noise."""
    if random.random() < config.coarse:
        small = random.uniform(0.3, 0.8)
        picture = cv2.resize(picture, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)
        picture = cv2.resize(picture, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
    if random.random() < config.grey:
        picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if random.random() >= config.camera:
        return picture
    levels = np.arange(256, dtype=np.float32) / 255
    table = []
    gain, gamma, contrast = np.exp(random.normal(0, (0.2, 0.25, 0.15)))
    for cast in np.exp(random.normal(0, 0.08, 3)):
        channel = (levels**gamma * gain * cast - 0.5) * contrast + 0.5
        table.append(np.clip(channel * 255, 0, 255).astype(np.uint8))
    picture = cv2.LUT(np.ascontiguousarray(picture), np.stack(table, 1)[None])
    if random.random() < 0.3:
        noise = random.normal(0, random.uniform(1, 10), picture.shape).astype(np.float32)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return picture
