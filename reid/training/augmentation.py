"""Domain randomisation: geometry, colour, sharpness, things in front, keypoints as a detector finds them."""

import cv2
import numpy as np

from core.keypoints import MIRROR
from reid.crops import BLANK_BGR
from reid.data.shards import Sample
from reid.training.recipe import COVER_LEAST, CUT_LEAST, NOISE_LEAST, PATCH_LEAST, AugmentationConfig

_LUMA_BGR = np.array([0.114, 0.587, 0.299], np.float32)


def augmented(
    sample: Sample, donor_bgr: np.ndarray, height: int, width: int, config: AugmentationConfig, rng: np.random.Generator
) -> Sample:
    """`sample` at height × width px, changed at random; joints that something was put over lose their confidence.

    donor_bgr (h, w, 3) uint8: another crop, which pieces to put in front are taken from.
    """
    matrix, mirrored = _geometry(sample.image.shape, height, width, config, rng)
    fill = tuple(int(value) for value in rng.integers(0, 256, 3))
    border = cv2.BORDER_REPLICATE if rng.random() < 0.6 else cv2.BORDER_CONSTANT
    image = cv2.warpAffine(
        sample.image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=fill
    )
    own = _moved(sample.keypoints_xyc, matrix, mirrored, height, width)
    others = _moved(sample.others_xyc, matrix, mirrored, height, width)
    image = _coloured(image, config, rng)
    image = _degraded(image, config, rng)
    for box, patch in _patches(donor_bgr, height, width, config, rng):
        top, left, bottom, right = box
        image[top:bottom, left:right] = patch
        for joints in (own, others):
            covered = (joints[:, 0] >= left) & (joints[:, 0] < right) & (joints[:, 1] >= top) & (joints[:, 1] < bottom)
            joints[covered, 2] = 0
    return Sample(image, _unreliable(own, height, config, rng), others)


def plain(sample: Sample, height: int, width: int) -> Sample:
    """`sample` stretched to height × width px, nothing else."""
    scale = np.array([width / sample.image.shape[1], height / sample.image.shape[0], 1], np.float32)
    shrinks = sample.image.shape[0] > height and sample.image.shape[1] > width
    image = cv2.resize(sample.image, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return Sample(image, sample.keypoints_xyc * scale, sample.others_xyc * scale)


def _geometry(
    shape: tuple[int, ...], height: int, width: int, config: AugmentationConfig, rng: np.random.Generator
) -> tuple[np.ndarray, bool]:
    """Affine matrix (2, 3) float64 from the crop to the output, and whether it mirrors."""
    h, w = shape[:2]
    x1, y1, x2, y2 = 0.0, 0.0, 1.0, 1.0
    if rng.random() < config.cut:
        side, amount = rng.choice(4, p=(0.15, 0.6, 0.125, 0.125)), rng.uniform(CUT_LEAST, config.cut_most)
        if side == 0:
            y1 += amount
        elif side == 1:
            y2 -= amount
        elif side == 2:
            x1 += amount
        else:
            x2 -= amount
    zoom = 1 + rng.uniform(-config.zoom, config.zoom, 2)
    shift = rng.uniform(-config.shift, config.shift, 2)
    centre = np.array([(x1 + x2) / 2 * w, (y1 + y2) / 2 * h]) + shift * (w, h)
    scale = np.array([width / ((x2 - x1) * w), height / ((y2 - y1) * h)]) * zoom
    mirrored = bool(rng.random() < config.flip)
    angle = np.deg2rad(rng.uniform(-config.rotate_degrees, config.rotate_degrees))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = np.diag(scale * ((-1 if mirrored else 1), 1)) @ turn
    offset = np.array([width / 2, height / 2]) - linear @ centre
    return np.column_stack([linear, offset]), mirrored


def _moved(keypoints_xyc: np.ndarray, matrix: np.ndarray, mirrored: bool, height: int, width: int) -> np.ndarray:
    """Joints (17, 3) in the output; confidence 0 outside it; left and right exchanged where mirrored."""
    joints = keypoints_xyc[list(MIRROR)] if mirrored else keypoints_xyc
    xy = joints[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    inside = (xy >= 0).all(1) & (xy[:, 0] < width) & (xy[:, 1] < height)
    return np.column_stack([xy, np.where(inside, joints[:, 2], 0)]).astype(np.float32)


def _coloured(image_bgr: np.ndarray, config: AugmentationConfig, rng: np.random.Generator) -> np.ndarray:
    """Exposure, colour cast, contrast, saturation and gamma of another camera and another light."""
    pixels: np.ndarray = image_bgr.astype(np.float32)
    saturation = 1 + rng.uniform(-config.saturation, config.saturation)
    mix = np.eye(3, dtype=np.float32) * saturation + (1 - saturation) * _LUMA_BGR[None]
    gain = 1 + rng.uniform(-config.gain, config.gain, 3)
    light = 1 + rng.uniform(-config.light, config.light)
    mix *= (gain * light)[:, None].astype(np.float32)
    pixels = cv2.transform(pixels, mix)
    contrast = 1 + rng.uniform(-config.contrast, config.contrast)
    middle = float(pixels.mean())
    pixels = np.clip((pixels - middle) * contrast + middle, 0, 255)
    gamma = 2 ** rng.uniform(-config.gamma, config.gamma)
    table = (255 * (np.arange(256) / 255) ** gamma).round().astype(np.uint8)
    return cv2.LUT(pixels.astype(np.uint8), table)


def _degraded(image_bgr: np.ndarray, config: AugmentationConfig, rng: np.random.Generator) -> np.ndarray:
    """Few pixels, a soft lens, sensor noise."""
    height, width = image_bgr.shape[:2]
    if rng.random() < config.coarse:
        share = rng.uniform(0.3, 0.8)
        small = cv2.resize(
            image_bgr, (max(8, int(width * share)), max(16, int(height * share))), interpolation=cv2.INTER_AREA
        )
        image_bgr = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < config.blur:
        image_bgr = cv2.GaussianBlur(image_bgr, (0, 0), rng.uniform(0.4, 1.4))
    if rng.random() < config.noise:
        noise = rng.standard_normal(image_bgr.shape, np.float32)
        noise *= np.float32(rng.uniform(NOISE_LEAST, config.noise_most))
        image_bgr = np.clip(image_bgr + noise, 0, 255).astype(np.uint8)
    return image_bgr


def _patches(
    donor_bgr: np.ndarray, height: int, width: int, config: AugmentationConfig, rng: np.random.Generator
) -> list[tuple[tuple[int, int, int, int], np.ndarray]]:
    """Rectangles (top, left, bottom, right) and what to put there."""
    patches = []
    if config.cover and rng.random() < config.cover:
        patches.append(_cover(donor_bgr, height, width, config, rng))
    for chance, taken in ((config.erase, False), (config.occlude, True)):
        if rng.random() >= chance:
            continue
        area = rng.uniform(PATCH_LEAST, config.patch_most) * height * width
        ratio = np.exp(rng.uniform(np.log(0.4), np.log(3.3)))
        h, w = min(height, int(np.sqrt(area * ratio)) + 1), min(width, int(np.sqrt(area / ratio)) + 1)
        top, left = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
        if taken:
            patch = _piece(donor_bgr, h, w, rng)
        elif rng.random() < 0.5:
            patch = np.broadcast_to(rng.integers(0, 256, 3).astype(np.uint8), (h, w, 3))
        else:
            patch = rng.integers(0, 256, (h, w, 3), np.uint8)
        patches.append(((top, left, top + h, left + w), patch))
    return patches


def _cover(
    donor_bgr: np.ndarray, height: int, width: int, config: AugmentationConfig, rng: np.random.Generator
) -> tuple[tuple[int, int, int, int], np.ndarray]:
    """A counter, a car or another person over the lower part or over one side; or that side already blanked."""
    share = rng.uniform(COVER_LEAST, config.cover_most)
    top, left, right = 0, 0, width
    side = rng.choice(3, p=(0.5, 0.25, 0.25))
    if side == 0:
        top = round(height * (1 - share))
    elif side == 1:
        right = max(1, round(width * share))
    else:
        left = min(width - 1, round(width * (1 - share)))
    h, w = height - top, right - left
    box, kind = (top, left, height, right), rng.integers(3)
    if kind == 0:
        return box, _piece(donor_bgr, h, w, rng)
    if kind == 1:
        return box, np.broadcast_to(np.array(BLANK_BGR, np.uint8), (h, w, 3))
    flat = rng.integers(0, 256, 3) + rng.normal(0, 8, (h, w, 3))
    return box, np.clip(flat, 0, 255).astype(np.uint8)


def _piece(donor_bgr: np.ndarray, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """A random piece of another crop, at its own scale where it is large enough."""
    h, w = min(height, donor_bgr.shape[0]), min(width, donor_bgr.shape[1])
    top, left = int(rng.integers(0, donor_bgr.shape[0] - h + 1)), int(rng.integers(0, donor_bgr.shape[1] - w + 1))
    return cv2.resize(donor_bgr[top : top + h, left : left + w], (width, height))


def _unreliable(
    keypoints_xyc: np.ndarray, height: int, config: AugmentationConfig, rng: np.random.Generator
) -> np.ndarray:
    """Joints moved a little; some, now and then all, lost."""
    joints = keypoints_xyc.copy()
    joints[:, :2] += rng.standard_normal((17, 2)) * config.joint_jitter * height
    joints[rng.random(17) < config.joint_drop, 2] = 0
    if rng.random() < config.all_joints_drop:
        joints[:, 2] = 0
    return joints
