"""Cameras without calibration that see the same floor: the map between their pictures, and what it says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import SettingError
from core.types import Appearance, Tracklet, TrackletKey
from pipeline.association import AssociateConfig, associate
from pipeline.association.foot_path import LONGEST_GAP_S, FootPath, foot_path, shared
from pipeline.association.homography import FAR_HEIGHTS, apply, distance_heights
from pipeline.association.overlap import overlap_evidence
from pipeline.association.view_map import ViewMap, learn_view_map
from tests.association.test_floor import CALIBRATIONS, walker
from tests.association.worlds import cameras, cosine, descriptors

HEIGHT_PX = 480
LATE_S = 1.6  # what the second camera's clock shows more


def path_m(rng: np.random.Generator, count: int = 60) -> np.ndarray:
    """Somebody who walks from one place to another by way of a third."""
    corners = rng.uniform(-2, 2, (3, 2))
    return np.concatenate([np.linspace(*corners[:2], count // 2), np.linspace(*corners[1:], count // 2)])


def both_views(person: int, path: np.ndarray, late_s: float = LATE_S) -> tuple[Tracklet, Tracklet]:
    return walker("a", person, path), walker("b", person, path, start_s=late_s)


def feet(pair: tuple[Tracklet, Tracklet]) -> tuple[FootPath, FootPath]:
    one, other = (foot_path(tracklet, HEIGHT_PX) for tracklet in pair)
    return one, other


def people(seed: int, count: int) -> list[tuple[Tracklet, Tracklet]]:
    rng = np.random.default_rng(seed)
    return [both_views(person, path_m(rng)) for person in range(1, count + 1)]


def learned(seed: int, wrong: int) -> ViewMap | None:
    """From ten people, the second views of the last few of whom are exchanged."""
    seen = [feet(pair) for pair in people(seed, 10)]
    swapped = [(seen[k][0], seen[k - 1][1]) for k in range(10 - wrong, 10)] if wrong else []
    return learn_view_map(seen[: 10 - wrong] + swapped, 4.0)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 3))
def test_a_map_that_is_found_is_right_in_spite_of_wrong_matches(seed: int, wrong: int) -> None:
    view = learned(seed, wrong)
    if view is None:
        return
    assert view.shift_s == pytest.approx(LATE_S, abs=0.15)
    assert len(set(range(10 - wrong)) - set(view.matches)) <= 1
    floor_m = np.random.default_rng(1).uniform(-1, 1, (20, 2))
    one, other = (CALIBRATIONS[name].to_image(np.column_stack([floor_m, np.zeros(20)])) for name in ("a", "b"))
    apart = np.linalg.norm(apply(view.homography, one) - other, axis=1)
    assert np.median(apart) < 12  # lenses bend lines; people are 110 px high


def test_nearly_all_maps_are_found() -> None:
    found = [learned(seed, wrong) is not None for seed in range(12) for wrong in (0, 1, 2)]
    assert sum(found) >= 34


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_views_without_anything_in_common_have_no_map(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = [(walker("a", k, path_m(rng)), walker("b", k, path_m(rng))) for k in range(14)]
    assert learn_view_map([feet(pair) for pair in pairs], 4.0) is None


def test_a_line_is_no_plane() -> None:
    pairs = [both_views(k, np.linspace((-2, -2 + 0.001 * k), (2, 2), 40 + k)) for k in range(8)]
    assert learn_view_map([feet(pair) for pair in pairs], 4.0) is None


def test_few_matches_make_no_map() -> None:
    assert learn_view_map([feet(pair) for pair in people(0, 4)], 4.0) is None
    assert learn_view_map([], 4.0) is None
    nowhere = FootPath(np.zeros(0), np.zeros((0, 2)), np.zeros(0))
    assert learn_view_map([(nowhere, nowhere)] * 6, 4.0) is None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(-3, 3))
def test_common_instants_equal_a_loop(seed: int, shift_s: float) -> None:
    rng = np.random.default_rng(seed)

    def some() -> FootPath:
        times = np.unique(np.round(np.cumsum(rng.choice([0.1, 0.3, 2.0], rng.integers(0, 30))), 3))
        return FootPath(times, rng.uniform(0, 600, (len(times), 2)), rng.uniform(50, 90, len(times)))

    def known(path: FootPath, instant: float) -> bool:
        before, after = path.times_s[path.times_s <= instant], path.times_s[path.times_s >= instant]
        return bool(len(before) and len(after) and after[0] - before[-1] <= LONGEST_GAP_S)

    one, other = some(), some()
    expected = [k * 0.4 for k in range(-50, 200) if known(one, k * 0.4) and known(other, k * 0.4 + shift_s)]
    found = shared(one, other, shift_s)
    assert set(np.round(found.times_s, 6)) <= set(np.round(expected, 6))
    assert len(found) == len(expected) or len(expected) > 25
    for k, instant in enumerate(found.times_s):
        here = [np.interp(instant, one.times_s, one.points_px[:, axis]) for axis in (0, 1)]
        np.testing.assert_allclose(found.one_px[k], here)
        assert found.other_height_px[k] == pytest.approx(np.interp(instant + shift_s, other.times_s, other.height_px))


def test_distance_is_cut_beyond_the_horizon() -> None:
    points = shared(*feet(people(0, 1)[0]), LATE_S)
    flat = np.array([[1.0, 0, 0], [0, 1, 0], [0, 1e-3, -1e-3 * points.one_px[0, 1]]])
    far = distance_heights(flat, points)
    assert np.isfinite(far).all()
    assert far[0] == FAR_HEIGHTS


def test_the_same_place_speaks_for_a_pair_and_another_place_against_it() -> None:
    pairs = people(3, 10)
    tracklets = [one for one, _ in pairs] + [other for _, other in pairs]
    label = np.tile(np.arange(10), 2)
    label[18], label[19] = 9, 8  # two wrong matches
    nobody, config = np.zeros(20, bool), AssociateConfig(overlap_weight=1.0)
    floor = overlap_evidence(tracklets, cameras("a", "b"), label, nobody, config)
    nats = floor.of(np.repeat(np.arange(10), 10), np.tile(np.arange(10, 20), 10)).reshape(10, 10)
    same = np.eye(10, dtype=bool)
    assert (nats[same] > 3).all()
    assert np.median(nats[~same]) < -2
    assert (nats.argmax(axis=1) == np.arange(10)).all()
    half = overlap_evidence(tracklets, cameras("a", "b"), label, nobody, AssociateConfig(overlap_weight=0.5))
    np.testing.assert_allclose(half.nats, floor.nats / 2)


def test_a_match_does_not_testify_for_itself() -> None:
    """Somebody far from everybody else is believed by a map only where others were seen."""
    pairs = people(3, 8)
    away = np.linspace((-9, -9), (-11, -8), 60)
    pairs.append(both_views(9, away))
    tracklets = [one for one, _ in pairs] + [other for _, other in pairs]
    floor = overlap_evidence(
        tracklets, cameras("a", "b"), np.tile(np.arange(9), 2), np.zeros(18, bool), AssociateConfig()
    )
    assert floor.of(np.array([8]), np.array([17]))[0] == 0
    assert floor.of(np.array([0]), np.array([9]))[0] > 0


def test_only_what_was_seen_at_one_time_is_a_match() -> None:
    """In a long recording most pairs of one person's tracklets are of different times, and say nothing about a map."""
    pairs = people(3, 8)
    path = path_m(np.random.default_rng(0), 80)
    pairs += [
        (walker("a", 20 + k, path, 1000.0 * k), walker("b", 20 + k, path, 1000.0 * k + 500)) for k in range(1, 12)
    ]
    tracklets = [one for one, _ in pairs] + [other for _, other in pairs]
    label = np.tile(np.minimum(np.arange(19), 8), 2)
    floor = overlap_evidence(tracklets, cameras("a", "b"), label, np.zeros(38, bool), AssociateConfig())
    assert (floor.of(np.arange(8), np.arange(19, 27)) > 0).all()


def test_cameras_on_the_floor_are_left_to_it() -> None:
    pairs = people(3, 8)
    tracklets = [one for one, _ in pairs] + [other for _, other in pairs]
    label = np.tile(np.arange(8), 2)
    floor = overlap_evidence(tracklets, cameras("a", "b"), label, np.ones(16, bool), AssociateConfig())
    assert not len(floor.pairs)
    assert not len(overlap_evidence([], [], np.zeros(0, int), np.zeros(0, bool), AssociateConfig()).pairs)


@pytest.mark.parametrize("swap", [False, True])
def test_people_in_one_uniform_are_told_apart_by_where_they_stand(swap: bool) -> None:
    pairs = people(5, 10)
    if swap:  # so that no order of rows is right by accident
        second = [replace(pairs[k][1], key=TrackletKey("b", 18 - k)) for k in (8, 9)]
        pairs[8], pairs[9] = (pairs[8][0], second[0]), (pairs[9][0], second[1])
    looks = np.eye(10)
    looks[9] = looks[8]  # the last two dress alike
    rng = np.random.default_rng(0)
    tracklets = [one for pair in pairs for one in pair]
    noisy = {one.key: looks[k // 2] + rng.normal(0, 0.05, (3, 10)) for k, one in enumerate(tracklets)}
    appearances = {key: Appearance(key, np.arange(3), descriptors(vectors)) for key, vectors in noisy.items()}
    identities = associate(tracklets, appearances, cameras("a", "b"), looks=cosine)
    owner = {key: identity.id for identity in identities for key in identity.tracklets}
    assert all(owner[one.key] == owner[other.key] for one, other in pairs)
    assert len(identities) == 10


@pytest.mark.parametrize("change", [{"overlap_rounds": -1}, {"overlap_reach_s": 0.0}, {"overlap_weight": -0.1}])
def test_settings_that_make_no_sense(change: dict[str, float]) -> None:
    with pytest.raises(SettingError, match=next(iter(change))):
        AssociateConfig(**change)  # type: ignore[arg-type]
