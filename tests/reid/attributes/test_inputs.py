"""Descriptors as rows of numbers, and what a crop shows."""

import numpy as np
import pytest

from core.errors import ShapeError
from core.types import Descriptors
from reid.attributes.inputs import inputs, seen
from reid.attributes.questions import QUESTIONS

LEGS = next(one.parts for one in QUESTIONS if one.name == "lower_colour")


def drawn(parts: int = 5) -> Descriptors:
    rng = np.random.default_rng(0)
    return Descriptors(
        rng.random((3, 4)), rng.random((3, parts, 2)), rng.random((3, parts)), rng.random((3, 2, 2)), np.ones(3)
    )


def test_blocks_stand_side_by_side_and_parts_count_by_visibility() -> None:
    found = drawn()
    rows = inputs(found, ("global", "stripes", "parts"))
    assert rows.shape == (3, 4 + 4 + 10)
    np.testing.assert_array_equal(rows[1, :4], found.global_[1])
    np.testing.assert_array_equal(rows[1, 4:8], found.stripes[1].ravel())
    np.testing.assert_allclose(rows[1, 8:10], found.parts[1, 0] * found.visibility[1, 0])
    assert inputs(found, ("global",)).shape == (3, 4)
    with pytest.raises(ShapeError, match="shoes"):
        inputs(found, ("shoes",))


@pytest.mark.parametrize(("parts", "column"), [(3, 2), (5, 3), (8, 4)])
def test_legs_are_seen_by_their_visibility_in_networks_of_any_number_of_parts(parts: int, column: int) -> None:
    visibility = np.ones((3, parts))
    visibility[0, column:] = 0
    visibility[1] = 0  # no keypoints at all: nobody can tell
    found = Descriptors(np.ones((3, 1)), np.zeros((3, parts, 1)), visibility, np.zeros((3, 0, 1)), np.ones(3))
    assert seen(found, LEGS, 0.1).tolist() == [False, True, True]
    assert seen(found, (), 0.1).all()


def test_without_parts_everything_counts_as_seen() -> None:
    found = Descriptors(np.ones((2, 1)), np.zeros((2, 0, 1)), np.zeros((2, 0)), np.zeros((2, 0, 1)), np.ones(2))
    assert seen(found, LEGS, 0.1).all()
