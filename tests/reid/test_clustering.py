"""Groups of crops."""

import numpy as np
import pytest

from core.errors import ShapeError
from reid.clustering import UNSURE, ClusterConfig, best_limit, cluster, clusterings, pair_scores


def crowd(people: int = 5, each: int = 4, spread: float = 0.02, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(people), each)
    points = np.eye(people)[truth] + rng.normal(0, spread, (len(truth), people))
    return np.linalg.norm(points[:, None] - points[None], axis=2), truth


def test_people_far_apart_are_found() -> None:
    distance, truth = crowd()
    labels = cluster(distance, np.ones(len(truth)), limit=0.5)
    assert pair_scores(labels, truth) == (1, 1, 1)
    assert set(labels) == set(range(5))


def test_order_does_not_matter_and_the_largest_group_is_first() -> None:
    distance, truth = crowd()
    keep = np.r_[0:1, 4:20]
    distance, truth = distance[np.ix_(keep, keep)], truth[keep]
    order = np.random.default_rng(1).permutation(len(keep))
    plain = cluster(distance, np.ones(len(keep)), 0.5)
    mixed = cluster(distance[np.ix_(order, order)], np.ones(len(keep)), 0.5)
    np.testing.assert_array_equal(plain[order][:, None] == plain[order][None], mixed[:, None] == mixed[None])
    assert (plain == 0).sum() == 4
    assert plain[0] == 4  # the single crop comes last


def test_people_in_one_picture_are_never_one() -> None:
    distance, _ = crowd(people=1, each=4)
    labels = cluster(distance, np.ones(4), 0.5, group=np.array([0, 0, 1, 1]))
    assert labels[0] != labels[1]
    assert labels[2] != labels[3]


def test_several_limits_at_once_are_as_one_by_one() -> None:
    distance, truth = crowd(spread=0.4)
    quality = np.where(np.arange(len(truth)) == 3, 0.1, 1.0)
    photo = np.arange(len(truth)) // 2 * 7
    limits = (0.3, 0.9, 1.6)
    found = clusterings(distance, quality, limits, 0.2, photo)
    assert len({one.max() for one in found}) > 1
    for limit, labels in zip(limits, found, strict=True):
        np.testing.assert_array_equal(labels, cluster(distance, quality, limit, 0.2, photo))


def test_poor_and_torn_crops_are_unsure() -> None:
    distance, _ = crowd(people=2)
    quality = np.ones(8)
    quality[3] = 0.1
    assert np.flatnonzero(cluster(distance, quality, 0.5, least_quality=0.2) == UNSURE).tolist() == [3]
    points = np.array([0, 0.01, 0.02, 1, 1.01, 1.02, 0.515])
    between = np.abs(points[:, None] - points[None])
    labels = cluster(between, np.ones(7), 0.6, config=ClusterConfig(margin=0.05))
    assert np.flatnonzero(labels == UNSURE).tolist() == [6]


def test_nothing_one_and_wrong_input() -> None:
    assert cluster(np.zeros((0, 0)), np.zeros(0), 0.5).tolist() == []
    assert cluster(np.zeros((1, 1)), np.ones(1), 0.5).tolist() == [0]
    with pytest.raises(ShapeError, match="distance"):
        cluster(np.full((2, 2), np.nan), np.ones(2), 0.5)


def test_pair_scores_by_hand_and_the_best_limit_finds_the_gap() -> None:
    precision, recall, f1 = pair_scores(np.array([0, 0, 0, UNSURE]), np.array([5, 5, 6, 5]))
    assert (precision, recall, f1) == (1 / 3, 1 / 3, 1 / 3)
    distance, truth = crowd()
    assert 0.2 < best_limit(distance, truth) < 1.5
