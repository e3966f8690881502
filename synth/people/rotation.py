"""Rotations in the person's frame: x forward, y left, z up."""

import math

import numpy as np


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The cross product (3,) of two vectors (3,); NumPy's own is slow for single ones."""
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def norm(a: np.ndarray) -> float:
    """The length of a vector (3,)."""
    return math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])


def turn(axis: str, angle: float) -> np.ndarray:
    """Rotation (3, 3) about x (roll right side down), y (forward pitch down) or z (turn left)."""
    c, s = np.cos(angle), np.sin(angle)
    if axis == "x":
        return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    if axis == "y":
        return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def about(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rotation (3, 3) about a unit axis (Rodrigues)."""
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The smallest rotation (3, 3) that takes direction `start` to direction `end`."""
    a, b = start / norm(start), end / norm(end)
    v, c = cross(a, b), float(a @ b)
    if c < -1 + 1e-9:
        helper = np.array([0.0, 1.0, 0.0]) if abs(a[1]) < 0.9 else np.array([1.0, 0.0, 0.0])
        axis = cross(a, helper)
        axis /= norm(axis)
        return 2 * np.outer(axis, axis) - np.eye(3)
    k = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + k + k @ k / (1 + c)
