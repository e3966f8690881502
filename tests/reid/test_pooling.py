"""Several crops as one descriptor, against plain loops."""

import numpy as np
import pytest

from core.errors import ShapeError
from core.types import Descriptors
from reid.distance import appearance_distance
from reid.pooling import POOLS, PoolingConfig, merged, pooled
from tests.reid.test_distance import changed, descriptors


def sets() -> list[Descriptors]:
    rng = np.random.default_rng(0)
    made = [descriptors(count, seed) for seed, count in enumerate((3, 1, 7))]
    return [changed(one, quality=rng.uniform(0.1, 1, len(one)).astype(np.float32)) for one in made]


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.sqrt(sum(float(x) ** 2 for x in vector.ravel()))), 1e-12)


def weights_by_loop(crops: Descriptors, how: str, temperature: float) -> list[float]:
    if how == "average":
        raw = [1.0 for _ in range(len(crops))]
    elif how == "quality":
        raw = [float(one) for one in crops.quality]
    else:
        mean = unit(sum(crops.global_[i].astype(np.float64) for i in range(len(crops))) / len(crops))
        raw = [float(np.exp(float(crops.global_[i] @ mean) / temperature)) for i in range(len(crops))]
    return [one / sum(raw) for one in raw]


@pytest.mark.parametrize("how", list(POOLS))
def test_equals_a_loop_over_crops(how: str) -> None:
    found = pooled(sets(), how, PoolingConfig(temperature=0.3))
    for row, crops in enumerate(sets()):
        weights = weights_by_loop(crops, how, 0.3)
        total = sum(w * crops.global_[i] for i, w in enumerate(weights))
        np.testing.assert_allclose(found.global_[row], unit(total), atol=1e-5)
        for k in range(crops.parts.shape[1]):
            seen = [w * crops.visibility[i, k] for i, w in enumerate(weights)]
            part = sum(s * crops.parts[i, k] for i, s in enumerate(seen))
            np.testing.assert_allclose(found.parts[row, k], unit(part), atol=1e-5)
            visible = sum(s * crops.visibility[i, k] for i, s in enumerate(seen)) / sum(seen)
            assert found.visibility[row, k] == pytest.approx(visible, abs=1e-5)
        for h in range(crops.stripes.shape[1]):
            stripe = sum(w * crops.stripes[i, h] for i, w in enumerate(weights))
            np.testing.assert_allclose(found.stripes[row, h], unit(stripe), atol=1e-5)
        assert found.quality[row] == pytest.approx(sum(w * crops.quality[i] for i, w in enumerate(weights)), abs=1e-5)


@pytest.mark.parametrize("how", list(POOLS))
def test_one_crop_is_itself_and_order_does_not_matter(how: str) -> None:
    one, many = sets()[1], sets()[2]
    np.testing.assert_allclose(pooled([one], how).parts, one.parts, atol=1e-6)
    np.testing.assert_allclose(pooled([one], how).visibility, one.visibility, atol=1e-6)
    turned = pooled([many[np.arange(len(many))[::-1]]], how)
    np.testing.assert_allclose(turned.global_, pooled([many], how).global_, atol=1e-6)


def test_a_part_that_one_crop_shows_stays_known() -> None:
    crops = descriptors(4, 1)
    seen = np.zeros_like(crops.visibility)
    seen[2, 3] = 1
    found = merged(changed(crops, visibility=seen), np.ones(4))
    assert found.visibility[0].tolist() == [0, 0, 0, 1, 0]
    np.testing.assert_allclose(found.parts[0, 3], crops.parts[2, 3], atol=1e-6)
    assert not found.parts[0, 0].any()


def test_quality_and_attention_turn_away_from_the_odd_one() -> None:
    crops = descriptors(5, 2)
    alike = changed(crops, global_=np.concatenate([np.tile(crops.global_[:1], (4, 1)), crops.global_[4:]]))
    alike = changed(alike, quality=np.array([1, 1, 1, 1, 0.01], np.float32))
    nearer = {how: float(pooled([alike], how).global_[0] @ alike.global_[0]) for how in POOLS}
    assert nearer["quality"] > nearer["average"] + 0.005
    assert nearer["attention"] > nearer["average"] + 0.005


def test_a_set_without_crops_is_as_far_from_all_as_an_unseen_tracklet() -> None:
    made = [*sets(), sets()[0][:0]]
    found = pooled(made)
    assert len(found) == 4
    distance, evidence = appearance_distance(found, found)
    np.testing.assert_allclose(distance[3], 1)
    assert not evidence[3].any()


def test_no_sets_no_crops_and_crops_without_quality() -> None:
    assert len(pooled([])) == 0
    assert len(pooled([sets()[0][:0]] * 2, "attention")) == 2
    dull = changed(sets()[0], quality=np.zeros(3, np.float32))
    np.testing.assert_array_equal(pooled([dull], "quality").global_, pooled([dull], "average").global_)


@pytest.mark.parametrize("weights", [np.ones(2), np.zeros(3), np.array([1.0, -1.0, 1.0])])
def test_weights_that_are_none(weights: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="weights"):
        merged(sets()[0], weights)


def test_sets_of_two_networks_are_refused() -> None:
    other = descriptors(2, 5)
    other = changed(other, global_=other.global_[:, :4])
    with pytest.raises(ShapeError, match="one network"):
        pooled([sets()[0], other])
