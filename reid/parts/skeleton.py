"""What a skeleton tells about the body it belongs to: its height, its head, its limbs as capsules."""

import numpy as np

from reid.parts.config import PartsConfig

NOSE, SHOULDERS, ELBOWS, WRISTS, HIPS, KNEES, ANKLES = 0, (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16)
FACE = (0, 1, 2, 3, 4)

# Bones and their length as a share of standing height (Drillis and Contini's proportions, rounded).
_MEASURES = (
    (5, 11, 0.29), (6, 12, 0.29), (11, 13, 0.245), (12, 14, 0.245), (13, 15, 0.245), (14, 16, 0.245),
    (5, 7, 0.17), (6, 8, 0.17), (5, 6, 0.23),
)  # fmt: skip

# Joints added to COCO's 17 so that every part is a capsule or a disc between two of them.
NECK, HEAD, LEFT_FOOT, RIGHT_FOOT = 17, 18, 19, 20


def trust(confidence: np.ndarray, config: PartsConfig) -> np.ndarray:
    """Confidence (any shape) to trust in [0, 1] by the ramp of the config."""
    span = max(config.trusted_at - config.trusted_from, 1e-6)
    return np.clip((confidence - config.trusted_from) / span, 0, 1).astype(np.float32)


def standing_height_px(keypoints_xy: np.ndarray, trusted: np.ndarray, crop_height_px: np.ndarray) -> np.ndarray:
    """Height (N,) in px the person would have standing, from (N, 17, 2), trust (N, 17) and the crop's height (N,).

    Foreshortening only shortens a bone, so the bone that asks for the tallest person is nearest the truth; between a
    quarter and four times the crop's height. Without a trusted bone: the crop's height.
    """
    heights = np.zeros((len(_MEASURES), len(keypoints_xy)), np.float32)
    for row, (a, b, share) in enumerate(_MEASURES):
        length = np.linalg.norm(keypoints_xy[:, a] - keypoints_xy[:, b], axis=1)
        heights[row] = np.where(np.minimum(trusted[:, a], trusted[:, b]) > 0, length / share, 0)
    tallest = heights.max(axis=0)
    found = np.where(tallest > 0, tallest, crop_height_px)
    return np.clip(found, crop_height_px / 4, crop_height_px * 4).astype(np.float32)


def extended(keypoints_xy: np.ndarray, trusted: np.ndarray, height_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Joints (N, 21, 2) and trust (N, 21): the 17 of COCO, then neck, head, left and right foot.

    The head is the mean of the trusted joints of the face; from behind, where none is, it lies beyond the neck on the
    line from the hips. A foot lies a little further along the shin than the ankle.
    """
    neck, neck_trust = _middle(keypoints_xy, trusted, SHOULDERS)
    hips, hips_trust = _middle(keypoints_xy, trusted, HIPS)
    face_weight = trusted[:, FACE].sum(axis=1, keepdims=True)
    face = (keypoints_xy[:, FACE] * trusted[:, FACE, None]).sum(axis=1) / np.maximum(face_weight, 1e-6)
    up = _unit(neck - hips, fallback=(0, -1))
    behind = neck + up * (0.11 * height_px)[:, None]
    has_face = face_weight[:, 0] > 0
    head = np.where(has_face[:, None], face, behind)
    head_trust = np.where(has_face, trusted[:, FACE].max(axis=1), np.minimum(neck_trust, hips_trust))
    joints, trusts = [keypoints_xy, neck[:, None], head[:, None]], [trusted, neck_trust[:, None], head_trust[:, None]]
    for knee, ankle in zip(KNEES, ANKLES, strict=True):
        down = _unit(keypoints_xy[:, ankle] - keypoints_xy[:, knee], fallback=(0, 1))
        joints.append((keypoints_xy[:, ankle] + down * (0.02 * height_px)[:, None])[:, None])
        trusts.append(trusted[:, ankle, None])
    return np.concatenate(joints, axis=1), np.concatenate(trusts, axis=1)


def _middle(keypoints_xy: np.ndarray, trusted: np.ndarray, pair: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Middle (N, 2) of two joints, and the smaller trust (N,)."""
    return keypoints_xy[:, pair].mean(axis=1), trusted[:, pair].min(axis=1)


def _unit(vectors: np.ndarray, fallback: tuple[float, float]) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(length > 1e-6, vectors / np.maximum(length, 1e-6), np.asarray(fallback, np.float32))
