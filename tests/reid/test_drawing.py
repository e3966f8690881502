"""Pictures for people: they show what they are given."""

import numpy as np

from reid.drawing import RIGHT_BGR, TILE_WIDTH, WRONG_BGR, masked, ranked_list, stacked
from tests.reid.fake_crops import standing

CROP = np.full((96, 48, 3), 90, np.uint8)


def has(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((picture == np.array(colour, np.uint8)).all(axis=2).any())


def test_a_ranked_list_frames_right_and_wrong() -> None:
    row = ranked_list([CROP], [CROP, CROP], ["0.1", "0.2"], [True, False])
    assert row.shape[1] > 3 * TILE_WIDTH
    assert has(row, RIGHT_BGR)
    assert has(row, WRONG_BGR)
    assert not has(ranked_list([CROP], [CROP], ["?"]), RIGHT_BGR)


def test_a_mask_changes_the_pixels_under_it_and_no_others() -> None:
    masks = np.zeros((3, 6, 3), np.float32)
    nothing = masked(CROP, masks, np.zeros(3), np.zeros((17, 3)))
    masks[1, 3:] = 1
    lower = masked(CROP, masks, np.zeros(3), np.zeros((17, 3)))
    changed = (nothing != lower).any(axis=2)
    assert changed.any()
    assert not changed[: changed.shape[0] // 3].any()


def test_a_network_without_parts_and_a_caption_that_is_no_text() -> None:
    none = masked(CROP, np.zeros((0, 6, 3), np.float32), np.zeros(0), np.zeros((17, 3)))
    assert none.shape == ranked_list([CROP], [CROP], ["0.1 caf\udce9"]).shape


def test_joints_are_drawn_and_rows_of_any_length_stack() -> None:
    masks = np.zeros((5, 6, 3), np.float32)
    with_joints = masked(CROP, masks, np.zeros(5), standing(96, 48))
    without = masked(CROP, masks, np.zeros(5), np.zeros((17, 3)))
    assert (with_joints != without).any()
    both = stacked([ranked_list([CROP], [], []), with_joints])
    assert both.shape[1] == with_joints.shape[1]
