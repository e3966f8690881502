"""Distances between descriptors: fusion, evidence, and the seams between parts, stripes and global."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ShapeError
from core.types import Descriptors
from reid.distance import DistanceConfig, appearance_distance
from reid.distance.aligned import aligned_distance
from reid.distance.appearance import global_distance, part_distance


def unit(rng: np.random.Generator, *shape: int) -> np.ndarray:
    x = rng.normal(size=shape)
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def descriptors(count: int, seed: int, visibility: float | None = None, quality: float = 1.0) -> Descriptors:
    rng = np.random.default_rng(seed)
    seen = rng.uniform(0, 1, (count, 5)) if visibility is None else np.full((count, 5), visibility)
    parts = unit(rng, count, 5, 6) * (seen > 0)[..., None]
    return Descriptors(unit(rng, count, 8), parts, seen, unit(rng, count, 4, 6), np.full(count, quality))


def changed(one: Descriptors, **fields: np.ndarray) -> Descriptors:
    names = ("global_", "parts", "visibility", "stripes", "quality")
    return Descriptors(*(fields.get(name, getattr(one, name)) for name in names))


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_symmetric_bounded_and_independent_of_blocks(n: int, m: int, block: int) -> None:
    a, b = descriptors(n, 1), descriptors(m, 2)
    distance, evidence = appearance_distance(a, b, DistanceConfig(block_rows=block))
    back, same = appearance_distance(b, a)
    assert distance.shape == evidence.shape == (n, m)
    assert distance.dtype == evidence.dtype == np.float32
    np.testing.assert_allclose(distance, back.T, atol=1e-5)
    np.testing.assert_allclose(evidence, same.T, atol=1e-6)
    assert ((distance >= 0) & (distance <= 2)).all()
    assert ((evidence >= 0) & (evidence <= 1)).all()


def test_equals_a_loop_over_pairs() -> None:
    a, b, config = descriptors(4, 3), descriptors(5, 4), DistanceConfig(stripes_share=0.1)
    distance, _ = appearance_distance(a, b, config)
    for i in range(4):
        for j in range(5):
            weights = a.visibility[i] * b.visibility[j]
            parts = sum(w * (1 - a.parts[i, k] @ b.parts[j, k]) for k, w in enumerate(weights)) / weights.sum()
            mutual = np.sqrt(weights.sum() / 5)
            lacking = max(0.0, 1 - mutual / config.parts_enough)
            aligned = aligned_distance(a.stripes[i : i + 1], b.stripes[j : j + 1])[0, 0] / np.tanh(np.sqrt(2) / 2)
            terms = [
                (1.0, 1 - a.global_[i] @ b.global_[j]),
                (config.parts_share * mutual, parts),
                (config.stripes_share * lacking, aligned),
            ]
            expected = sum(w * d for w, d in terms) / sum(w for w, _ in terms)
            assert distance[i, j] == pytest.approx(expected, abs=1e-5)


def test_identical_crops_are_close_and_others_are_not() -> None:
    a = descriptors(6, 5)
    distance, _ = appearance_distance(a, a)
    others = distance[~np.eye(6, dtype=bool)]
    assert np.diag(distance).max() < others.min()
    whole = descriptors(6, 5, visibility=1.0)
    np.testing.assert_allclose(np.diag(appearance_distance(whole, whole)[0]), 0, atol=1e-5)


def test_a_part_that_one_does_not_show_cannot_speak() -> None:
    a, b = descriptors(3, 6, visibility=1.0), descriptors(3, 7, visibility=1.0)
    hidden = np.ones((3, 5), np.float32)
    hidden[:, 2] = 0
    a = changed(a, visibility=hidden)
    other_parts = b.parts.copy()
    other_parts[:, 2] = unit(np.random.default_rng(8), 3, 6)
    np.testing.assert_array_equal(part_distance(a, b)[0], part_distance(a, changed(b, parts=other_parts))[0])


def test_nothing_mutually_visible_falls_back_to_global_and_aligned_stripes() -> None:
    a, b = descriptors(3, 9, visibility=0.0), descriptors(3, 10, visibility=1.0)
    config = DistanceConfig(stripes_share=0.1)
    distance, evidence = appearance_distance(a, b, config)
    stripes = aligned_distance(a.stripes, b.stripes) / np.tanh(np.sqrt(2) / 2)
    expected = (global_distance(a, b) + config.stripes_share * stripes) / (1 + config.stripes_share)
    np.testing.assert_allclose(distance, expected, atol=1e-5)
    np.testing.assert_allclose(evidence, config.evidence_global)


def test_the_seam_between_stripes_and_parts_is_continuous() -> None:
    a, b = descriptors(4, 11, visibility=1.0), descriptors(4, 12, visibility=1.0)
    levels = np.linspace(0.01, 1, 200)
    config = DistanceConfig(stripes_share=0.1)
    series = [appearance_distance(changed(a, visibility=np.full((4, 5), v)), b, config)[0] for v in levels]
    assert np.abs(np.diff(series, axis=0)).max() < 0.02


def test_evidence_grows_with_quality_and_with_what_is_seen() -> None:
    b = descriptors(1, 13, visibility=1.0)
    by_quality = [appearance_distance(descriptors(1, 14, 1.0, q), b)[1][0, 0] for q in (0.0, 0.1, 0.5, 1.0)]
    by_sight = [appearance_distance(descriptors(1, 14, v), b)[1][0, 0] for v in (0.0, 0.3, 0.6, 1.0)]
    assert by_quality[0] == 0
    assert by_quality[-1] == pytest.approx(1)
    assert np.all(np.diff(by_quality) > 0)
    assert np.all(np.diff(by_sight) > 0)


def test_networks_without_parts_or_stripes() -> None:
    rng = np.random.default_rng(15)
    bare = Descriptors(unit(rng, 3, 8), np.zeros((3, 0, 4)), np.zeros((3, 0)), np.zeros((3, 0, 4)), np.ones(3))
    distance, evidence = appearance_distance(bare, bare)
    np.testing.assert_allclose(distance, global_distance(bare, bare), atol=1e-6)
    np.testing.assert_allclose(evidence, 0.5)


def test_two_networks_cannot_be_compared() -> None:
    a, b = descriptors(2, 16), descriptors(2, 17)
    with pytest.raises(ShapeError, match="two networks"):
        appearance_distance(a, changed(b, global_=np.ones((2, 9), np.float32)))
