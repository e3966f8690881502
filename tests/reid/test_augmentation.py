"""What is changed in a picture is changed in its joints."""

from pathlib import Path

import numpy as np
import pytest

from reid.data.shards import ShardSet
from reid.training.augmentation import augmented, plain
from reid.training.recipe import AugmentationConfig
from tests.reid.fake_crops import write_set


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("crops") / "train")


def test_augmentation_moves_joints_with_the_picture(crops: Path) -> None:
    sample = ShardSet(crops)[0]
    still = {name: 0.0 for name in AugmentationConfig.__dataclass_fields__}
    found = augmented(sample, sample.image, 64, 32, AugmentationConfig(**still), np.random.default_rng(0))
    expected = plain(sample, 64, 32)
    np.testing.assert_allclose(found.keypoints_xyc, expected.keypoints_xyc, atol=1e-4)
    assert np.abs(found.image.astype(int) - expected.image.astype(int)).mean() < 6
    mirrored = augmented(
        sample, sample.image, 64, 32, AugmentationConfig(**still | {"flip": 1.0}), np.random.default_rng(0)
    )
    left, right = mirrored.keypoints_xyc[5], mirrored.keypoints_xyc[6]
    assert left[0] > right[0]  # a mirrored person still has the left shoulder on the right of the picture
    assert mirrored.keypoints_xyc[5, 0] == pytest.approx(32 - expected.keypoints_xyc[6, 0], abs=1e-3)


def test_covered_joints_lose_their_confidence(crops: Path) -> None:
    sample = ShardSet(crops)[0]
    config = AugmentationConfig(erase=1.0, patch_most=0.8, joint_drop=0, all_joints_drop=0, cut=0)
    seen = [
        augmented(sample, sample.image, 64, 32, config, np.random.default_rng(seed)).keypoints_xyc[:, 2].mean()
        for seed in range(8)
    ]
    assert np.mean(seen) < 0.9


def test_cover_hides_a_lower_part_or_a_side_and_the_joints_in_it(crops: Path) -> None:
    sample = ShardSet(crops)[0]
    still = {name: 0.0 for name in AugmentationConfig.__dataclass_fields__} | {"cover_most": 0.6}
    uncovered = augmented(sample, sample.image, 64, 32, AugmentationConfig(**still), np.random.default_rng(0))
    counts = []
    for seed in range(12):
        config = AugmentationConfig(**still | {"cover": 1.0})
        found = augmented(sample, sample.image, 64, 32, config, np.random.default_rng(seed))
        lost = (found.keypoints_xyc[:, 2] == 0) & (uncovered.keypoints_xyc[:, 2] > 0)
        x, y = uncovered.keypoints_xyc[:, 0], uncovered.keypoints_xyc[:, 1]
        covered = [y >= y[lost].min(), x <= x[lost].max(), x >= x[lost].min()] if lost.any() else [lost]
        there = uncovered.keypoints_xyc[:, 2] > 0
        assert any((lost == (side & there)).all() for side in covered)
        counts.append(int(lost.sum()))
    assert sum(count > 0 for count in counts) > 6
