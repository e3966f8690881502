"""Cost terms against plain loops."""

import numpy as np
import pytest
from filterpy.stats import mahalanobis

from core.boxes import intersection_px, iou
from trackers import costs


@pytest.fixture
def boxes() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    low_a, low_b = rng.uniform(0, 100, (6, 2)), rng.uniform(0, 100, (4, 2))
    return np.hstack([low_a, low_a + rng.uniform(5, 80, (6, 2))]), np.hstack(
        [low_b, low_b + rng.uniform(5, 80, (4, 2))]
    )


def test_overlaps_are_cores(boxes):
    overlap, shared = costs.overlaps(*boxes)
    assert np.allclose(overlap, iou(*boxes), atol=1e-12)
    assert np.allclose(shared, intersection_px(*boxes), atol=1e-9)


def test_overlaps_of_nothing(boxes):
    assert costs.overlaps(boxes[0], np.zeros((0, 4)))[0].shape == (6, 0)


def test_giou_by_loop(boxes):
    found = costs.giou(*boxes)
    for i, a in enumerate(boxes[0]):
        for j, b in enumerate(boxes[1]):
            shared = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
            union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
            hull = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
            assert found[i, j] == pytest.approx(shared / union - (hull - union) / hull)


def test_height_iou_by_loop(boxes):
    found = costs.height_iou(*boxes)
    for i, a in enumerate(boxes[0]):
        for j, b in enumerate(boxes[1]):
            shared = max(0, min(a[3], b[3]) - max(a[1], b[1]))
            assert found[i, j] == pytest.approx(shared / (a[3] - a[1] + b[3] - b[1] - shared))


def test_log_likelihood_by_filterpy():
    rng = np.random.default_rng(8)
    value, z = rng.uniform(50, 2000, (5, 4)), rng.uniform(50, 2000, (3, 4))
    variance = rng.uniform(4, 400, (5, 4))
    found = costs.log_likelihood_cost(value, variance, z, 0.5)
    for i in range(5):
        logdet = np.log(np.linalg.det(np.diag(variance[i] / value[i, 3] ** 2)))
        for j in range(3):
            squared = mahalanobis(z[j], value[i], np.diag(variance[i])) ** 2
            assert found[i, j] == pytest.approx(squared + 0.5 * (logdet - costs.USUAL_SPREAD), rel=1e-6)


def test_direction_straight_ahead_behind_and_unknown():
    past = np.array([[0.0, 0, 10, 10], [0, 0, 10, 10]])
    heading = np.array([[1.0, 0], [0, 0]])
    ahead_and_behind = np.array([[50.0, 0, 60, 10], [-50, 0, -40, 10]])
    found = costs.direction_similarity(past, heading, ahead_and_behind)
    assert np.allclose(found, [[0.5, -0.5], [0, 0]], atol=1e-3)


def test_keypoint_similarity_by_loop():
    rng = np.random.default_rng(9)
    a, b = rng.uniform(0, 100, (3, 17, 3)), rng.uniform(0, 100, (2, 17, 3))
    b[0, :, :2] = a[0, :, :2] + 2
    a[..., 2], b[..., 2] = rng.random((3, 17)), rng.random((2, 17))
    areas = np.array([4000.0, 900, 2500])
    found = costs.keypoint_similarity(a, b, areas, 0.3)
    for i in range(3):
        for j in range(2):
            terms = [
                np.exp(-((a[i, k, :2] - b[j, k, :2]) ** 2).sum() / (2 * areas[i] * (2 * costs.JOINT_SPREAD[k]) ** 2))
                for k in range(17) if a[i, k, 2] >= 0.3 and b[j, k, 2] >= 0.3
            ]  # fmt: skip
            assert found[i, j] == pytest.approx(np.mean(terms))


def test_poses_without_a_common_joint_are_unknown():
    assert np.isnan(costs.keypoint_similarity(np.zeros((1, 17, 3)), np.zeros((1, 17, 3)), np.ones(1))).all()


def test_appearance_distance():
    vectors = np.array([[1.0, 0], [0, 1], [0, 0]])
    assert np.allclose(costs.appearance_distance(vectors, vectors[:1]), [[0], [1], [1]])
