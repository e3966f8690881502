"""Groups of crops."""

import numpy as np
import pytest

from core.errors import ShapeError
from reid.clustering import STRANGERS, UNSURE, ClusterConfig, best_limit, cluster, mutual_distance, pair_scores


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


def unit(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of length one, and their distances as the pipeline has them, 1 − cosine."""
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors, 1 - vectors @ vectors.T


def in_dim_light(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """40 people six times each, some pictures more alike for what is not them, as dusk: vectors, distances, who."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(40), 6)
    people, dusk = rng.normal(0, 1, (40, 64)), rng.normal(0, 1, 64)
    mixed = people[truth] + 2 * rng.random((240, 1)) * dusk + rng.normal(0, 0.8, (240, 64))
    return *unit(mixed), truth


def test_common_neighbours_tell_people_apart_whose_pictures_share_something_else() -> None:
    for seed in range(3):
        vectors, distance, truth = in_dim_light(seed)
        limit = best_limit(distance.copy(), truth)
        plain = cluster(distance, np.ones(240), limit)
        mutual = cluster(mutual_distance(distance, vectors, limit), np.ones(240), ClusterConfig().mutual_limit)
        assert pair_scores(mutual, truth)[2] > pair_scores(plain, truth)[2] + 0.02


def test_out_of_reach_are_strangers_and_within_it_the_share_counts() -> None:
    vectors, distance, _ = in_dim_light(0)
    config = ClusterConfig(own_share=0.3, reach=1.0)
    found = mutual_distance(distance, vectors, 0.5, config)
    far = distance > 0.5
    assert (found[far] >= STRANGERS).all()
    assert (found[~far] <= 0.7 + 2 * 0.3 * distance[~far] + 1e-5).all()
    assert (found[~far] >= 2 * 0.3 * distance[~far] - 1e-5).all()
    np.testing.assert_allclose(found, found.T)


def test_photos_of_different_people_stay_apart() -> None:
    vectors, distance = unit(np.random.default_rng(3).normal(0, 1, (12, 64)))
    mutual = mutual_distance(distance, vectors, 0.5)
    assert len(set(cluster(mutual, np.ones(12), ClusterConfig().mutual_limit).tolist())) == 12


def test_no_crops_have_no_mutual_distances_and_wrong_shapes_are_refused() -> None:
    assert mutual_distance(np.zeros((0, 0)), np.zeros((0, 8)), 0.5).shape == (0, 0)
    with pytest.raises(ShapeError, match="distance"):
        mutual_distance(np.zeros((2, 3)), np.zeros((2, 8)), 0.5)
