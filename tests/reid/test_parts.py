"""Part masks and visibilities: where they lie, and how they change with what is seen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ShapeError
from core.keypoints import MIRROR
from reid.parts import PartMasks, part_masks
from reid.parts.shapes import PARTS
from reid.parts.skeleton import standing_height_px
from tests.reid.fake_crops import standing

HEIGHT, WIDTH, GRID = 192, 96, (12, 6)
SIZES = np.array([(HEIGHT, WIDTH)], np.float32)
HEAD, TORSO, ARMS, LEGS, FEET = range(5)


def found(keypoints: np.ndarray, others: np.ndarray | None = None, parts: int = 5) -> PartMasks:
    """Of one crop, without the leading axis."""
    skeletons = None if others is None else [others]
    result = part_masks(keypoints[None], skeletons, SIZES, parts, GRID)
    return PartMasks(result.masks[0], result.visibility[0], result.owned[0])


def rows_of(mask: np.ndarray) -> float:
    """Mean row of a mask as a share of the height."""
    return float((mask.sum(axis=1) * (np.arange(len(mask)) + 0.5)).sum() / mask.sum() / len(mask))


def test_parts_lie_where_they_are_from_head_to_feet() -> None:
    masks, visibility, _ = found(standing(HEIGHT, WIDTH))
    assert np.all(np.diff([rows_of(masks[k]) for k in (HEAD, TORSO, LEGS, FEET)]) > 0.1)
    assert visibility.min() > 0.95
    assert masks.min() >= 0
    assert masks.max() <= 1


@pytest.mark.parametrize("parts", sorted(PARTS))
def test_every_number_of_parts(parts: int) -> None:
    masks, visibility, _ = found(standing(HEIGHT, WIDTH), parts=parts)
    assert masks.shape == (parts, *GRID)
    assert visibility.shape == (parts,)
    assert masks.sum(axis=(1, 2)).min() > 0.2


def test_a_mirrored_person_has_mirrored_masks() -> None:
    rng = np.random.default_rng(0)
    keypoints = standing(HEIGHT, WIDTH)
    keypoints[:, :2] += rng.normal(0, 6, (17, 2))
    mirrored = keypoints[list(MIRROR)]
    mirrored[:, 0] = WIDTH - mirrored[:, 0]
    here, there = found(keypoints), found(mirrored)
    np.testing.assert_allclose(there.masks, here.masks[:, :, ::-1], atol=1e-5)
    np.testing.assert_allclose(there.visibility, here.visibility, atol=1e-5)


def test_scale_does_not_matter() -> None:
    keypoints = standing(HEIGHT, WIDTH)
    large = part_masks((keypoints * (3, 3, 1))[None], None, SIZES * 3, 5, GRID)
    np.testing.assert_allclose(large.masks[0], found(keypoints).masks, atol=1e-4)


def test_hidden_legs_leave_the_upper_body_alone() -> None:
    whole, hidden = standing(HEIGHT, WIDTH), standing(HEIGHT, WIDTH)
    hidden[13:, 2] = 0
    before, after = found(whole), found(hidden)
    np.testing.assert_array_equal(after.masks[[HEAD, TORSO, ARMS]], before.masks[[HEAD, TORSO, ARMS]])
    np.testing.assert_array_equal(after.visibility[[HEAD, TORSO, ARMS]], before.visibility[[HEAD, TORSO, ARMS]])
    assert after.visibility[LEGS] == 0
    assert after.visibility[FEET] == 0


@given(st.integers(0, 16), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_visibility_never_falls_with_confidence(joint: int, low: float, high: float) -> None:
    keypoints = standing(HEIGHT, WIDTH)
    seen = []
    for confidence in sorted((low, high)):
        keypoints[joint, 2] = confidence
        seen.append(found(keypoints).visibility)
    if joint > 4:  # a face joint moves the head, and with it the share inside the crop
        assert (seen[1] >= seen[0] - 1e-6).all()


def test_no_keypoints_nothing_visible() -> None:
    masks, visibility, owned = part_masks(None, None, np.repeat(SIZES, 3, 0), 5, GRID)
    assert owned.shape == (3, *GRID)
    assert (owned == 1).all()
    assert masks.shape == (3, 5, *GRID)
    assert not masks.any()
    assert not visibility.any()


def test_nobody_trusted_nothing_visible() -> None:
    keypoints = standing(HEIGHT, WIDTH)
    keypoints[:, 2] = 0.1
    masks, visibility, _ = found(keypoints)
    assert not masks.any()
    assert not visibility.any()


def test_a_part_outside_the_crop_is_not_visible() -> None:
    keypoints = standing(HEIGHT, WIDTH)
    keypoints[:, 1] += HEIGHT / 2  # the crop ends at the hips
    visibility = found(keypoints).visibility
    assert visibility[HEAD] > 0.9
    assert visibility[LEGS] < 0.25  # a capsule that begins at the hips
    assert visibility[FEET] == 0


def test_another_person_in_the_way_takes_masks_and_visibility() -> None:
    own, other = standing(HEIGHT, WIDTH), standing(HEIGHT, WIDTH)
    other[:, 0] += WIDTH / 4
    alone, crowded = found(own), found(own, other[None])
    assert (crowded.masks <= alone.masks + 1e-6).all()
    assert (crowded.visibility < alone.visibility).any()
    far = other + np.array([WIDTH * 5, 0, 0])
    np.testing.assert_allclose(found(own, far[None]).masks, alone.masks, atol=1e-5)


def test_what_is_somebody_elses_body_is_not_owned() -> None:
    own, beside = standing(HEIGHT, WIDTH), standing(HEIGHT, WIDTH)
    beside[:, 0] += WIDTH * 0.45
    assert (found(own).owned == 1).all()
    owned = found(own, beside[None]).owned
    assert owned[:, -1].max() < 0.4  # their head, torso and legs
    assert owned[:, : GRID[1] // 2].min() > 0.9
    np.testing.assert_allclose(found(own, own[None]).owned, 1, atol=1e-6)  # found twice, but one body
    unseen = own * (1, 1, 0)
    assert (found(unseen, beside[None]).owned == 1).all()  # who of them the crop is of, nobody knows


def test_a_network_without_parts_still_learns_whose_the_crop_is() -> None:
    own, beside = standing(HEIGHT, WIDTH), standing(HEIGHT, WIDTH)
    beside[:, 0] += WIDTH * 0.45
    bare = found(own, beside[None], parts=0)
    assert bare.masks.shape == (0, *GRID)
    np.testing.assert_array_equal(bare.owned, found(own, beside[None]).owned)


def test_a_part_under_an_equal_skeleton_is_half_owned() -> None:
    own = standing(HEIGHT, WIDTH)
    np.testing.assert_allclose(found(own, own[None]).visibility, found(own).visibility / 2, atol=1e-3)


def test_others_that_nobody_trusts_change_nothing() -> None:
    own, ghost = standing(HEIGHT, WIDTH), standing(HEIGHT, WIDTH)
    ghost[:, 2] = 0
    np.testing.assert_array_equal(found(own, ghost[None]).masks, found(own).masks)


def test_head_from_behind_is_found_from_shoulders_and_hips() -> None:
    keypoints = standing(HEIGHT, WIDTH)
    keypoints[:5] = 0
    masks, visibility, _ = found(keypoints)
    assert visibility[HEAD] > 0.8
    assert abs(rows_of(masks[HEAD]) - rows_of(found(standing(HEIGHT, WIDTH)).masks[HEAD])) < 0.08


def test_standing_height_survives_hidden_legs() -> None:
    keypoints = standing(HEIGHT, WIDTH)[None]
    trusted = keypoints[..., 2].copy()
    whole = standing_height_px(keypoints[..., :2], trusted, np.array([HEIGHT], np.float32))
    trusted[:, 13:] = 0
    cut = standing_height_px(keypoints[..., :2], trusted, np.array([HEIGHT / 2], np.float32))
    assert whole[0] == pytest.approx(HEIGHT, rel=0.25)
    assert cut[0] == pytest.approx(whole[0], rel=0.2)


def test_rows_do_not_depend_on_each_other() -> None:
    rng = np.random.default_rng(1)
    keypoints = np.concatenate([rng.uniform(0, 96, (6, 17, 2)), rng.uniform(0, 1, (6, 17, 1))], axis=2)
    others = [rng.uniform(0, 96, (count, 17, 3)) for count in (0, 2, 1, 0, 3, 1)]
    sizes = rng.uniform(50, 200, (6, 2))
    together = part_masks(keypoints, others, sizes, 5, GRID)
    for row in range(6):
        alone = part_masks(keypoints[row : row + 1], others[row : row + 1], sizes[row : row + 1], 5, GRID)
        np.testing.assert_array_equal(alone.masks[0], together.masks[row])
        np.testing.assert_array_equal(alone.visibility[0], together.visibility[row])
        np.testing.assert_array_equal(alone.owned[0], together.owned[row])


def test_keypoints_that_are_not_numbers_count_as_unseen() -> None:
    keypoints = standing(HEIGHT, WIDTH)
    keypoints[9] = np.nan
    masks, visibility, _ = found(keypoints)
    assert np.isfinite(masks).all()
    assert visibility[ARMS] < 0.9


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ShapeError, match="keypoints_xyc"):
        part_masks(np.zeros((2, 17, 3)), None, SIZES, 5, GRID)
    with pytest.raises(ShapeError, match="others_xyc"):
        part_masks(np.zeros((1, 17, 3)), [np.zeros((0, 17, 3))] * 2, SIZES, 5, GRID)
