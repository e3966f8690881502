"""Clocks from where people stand: found where paths cross two views, unknown where they do not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.types import Tracklet, TrackletKey
from pipeline.association.clocks import NEAR_M, Clocks, Shift, _come_near
from pipeline.association.config import AssociateConfig
from pipeline.association.floor import FloorPath, pair_nats
from pipeline.association.merging import associate, clocks_of
from tests.association.test_floor import CALIBRATIONS, line, walker
from tests.association.worlds import appearance, cameras, cosine

PATHS = [
    line((-1.5, -1), (1.5, 1), 30), line((1, -1.5), (-1, 1.5), 35), line((-1.5, 1), (1.4, 0.8), 28),
    np.concatenate([line((1.5, 0), (0, 0.2), 15), line((0, 0.2), (0.2, -1.5), 20)]),
]  # fmt: skip
STARTS_S = (0.0, 1.3, 4.0, 6.1)


def scene(offset_s: float, noise_m: float = 0.05) -> list[Tracklet]:
    """Four people in two views; the clock of camera b is behind by `offset_s`."""
    rng = np.random.default_rng(1)
    return [
        walker(camera, number, path + rng.normal(0, noise_m, path.shape), start_s - (offset_s if camera == "b" else 0))
        for camera in "ab"
        for number, (path, start_s) in enumerate(zip(PATHS, STARTS_S, strict=True), start=1)
    ]


def found(tracklets: list[Tracklet], given: str = "a", config: AssociateConfig = AssociateConfig()) -> Clocks:  # noqa: B008
    return clocks_of(tracklets, cameras("a", "b"), config, CALIBRATIONS, given)


@pytest.mark.parametrize("offset_s", [-2.0, -0.73, 0.6, 1.45, 2.0])
def test_finds_the_offset_and_says_so(offset_s: float) -> None:
    clocks = found(scene(offset_s))
    shift = clocks.shifts["b"]
    assert shift.offset_s == pytest.approx(offset_s, abs=0.12)
    assert shift.sigma_s is not None and 0 < shift.sigma_s <= 0.25
    assert clocks.shifts["a"] == Shift(0.0, 0.0)
    assert (
        len(clocks.warnings) == 1 and "'b'" in clocks.warnings[0] and f"{shift.offset_s:+.2f} s" in clocks.warnings[0]
    )


def test_offsets_of_the_user_are_believed() -> None:
    clocks = found(scene(1.5), given="ab")
    assert clocks.shifts == {"a": Shift(0.0, 0.0), "b": Shift(0.0, 0.0)} and not clocks.warnings


def test_people_of_another_hour_are_unknown_and_it_is_said() -> None:
    clocks = found(scene(500.0))
    assert clocks.unknown() == {"b"} and clocks.shifts["b"].sigma_s is None
    assert "cannot be told" in clocks.warnings[0]


@pytest.mark.parametrize("lonely", ["0", "z"])
def test_a_camera_of_another_place_leaves_the_others_tied_whatever_its_name(lonely: str) -> None:
    far = [
        replace(one, key=TrackletKey(lonely, one.key.local_id), times_s=one.times_s + 900)
        for one in scene(0.0)
        if one.key.camera == "a"
    ]
    names = sorted(["a", "b", lonely])
    calibrations = {**CALIBRATIONS, lonely: CALIBRATIONS["a"]}
    clocks = clocks_of(
        sorted(scene(0.6) + far, key=lambda one: one.key), cameras(*names), AssociateConfig(), calibrations, ""
    )
    assert clocks.unknown() == {lonely}
    assert clocks.shifts["a"] == Shift(0.0, 0.0)
    assert clocks.shifts["b"].offset_s == pytest.approx(0.6, abs=0.12)
    assert len(clocks.warnings) == 2


def test_warnings_name_the_camera_that_is_believed() -> None:
    clocks = found(scene(0.6), given="b")
    assert clocks.shifts["a"].offset_s == pytest.approx(-0.6, abs=0.12)
    assert len(clocks.warnings) == 1
    assert clocks.warnings[0].startswith("camera 'a'") and "against 'b'" in clocks.warnings[0]


@pytest.mark.parametrize("offset_s", [3.2, -3.4])
def test_a_clock_beyond_what_is_tried_is_unknown(offset_s: float) -> None:
    assert AssociateConfig().clock_reach_s == 3
    assert found(scene(offset_s)).unknown() == {"b"}


@given(seed=st.integers(0, 2**31), scale_m=st.sampled_from([0.5, 2.0, 4.0, 20.0]))
def test_coming_near_is_the_least_distance_of_all_positions(seed: int, scale_m: float) -> None:
    rng = np.random.default_rng(seed)
    one, other = (
        FloorPath(np.arange(n) / 10, rng.normal(0, scale_m, (n, 2)), np.full(n, 0.2)) for n in rng.integers(1, 40, 2)
    )
    far = np.linalg.norm(one.points_m[::5, None] - other.points_m[None, ::5], axis=2)
    assert _come_near(one, other) == (far.min() <= NEAR_M)


def test_who_was_there_at_other_hours_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many comparisons as people who were there together, not as pairs of people."""
    asked = 0

    def counted(*arguments: object) -> tuple[float, float]:
        nonlocal asked
        asked += 1
        return pair_nats(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("pipeline.association.clocks.pair_nats", counted)
    found(scene(0.6))
    once = asked
    later = [
        replace(one, key=TrackletKey(one.key.camera, one.key.local_id + 100), times_s=one.times_s + 3600)
        for one in scene(0.6)
    ]
    found(scene(0.6) + later)
    assert asked - once == 2 * once


def test_people_who_stand_still_leave_the_clock_alone() -> None:
    places = [(-1.0, 0.0), (0.5, 1.0), (1.2, -0.7)]
    still = [
        walker(camera, number, np.tile(place, (60, 1)), 0.0 if camera == "a" else 0.4)
        for camera in "ab"
        for number, place in enumerate(places, start=1)
    ]
    clocks = found(still)
    assert clocks.shifts["b"].offset_s == 0 and not clocks.unknown()


def test_a_wrong_clock_harms_only_where_nobody_looks_at_it() -> None:
    """Everybody looks alike: with the estimated clock each finds their other half; with the wrong one they do not."""
    tracklets = scene(1.6)
    looks = {one.key: appearance(one, np.ones((1, 4))) for one in tracklets}
    config = AssociateConfig(travel=False)

    def right(clocks: Clocks) -> int:
        identities = associate(tracklets, looks, cameras("a", "b"), config, CALIBRATIONS, looks=cosine, clocks=clocks)
        return sum(len({key.local_id for key in one.tracklets}) == 1 for one in identities if len(one.tracklets) == 2)

    assert right(found(tracklets)) == 4
    assert right(Clocks({})) < 4


def test_nothing_is_estimated_without_floor_or_calibration() -> None:
    assert found([]).shifts == {}
    assert found(scene(1.0), config=replace(AssociateConfig(), clocks=False)).shifts == {}
    assert clocks_of(scene(1.0), cameras("a", "b"), AssociateConfig(), {}, "").shifts == {}
