"""What must hold whatever the weights: a change of the picture or of the skeleton changes the answer as it should."""

import numpy as np
import pytest

from core.keypoints import MIRROR
from reid.calibration import Calibration
from reid.distance import appearance_distance
from reid.distance.appearance import part_distance
from reid.embedder import Embedder
from reid.parts import part_masks
from synth.crops.config import CropsConfig
from synth.crops.shard import Shard, make_shard
from tests.reid.fake_crops import person, standing

HEIGHT, WIDTH = 128, 64
GRID = (10, 4)
UPPER = [0, 1, 2]  # head, torso, arms of the five parts
LOWER_JOINTS = [13, 14, 15, 16]


@pytest.fixture(scope="module")
def crops() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [person(rng.uniform(0, 255, (4, 3)), HEIGHT, WIDTH, rng) for _ in range(4)]


@pytest.fixture(scope="module")
def rendered() -> Shard:
    """A few people in full view, as the networks know them."""
    config = CropsConfig(6, 2, seed=9, height=HEIGHT, supersample=1, cameras=6, crowd=0.0, hidden=0.0, clipped=0.0)
    return make_shard(config, 0)


@pytest.fixture(scope="module")
def bundled() -> Embedder:
    return Embedder.open(device="cpu", threads=1)


def joints(count: int) -> np.ndarray:
    return np.tile(standing(HEIGHT, WIDTH), (count, 1, 1))


def test_hiding_the_lower_half_leaves_upper_masks_and_visibility_alone() -> None:
    whole = joints(1)
    half = whole.copy()
    half[:, LOWER_JOINTS, 2] = 0
    sizes = np.array([[HEIGHT, WIDTH]])
    before, after = part_masks(whole, None, sizes, 5, GRID), part_masks(half, None, sizes, 5, GRID)
    np.testing.assert_allclose(after.masks[:, UPPER], before.masks[:, UPPER], atol=1e-6)
    np.testing.assert_allclose(after.visibility[:, UPPER], before.visibility[:, UPPER], atol=1e-6)
    assert (after.visibility[:, 4] == 0).all()  # feet


def test_hiding_the_lower_half_leaves_the_distance_over_upper_parts_alone(embedder: Embedder, crops) -> None:
    """Hidden, not cut away: another person's legs are not compared, whatever their colours are."""
    plain = embedder.embed(crops, joints(4))
    hidden_joints = joints(1)
    hidden_joints[:, LOWER_JOINTS, 2] = 0
    hidden = embedder.embed(crops[:1], hidden_joints)
    assert (hidden.visibility[0, 3:] == 0).all()
    np.testing.assert_allclose(hidden.parts[0, UPPER], plain.parts[0, UPPER], atol=1e-5)
    found, _ = part_distance(hidden, plain[1:])
    for column in range(3):
        weight = hidden.visibility[0] * plain.visibility[column + 1]
        each = 1 - (hidden.parts[0] * plain.parts[column + 1]).sum(1)
        assert found[0, column] == pytest.approx((weight * each)[:3].sum() / weight[:3].sum(), abs=1e-5)


def test_painting_over_the_lower_half_moves_upper_parts_less_than_lower_ones(bundled: Embedder, rendered) -> None:
    images, keypoints = list(rendered.images), rendered.keypoints_xyc
    painted = [image.copy() for image in images]
    for image in painted:
        image[int(0.62 * len(image)) :] = 128
    before, after = bundled.embed(images, keypoints), bundled.embed(painted, keypoints)
    change, seen = 1 - (before.parts * after.parts).sum(2), before.visibility > 0.5
    moved = np.array([change[seen[:, part], part].mean() for part in range(5)])
    assert moved[UPPER].max() < 0.5 * moved[3:].min()  # not 0: normalisations and gates see the whole crop
    assert moved[UPPER].mean() < 0.25 * moved[3:].mean()


def test_jitter_degrades_smoothly(embedder: Embedder, crops) -> None:
    plain = embedder.embed(crops, joints(4))
    drift = []
    for amount in (0.0, 0.01, 0.03, 0.09):
        moved = joints(4)
        moved[..., :2] += np.random.default_rng(1).normal(size=(4, 17, 2)) * amount * HEIGHT
        found = embedder.embed(crops, moved)
        drift.append(float((1 - (plain.parts * found.parts).sum(2)).mean()))
    assert drift[0] == pytest.approx(0, abs=1e-6)
    assert (np.diff(drift) > 0).all()
    assert drift[1] < 0.3 * drift[3]


def test_another_skeleton_in_front_lowers_the_evidence(embedder: Embedder, crops) -> None:
    alone = embedder.embed(crops[:2], joints(2))
    beside = joints(2)
    beside[..., 0] += 0.15 * WIDTH
    covered = embedder.embed(crops[:2], joints(2), list(beside[:, None]))
    assert (covered.visibility <= alone.visibility + 1e-6).all()
    plain, less = (appearance_distance(one[:1], one[1:])[1][0, 0] for one in (alone, covered))
    assert less < plain - 0.05


def test_who_stands_before_half_of_somebody_counts_less_once_known(bundled: Embedder, crops) -> None:
    covered = [crop.copy() for crop in crops]
    for row, crop in enumerate(covered):
        crop[:, WIDTH // 2 :] = crops[row - 1][:, WIDTH // 4 : 3 * WIDTH // 4]
    seen, occluder = joints(4), joints(4)
    occluder[..., 0] += WIDTH / 4
    seen[seen[..., 0] >= WIDTH / 2, 2] = 0
    alone = bundled.embed(crops, joints(4)).global_
    unknown = bundled.embed(covered, seen).global_
    known = bundled.embed(covered, seen, list(occluder[:, None])).global_
    moved, less = (1 - (alone * one).sum(1).mean() for one in (unknown, known))
    assert less < moved


def test_the_skeleton_of_the_occluder_lowers_the_evidence(embedder: Embedder, crops) -> None:
    """Taking the one in front, who is half out of the crop, for the person shows less of anybody."""
    right = embedder.embed(crops[:2], joints(2))
    occluder = joints(2)
    occluder[..., 0] += 0.45 * WIDTH
    swapped = embedder.embed(crops[:2], occluder, list(joints(2)[:, None]))
    plain, less = (appearance_distance(one[:1], one[1:])[1][0, 0] for one in (right, swapped))
    assert less < 0.75 * plain


def test_mirror_images_have_mirrored_masks_and_the_same_evidence(embedder: Embedder, crops) -> None:
    own = joints(1)
    own[0, [7, 9, 14], :2] += (3, -2)  # not symmetric
    flipped = own[:, list(MIRROR)].copy()
    flipped[..., 0] = WIDTH - flipped[..., 0]
    sizes = np.array([[HEIGHT, WIDTH]])
    for parts in (3, 5):
        before, after = part_masks(own, None, sizes, parts, GRID), part_masks(flipped, None, sizes, parts, GRID)
        np.testing.assert_allclose(after.masks, before.masks[..., ::-1], atol=1e-5)
        np.testing.assert_allclose(after.visibility, before.visibility, atol=1e-5)
    crop = crops[0]
    found = embedder.embed([crop, np.ascontiguousarray(crop[:, ::-1])], np.concatenate([own, flipped]))
    assert found.quality[0] == pytest.approx(found.quality[1], abs=0.02)


def test_mirror_images_are_nearer_than_other_people(bundled: Embedder, crops) -> None:
    both = bundled.embed([*crops, *(np.ascontiguousarray(crop[:, ::-1]) for crop in crops)], joints(8))
    distance, _ = appearance_distance(both[:4], both[4:])
    apart = distance[~np.eye(4, dtype=bool)]
    assert distance.diagonal().mean() < 0.25 * apart.mean()
    assert distance.diagonal().max() < apart.min()


def test_no_visible_joint_falls_back_and_too_little_is_unknown(embedder: Embedder, crops) -> None:
    nothing = joints(2)
    nothing[..., 2] = 0
    found = embedder.embed(crops[:2], nothing)
    assert (found.visibility == 0).all()
    distance, evidence = appearance_distance(found[:1], found[1:])
    assert np.isfinite(distance).all()
    seen = embedder.embed(crops[:2], joints(2))
    _, full = appearance_distance(seen[:1], seen[1:])
    assert evidence[0, 0] < 0.3 * full[0, 0]
    threshold = float(evidence[0, 0] + full[0, 0]) / 2
    calibration = Calibration("n", (0.0, 1.0), (5.0, 5.0), (-8.0, -8.0), threshold, 0.3)
    assert np.isnan(calibration.probability(distance, evidence)).all()
    assert not np.isnan(calibration.probability(distance, full)).any()
