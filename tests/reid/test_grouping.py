"""Groups of crops by what their neighbourhoods have in common."""

import numpy as np
import pytest

from core.errors import ShapeError
from reid.clustering import UNSURE, best_limit, cluster, pair_scores
from reid.grouping import GroupingConfig, grouped, held_together, margins, mutual_distance, own_precision
from reid.reranking import RerankingConfig, neighbourhood_distance

LIMIT = 0.5


def unit(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of length one, and their distances as the pipeline has them, 1 − cosine."""
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors, 1 - vectors @ vectors.T


def in_dim_light(seed: int, people: int = 40, each: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """People photographed `each` times, some pictures more alike for what is not them, as dusk: vectors, distances,
    who."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(people), each)
    bodies, dusk = rng.normal(0, 1, (people, 64)), rng.normal(0, 1, 64)
    count = len(truth)
    mixed = bodies[truth] + rng.random((count, 1)) * dusk + rng.normal(0, 0.8, (count, 64))
    return *unit(mixed), truth


def test_common_neighbours_tell_people_apart_whose_pictures_share_something_else() -> None:
    gains = []
    for seed in range(4):
        vectors, distance, truth = in_dim_light(seed)
        limit = best_limit(distance.copy(), truth)
        plain = cluster(distance, np.ones(240), limit)
        ours = grouped(distance, vectors, np.ones(240), limit)
        assert pair_scores(ours, truth)[2] > 0.98
        gains.append(pair_scores(ours, truth)[2] - pair_scores(plain, truth)[2])
    assert np.mean(gains) > 0.01


@pytest.mark.parametrize("each", [2, 3, 5, 10])
def test_however_many_pictures_there_are_of_a_person(each: int) -> None:
    vectors, distance, truth = in_dim_light(1, people=30, each=each)
    labels = grouped(distance, vectors, np.ones(len(truth)), LIMIT)
    assert pair_scores(labels, truth)[2] > 0.85


@pytest.mark.parametrize("people", [2, 5, 12, 60])
def test_photos_of_different_people_stay_apart(people: int) -> None:
    vectors, distance = unit(np.random.default_rng(3).normal(0, 1, (people, 64)))
    assert len(set(grouped(distance, vectors, np.ones(people), LIMIT).tolist())) == people


@pytest.mark.parametrize("count", [2, 3, 7])
def test_photos_of_one_person_alone_come_together(count: int) -> None:
    """There is no stranger here to be farther away than they are."""
    rng = np.random.default_rng(4)
    vectors, distance = unit(rng.normal(0, 1, 64) + rng.normal(0, 0.3, (count, 64)))
    assert set(grouped(distance, vectors, np.ones(count), LIMIT).tolist()) == {0}


def test_the_pictures_of_one_camera_are_not_a_person() -> None:
    """Three people, four pictures in each of three cameras: alike within a camera, less so between cameras."""
    rng = np.random.default_rng(0)
    truth, camera = np.repeat(np.arange(3), 12), np.tile(np.repeat(np.arange(3), 4), 3)
    bodies, places = rng.normal(0, 1, (3, 64)), rng.normal(0, 0.55, (3, 3, 64))
    vectors, distance = unit(bodies[truth] + places[truth, camera] + rng.normal(0, 0.25, (36, 64)))
    same = (truth[:, None] == truth[None]) & (camera[:, None] != camera[None])
    assert 0.25 < distance[same].mean() < LIMIT
    assert pair_scores(grouped(distance, vectors, np.ones(36), LIMIT), truth)[2] > 0.9


def test_people_in_one_photo_stay_apart_and_poor_crops_are_unsure() -> None:
    rng = np.random.default_rng(4)
    vectors, distance = unit(rng.normal(0, 1, 64) + rng.normal(0, 0.3, (4, 64)))
    quality = np.array([1, 1, 1, 0.1])
    labels = grouped(distance, vectors, quality, LIMIT, 0.2, np.array([0, 0, 1, 2]))
    assert labels[0] != labels[1]
    assert labels[3] == UNSURE


@pytest.mark.parametrize("seed", range(3))
def test_order_does_not_matter(seed: int) -> None:
    vectors, distance, _ = in_dim_light(2, people=8, each=3)
    order = np.random.default_rng(seed).permutation(24)
    plain = grouped(distance, vectors, np.ones(24), LIMIT)[order]
    mixed = grouped(distance[np.ix_(order, order)], vectors[order], np.ones(24), LIMIT)
    np.testing.assert_array_equal(plain[:, None] == plain[None], mixed[:, None] == mixed[None])


def test_margins_as_a_plain_loop_has_them() -> None:
    _, distance, truth = in_dim_light(0, people=5, each=3)
    labels = np.where(np.arange(15) == 4, UNSURE, truth)
    labels[14] = 99
    found = margins(distance, labels, 0.8)
    for row in range(15):
        own = [d for d, one in zip(distance[row], labels, strict=True) if one == labels[row]]
        if labels[row] == UNSURE or len(own) == 1:
            assert found[row] == 0
            continue
        a = sum(own) / (len(own) - 1)
        others = {one: distance[row][labels == one].mean() for one in set(labels) - {labels[row], UNSURE}}
        b = min(0.8, *others.values())
        assert found[row] == pytest.approx((b - a) / 0.8)


def test_groups_that_do_not_hold_together_are_taken_apart() -> None:
    labels = np.array([0, 0, 1, 1, 2, UNSURE])
    found = held_together(labels, np.array([0.5, 0.1, 0.3, -0.2, 0.0, 0.0]), 0.1)
    assert found.tolist() == [0, 0, 1, 2, 3, UNSURE]


def test_precision_of_ones_own_group_as_a_plain_loop_has_it() -> None:
    _, distance, truth = in_dim_light(0, people=5, each=4)
    labels = np.where(np.arange(20) == 4, UNSURE, truth)
    labels[[18, 19]] = 98, 99
    off = distance + np.where(np.eye(20, dtype=bool), -9, 0)
    found = own_precision(off.argsort(axis=1).argsort(axis=1), labels)
    assert 0 < found[found > 0].min() < 1 == found.max()
    for row in range(20):
        ranking = sorted(set(range(20)) - {row}, key=lambda other: distance[row, other])
        hits, precisions = 0, []
        for place, other in enumerate(ranking, start=1):
            if labels[row] != UNSURE and labels[other] == labels[row]:
                hits += 1
                precisions.append(hits / place)
        assert found[row] == pytest.approx(np.mean(precisions) if precisions else 0)


def test_neither_halves_nor_pairs_of_people_are_preferred_to_people() -> None:
    """What the choice among groupings goes by: ten people, four pictures of each, in halves, and two by two."""
    _, distance, truth = in_dim_light(5, people=10, each=4)
    off = distance + np.where(np.eye(40, dtype=bool), -9, 0)
    ranks = off.argsort(axis=1).argsort(axis=1)
    right, halves, doubles = truth, np.arange(40) // 2, truth // 2
    said = [own_precision(ranks, one).mean() for one in (right, halves, doubles)]
    assert said[0] > 0.95
    assert said[0] > max(said[1:]) + 0.2


def test_mutual_distance_mixes_neighbourhoods_and_distance() -> None:
    vectors, distance, _ = in_dim_light(0)
    found = mutual_distance(distance, vectors, 4, GroupingConfig(own_share=0.3))
    jaccard = neighbourhood_distance(vectors, RerankingConfig(4, 2))
    np.testing.assert_allclose(found, 0.7 * jaccard + 0.6 * (distance - np.diag(distance.diagonal())), atol=1e-5)
    np.testing.assert_allclose(found, found.T, atol=1e-6)


def test_nothing_and_wrong_shapes() -> None:
    assert grouped(np.zeros((0, 0)), np.zeros((0, 8)), np.zeros(0), LIMIT).tolist() == []
    assert grouped(np.zeros((1, 1)), np.ones((1, 8)), np.ones(1), LIMIT).tolist() == [0]
    assert neighbourhood_distance(np.zeros((0, 8))).shape == (0, 0)
    with pytest.raises(ShapeError, match="distance"):
        grouped(np.zeros((2, 3)), np.zeros((2, 8)), np.ones(2), LIMIT)
    with pytest.raises(ShapeError, match="finite"):
        neighbourhood_distance(np.full((2, 3), np.nan))
