"""Pictures seen both ways."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.people.finder import Person, embed_both_ways, embed_people, mirrored
from reid.distance import appearance_distance
from reid.embedder import Embedder
from tests.reid.fake_crops import person, standing


def somebody(seed: int) -> Person:
    rng = np.random.default_rng(seed)
    image = person(rng.uniform(0, 255, (4, 3)), 96, 48, rng)
    image[:, :24] //= 2  # the left side is in the shade
    joints = standing(96, 48)
    return Person(Path(f"{seed}.png"), 1, np.array([0, 0, 48, 96.0]), image, joints, joints[None] + (3, 0, 0))


def test_twice_mirrored_is_as_before_and_joints_stay_on_their_side_of_the_body() -> None:
    one = somebody(0)
    turned = mirrored(one)
    again = mirrored(turned)
    np.testing.assert_array_equal(again.image, one.image)
    np.testing.assert_allclose(again.keypoints_xyc, one.keypoints_xyc, atol=1e-4)
    np.testing.assert_allclose(again.others_xyc, one.others_xyc, atol=1e-4)
    np.testing.assert_array_equal(turned.image[:, 0], one.image[:, -1])
    assert turned.keypoints_xyc[5, 0] == pytest.approx(48 - one.keypoints_xyc[5, 0])
    assert one.keypoints_xyc[5, 0] == standing(96, 48)[5, 0]  # what was given is left alone


def test_a_picture_and_its_mirror_image_are_the_same_both_ways(embedder: Embedder) -> None:
    people = [somebody(seed) for seed in range(3)]
    found = embed_both_ways(embedder, people)
    turned = embed_both_ways(embedder, [mirrored(one) for one in people])
    np.testing.assert_allclose(found.global_, turned.global_, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(found.global_, axis=1), 1, atol=1e-5)
    once = embed_people(embedder, people)
    assert np.abs(once.global_ - embed_people(embedder, [mirrored(one) for one in people]).global_).max() > 1e-3
    distance, evidence = appearance_distance(found, found)
    assert distance.shape == (3, 3)
    np.testing.assert_allclose(evidence.diagonal(), appearance_distance(once, once)[1].diagonal(), atol=0.05)
