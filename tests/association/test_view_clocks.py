"""What a user hears about clocks that overlapping views give away."""

from dataclasses import replace

import numpy as np
import pytest

from core.types import Appearance
from pipeline.association import AssociateConfig, identify
from pipeline.association.view_clocks import clock_notes
from pipeline.association.view_map import ViewMap
from pipeline.camera_tracks import CameraTracks
from tests.association.test_overlap import LATE_S, people
from tests.association.worlds import cameras, cosine, descriptors


def view(shift_s: float, people: int = 5) -> ViewMap:
    return ViewMap(np.eye(3), shift_s, dict.fromkeys(range(people)))  # type: ignore[arg-type]


def test_the_way_over_most_people_counts() -> None:
    views = {("a", "b"): view(1.0, 9), ("b", "c"): view(-2.5, 8), ("a", "c"): view(9.0, 5)}
    first, second = clock_notes(views, {})
    assert "camera 'b'" in first and "1.0 s ahead of that of 'a'" in first and "offset_s = -1.0" in first
    assert "camera 'c'" in second and "1.5 s behind that of 'a'" in second and "offset_s = 1.5" in second


def test_what_is_said_already_is_taken_into_account() -> None:
    (note,) = clock_notes({("a", "b"): view(0.5)}, {"a": 3.0, "b": 2.0})
    assert "offset_s = 1.5" in note


def test_the_one_whose_clock_is_off_is_told_and_not_all_others() -> None:
    views = {("a", "b"): view(0.8), ("b", "c"): view(0.1), ("c", "d"): view(-0.2)}
    (note,) = clock_notes(views, {"a": 0.0, "b": 0.5})
    assert "camera 'a'" in note and "0.8 s behind that of 'b'" in note and "offset_s = 0.8" in note


def test_clocks_that_agree_are_no_news() -> None:
    assert clock_notes({("a", "b"): view(0.2), ("c", "d"): view(-0.1)}, {}) == []
    assert clock_notes({}, {}) == []


def test_cameras_that_share_no_floor_are_not_compared() -> None:
    notes = clock_notes({("a", "b"): view(1.0), ("c", "d"): view(2.0)}, {})
    assert ["of 'a'" in notes[0], "of 'c'" in notes[1], len(notes)] == [True, True, 2]


@pytest.mark.parametrize("rounds", [0, 2])
def test_a_run_without_calibration_says_whose_clock_is_off(rounds: int) -> None:
    pairs, tracks = people(3, 10), []
    for number, camera in enumerate(cameras("a", "b")):
        tracklets = [pair[number] for pair in pairs]
        looks = [Appearance(one.key, [0], descriptors(np.eye(10)[[row]])) for row, one in enumerate(tracklets)]
        tracks.append(CameraTracks(replace(camera, offset_s=0.25), tracklets, looks))
    found = identify(tracks, AssociateConfig(overlap_rounds=rounds), {}, (), looks=cosine)
    assert len(found.identities) == 10
    assert len(found.warnings) == (rounds > 0)
    for note in found.warnings:
        assert f"camera 'b': by people whom both see, its clock is about {LATE_S} s ahead" in note
        assert f"offset_s = {0.25 - LATE_S:.1f}" in note
