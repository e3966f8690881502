"""Which grouping agrees most with the others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid.clustering import UNSURE, pair_scores
from reid.consensus import agreement, most_agreed

LABELS = st.lists(st.integers(UNSURE, 3), min_size=6, max_size=6).map(np.array)


@given(LABELS, LABELS)
def test_agreement_is_f1_over_pairs_in_either_direction(one: np.ndarray, other: np.ndarray) -> None:
    alone = np.where(other == UNSURE, 100 + np.arange(6), other)  # a truth has nobody who is unsure
    assert agreement(one, other) == pytest.approx(pair_scores(one, alone)[2])
    assert agreement(one, other) == agreement(other, one)


def test_equal_groupings_agree_whatever_their_numbers_and_nothing_agrees_with_none() -> None:
    one = np.array([0, 0, 1, UNSURE])
    assert agreement(one, np.array([7, 7, 2, UNSURE])) == 1
    assert agreement(one, np.arange(4)) == 0
    assert agreement(np.arange(4), np.arange(4)) == 0


def test_who_differs_from_all_is_not_taken() -> None:
    middle = np.array([0, 0, 0, 1, 1, 1])
    near, far = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 2, 0, 1, 2])
    assert most_agreed([far, near, middle]) is near
    assert most_agreed([far]) is far
    assert most_agreed([far, middle, middle]) is middle
