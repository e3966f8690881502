"""Tracklets as sets of crops."""

import numpy as np
import pytest

from core.types import Appearance, Descriptors, TrackletKey
from reid.distance import appearance_distance
from reid.tracklet import TrackletConfig, prototypes, set_distance, tracklet_distance
from tests.reid.test_distance import changed, descriptors


def appearance(local_id: int, crops: Descriptors) -> Appearance:
    return Appearance(TrackletKey("north", local_id), np.arange(len(crops)), crops)


def people() -> list[Descriptors]:
    return [descriptors(count, seed) for seed, count in enumerate((3, 0, 12, 1, 5))]


@pytest.mark.parametrize("block_rows", [1, 4, 512])
def test_equals_a_loop_over_sets(block_rows: int) -> None:
    sets, config = people(), TrackletConfig(block_rows=block_rows)
    distance, evidence = set_distance(sets, config)
    for i, a in enumerate(sets):
        for j, b in enumerate(sets):
            if i == j or not len(a) or not len(b):
                continue
            d, e = appearance_distance(a, b)
            weight = np.exp(-config.closeness * d.astype(np.float64)) * np.maximum(e, 1e-6)
            assert distance[i, j] == pytest.approx((weight * d).sum() / weight.sum(), abs=1e-5)
            assert evidence[i, j] == pytest.approx(e.max(), abs=1e-5)


def test_symmetric_to_the_bit_and_zero_on_the_diagonal() -> None:
    distance, evidence = tracklet_distance([appearance(i, one) for i, one in enumerate(people())])
    np.testing.assert_array_equal(distance, distance.T)
    np.testing.assert_array_equal(evidence, evidence.T)
    assert not np.diag(distance).any()
    assert distance.dtype == evidence.dtype == np.float32


def test_a_tracklet_without_crops_is_far_and_unknown() -> None:
    distance, evidence = set_distance(people())
    assert (np.delete(distance[1], 1) == 1).all()
    assert not evidence[1].any()


def test_no_tracklets() -> None:
    distance, evidence = tracklet_distance([])
    assert distance.shape == evidence.shape == (0, 0)


def test_one_matching_view_outweighs_many_different_ones() -> None:
    views = descriptors(6, 20, visibility=1.0)
    shared = Descriptors.concatenate([views[:1], descriptors(5, 21, visibility=1.0)])
    unrelated = descriptors(6, 22, visibility=1.0)
    distance, _ = set_distance([views, shared, unrelated])
    assert distance[0, 1] < distance[0, 2] - 0.2


def test_prototypes_are_different_and_good() -> None:
    crops = descriptors(10, 23)
    repeated = crops[np.array([0, 0, 0, 1, 1, 2, 3])]
    quality = np.array([0.5, 1, 0.5, 0.9, 0.8, 0.7, 0.01], np.float32)
    chosen = prototypes(changed(repeated, quality=quality), 3)
    np.testing.assert_array_equal(chosen.quality, np.array([1, 0.9, 0.7], np.float32))
    assert len(prototypes(crops, 20)) == 10
