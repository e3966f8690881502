"""Descriptors that know what their people wear, and a little noise."""

import numpy as np

from core.types import Descriptors
from reid.attributes.fitting import Labelled
from reid.data.attributes import AttributeLabels

VALUES = {
    "upper_colour": ("black", "red", "blue", "none"), "lower_colour": ("black", "blue"), "bag": ("none", "backpack"),
}  # fmt: skip


def descriptors(vectors: np.ndarray, *, legs: float = 1.0, quality: float = 0.8) -> Descriptors:
    """vectors (n, D) as global ones; five parts and two stripes of nothing; legs: their visibility, 1 for the rest."""
    count = len(vectors)
    visibility = np.ones((count, 5))
    visibility[:, 3] = legs
    return Descriptors(vectors, np.zeros((count, 5, 2)), visibility, np.zeros((count, 2, 2)), np.full(count, quality))


def labelled(people: int = 60, crops: int = 4, noise: float = 0.3, seed: int = 0) -> Labelled:
    """`crops` of each person, in two tracklets: one direction for each colour and one for the bag, and noise."""
    rng = np.random.default_rng(seed)
    worn = np.stack([rng.integers(0, 3, people), rng.integers(0, 2, people), rng.integers(0, 2, people)], axis=1)
    rows, identity = np.repeat(worn, crops, axis=0), np.repeat(np.arange(people), crops)
    clean = np.concatenate([np.eye(3)[rows[:, 0]], np.eye(2)[rows[:, 1]], np.eye(2)[rows[:, 2]]], axis=1)
    vectors = clean + rng.normal(0, noise, clean.shape)
    tracklet = np.repeat(np.arange(2 * people), crops // 2)
    return Labelled(descriptors(vectors), identity, tracklet, AttributeLabels(VALUES, rows))
