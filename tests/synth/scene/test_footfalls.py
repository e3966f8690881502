import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.people.stance import Footfall
from synth.scene.footfalls import Stretch, footfalls

STRIDE_M = 1.3


def straight(heading_rad: float) -> Stretch:
    phase = np.linspace(0.3, 4.3, 201)
    path = (phase - 0.3) * STRIDE_M
    xy = path[:, None] * (np.cos(heading_rad), np.sin(heading_rad))
    return Stretch(xy, np.full(201, heading_rad), phase, STRIDE_M)


def circle(radius_m: float) -> Stretch:
    phase = np.linspace(0.3, 4.3, 2001)
    angle = (phase - 0.3) * STRIDE_M / radius_m
    return Stretch(radius_m * np.stack([np.sin(angle), 1 - np.cos(angle)], 1), angle, phase, STRIDE_M)


@given(heading=st.floats(-4, 4), phase=st.floats(0.3, 4.3))
def test_who_walks_straight_needs_no_correction(heading: float, phase: float) -> None:
    stretch = straight(heading)
    place, facing = stretch.at(phase)
    for footfall in footfalls(stretch, phase, (float(place[0]), float(place[1])), facing):
        assert (footfall.ahead_m, footfall.left_m, footfall.turned_rad) == pytest.approx((0, 0, 0), abs=1e-9)


def world(stretch: Stretch, phase: float, side: int) -> tuple[np.ndarray, float]:
    """Where on the floor the step of one foot is at a phase, and how it is turned."""
    place, facing = stretch.at(phase)
    footfall = footfalls(stretch, phase, (float(place[0]), float(place[1])), facing)[side]
    cycle = (phase + (0.0, 0.5)[side]) % 1
    ahead = STRIDE_M * (0.25 - cycle) + footfall.ahead_m
    cos, sin = np.cos(facing), np.sin(facing)
    step = np.array([cos * ahead - sin * footfall.left_m, sin * ahead + cos * footfall.left_m])
    return place + step, facing + footfall.turned_rad


@settings(deadline=None)
@given(radius=st.floats(0.8, 20), step=st.integers(1, 3), side=st.integers(0, 1))
def test_on_a_curve_a_planted_foot_neither_moves_nor_turns(radius: float, step: int, side: int) -> None:
    stretch = circle(radius)
    seen = [world(stretch, step - (0.0, 0.5)[side] + cycle, side) for cycle in np.linspace(0.02, 0.58, 8)]
    assert np.ptp(np.array([place for place, _ in seen]), axis=0).max() < 1e-6
    assert np.ptp([turned for _, turned in seen]) < 1e-9


def test_a_foot_in_the_air_goes_smoothly_from_step_to_step() -> None:
    stretch = circle(1.5)
    along = [footfalls(stretch, phase, *_hips(stretch, phase))[0] for phase in np.linspace(1.4, 2.3, 200)]
    values = np.array([(f.ahead_m, f.left_m, f.turned_rad) for f in along])
    assert np.abs(np.diff(values, axis=0)).max() < 0.03


def test_legs_reach_only_so_far() -> None:
    stretch = circle(0.2)
    for phase in np.linspace(0.5, 4, 50):
        for footfall in footfalls(stretch, phase, *_hips(stretch, phase)):
            assert isinstance(footfall, Footfall)
            assert np.hypot(footfall.ahead_m, footfall.left_m) <= 0.4 + 1e-9
            assert abs(footfall.turned_rad) <= 1.2


def _hips(stretch: Stretch, phase: float) -> tuple[tuple[float, float], float]:
    place, facing = stretch.at(float(phase))
    return (float(place[0]), float(place[1])), facing
