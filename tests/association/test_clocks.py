"""Clocks from where people stand: found where paths cross two views, unknown where they do not."""

from dataclasses import replace

import numpy as np
import pytest

from core.types import Tracklet
from pipeline.association.clocks import Clocks, Shift
from pipeline.association.config import AssociateConfig
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
