"""People: the same again from the same seed, joints of the posed mesh, feet that stay where they stand."""

import itertools
from functools import lru_cache

import numpy as np
import pytest

from synth.people import ACTIONS, Person, PersonStyle, Stance
from synth.people.body import BONES, body_model
from synth.people.landmarks import DROP, LIFT
from synth.people.outfit import ATTRIBUTE_VALUES
from synth.people.person import _placed
from synth.people.pose import bone_transforms
from synth.people.sewing import SOLE_M
from synth.people.skin import Cloth, cut

TOUCH_M = SOLE_M + 0.004  # a bare sole this low has its shoe on the floor


@lru_cache(maxsize=4)
def person(seed: int) -> Person:
    return Person.make(np.random.default_rng(seed))


def test_same_seed_same_person() -> None:
    first, second = (Person.make(np.random.default_rng(5)) for _ in range(2))
    stance = Stance((1.0, 2.0), 0.7, 0.3, 1.2, "walk")
    for a, b in zip(first.surfaces(stance, 4), second.surfaces(stance, 4), strict=True):
        np.testing.assert_array_equal(a.vertices_m, b.vertices_m)
        np.testing.assert_array_equal(a.texture, b.texture)
        assert a.object_id == 4
    assert first.attributes == second.attributes


def test_surfaces_are_well_formed() -> None:
    for surface in person(1).surfaces(Stance((0.0, 0.0)), 1):
        assert np.isfinite(surface.vertices_m).all()
        assert surface.faces.min() >= 0
        assert surface.faces.max() < len(surface.vertices_m) == len(surface.uv) == len(surface.normals)
        assert surface.texture.dtype == np.uint8


@pytest.mark.parametrize("action", ACTIONS)
def test_joints_are_those_of_the_posed_body(action: str) -> None:
    someone, stance = person(1), Stance((2.0, -1.0), 2.1, 0.37, 1.1, action)
    transforms = _placed(bone_transforms(someone.build, stance), stance)
    weights = np.asarray(body_model().weights, float)
    posed = np.zeros_like(someone.shape.vertices)
    for bone in range(len(BONES)):
        moved = someone.shape.vertices @ transforms[bone, :, :3].T + transforms[bone, :, 3]
        posed += weights[:, bone, None] * moved
    turning = np.asarray(body_model().coco, float) @ posed
    trunk = turning[[11, 12]].mean(0) - turning[[5, 6]].mean(0)
    expected = turning.copy()
    expected[[5, 6]] -= LIFT * trunk
    expected[[11, 12]] += DROP * trunk
    np.testing.assert_allclose(someone.joints(stance), expected, atol=1e-6)


@pytest.mark.parametrize("action", ACTIONS)
def test_people_stand_on_the_floor_where_they_are(action: str) -> None:
    someone = person(2)
    points = np.concatenate([s.vertices_m for s in someone.surfaces(Stance((3.0, 4.0), 1.0, 0.2, 1.2, action), 1)])
    assert abs(points[:, 2].min()) < 0.02
    if action not in ("sit", "exercise"):
        assert points[:, 2].max() > 0.9 * someone.height_m
    joints = someone.joints(Stance((3.0, 4.0), 1.0, 0.2, 1.2, action))
    assert np.hypot(*(joints[11:13, :2].mean(0) - (3.0, 4.0))) < 0.2


@pytest.mark.parametrize("phase", np.linspace(0.1, 900.3, 12))
def test_who_exercises_keeps_bones_whole_and_a_foot_on_the_floor(phase: float) -> None:
    someone = person(2)
    rest, posed = (someone.joints(Stance((0.0, 0.0), 0.0, 0.0, 0.0, "stand")), someone.joints(exercise(phase)))
    for a, b in ((7, 9), (8, 10), (13, 15), (14, 16)):  # forearms and shins keep their length
        assert np.linalg.norm(posed[a] - posed[b]) == pytest.approx(np.linalg.norm(rest[a] - rest[b]), rel=0.1)
    points = np.concatenate([s.vertices_m for s in someone.surfaces(exercise(phase), 1)])
    assert abs(points[:, 2].min()) < 0.03


def test_figures_flow_and_differ() -> None:
    someone = person(2)
    steps = [someone.joints(exercise(5 + 0.01 * k)) for k in range(200)]
    assert max(np.abs(a - b).max() for a, b in itertools.pairwise(steps)) < 0.15
    wrists = np.array([someone.joints(exercise(7.3 * k))[[9, 10]] for k in range(60)])
    assert np.ptp(wrists[..., 2]) > 1.2
    ankles = np.array([someone.joints(exercise(7.3 * k))[[15, 16], 2] for k in range(60)])
    assert 0.1 < (ankles.max(1) > 0.3).mean() < 0.9


def exercise(phase: float) -> Stance:
    return Stance((0.0, 0.0), 0.0, float(phase), 0.0, "exercise")


def test_a_bare_chest_is_drawn_only_when_asked_for() -> None:
    drawn = [Person.make(np.random.default_rng(seed)).attributes["upper"] for seed in range(30)]
    assert "none" not in drawn
    asked = [Person.make(np.random.default_rng(seed), PersonStyle(upper="none")).attributes for seed in range(12)]
    assert {one["upper"] for one in asked} == {"none", "t_shirt"}
    assert all((one["upper_colour"] == "none") == (one["upper"] == "none") for one in asked)


def test_left_is_left_and_front_is_front() -> None:
    joints = person(1).joints(Stance((0.0, 0.0)))
    assert joints[5, 1] > joints[6, 1]
    assert joints[0, 0] > joints[3, 0]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("speed", [0.5, 1.3, 1.9])
def test_feet_do_not_slide(seed: int, speed: float) -> None:
    """Whatever point of a sole touches the floor in two moments next to each other has stayed where it was."""
    someone = person(seed)
    stride = someone.stride_m(speed)
    count = 60
    rest = {side: _sole_points(someone, side) for side in "LR"}
    worst = {side: 0.0 for side in "LR"}
    before: dict[str, np.ndarray] = {}
    slid = {side: 0.0 for side in "LR"}
    for step in range(count + 1):
        phase = step / count
        stance = Stance((phase * stride, 0.0), 0.0, phase, speed, "walk")
        transforms = _placed(bone_transforms(someone.build, stance), stance)
        for side in "LR":
            bone = BONES.index(f"foot.{side}")
            now = rest[side] @ transforms[bone, :, :3].T + transforms[bone, :, 3]
            if side in before:
                low = (now[:, 2] < TOUCH_M) & (before[side][:, 2] < TOUCH_M)
                if low.any():
                    slid[side] += float(np.hypot(*(now[low] - before[side][low])[:, :2].T).min())
                else:
                    worst[side], slid[side] = max(worst[side], slid[side]), 0.0
            before[side] = now
    assert max(*worst.values(), *slid.values()) < 0.03


def _sole_points(someone: Person, side: str) -> np.ndarray:
    """Rest points under heel and ball: the soles are SOLE_M below z = 0 at rest and 0 when placed."""
    ankle, toe = someone.shape.head(f"foot.{side}"), someone.shape.head(f"toe2-1.{side}")
    t = np.linspace(-0.45, 1.0, 12)[:, None]
    return np.column_stack([(ankle + (toe - ankle) * t)[:, :2], np.zeros(12)])


def test_stride_grows_with_speed() -> None:
    strides = [person(1).stride_m(v) for v in (0.3, 0.8, 1.3, 1.9)]
    assert strides == sorted(strides)
    assert 1.1 < strides[2] < 1.6


def test_style_pins_what_it_names() -> None:
    style = PersonStyle("coat", "jeans", (20, 20, 24), (40, 50, 80), bag="backpack", hat="cap", height_m=1.62)
    someone = Person.make(np.random.default_rng(3), style)
    assert {k: someone.attributes[k] for k in ("upper", "lower", "upper_colour", "bag", "hat", "sleeve")} == {
        "upper": "coat", "lower": "jeans", "upper_colour": "black", "bag": "backpack", "hat": "cap", "sleeve": "long",
    }  # fmt: skip
    assert abs(someone.height_m - 1.62) < 1e-6


def test_attributes_say_nothing_about_the_body() -> None:
    values = [Person.make(np.random.default_rng(seed)).attributes for seed in (11, 12)]
    for attributes in values:
        assert set(attributes) == set(ATTRIBUTE_VALUES)
        assert all(attributes[name] in ATTRIBUTE_VALUES[name] for name in attributes)


@pytest.mark.parametrize("wrong", [{"upper": "toga"}, {"hat": "crown"}, {"height_m": 3.0}])
def test_impossible_styles_are_told(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PersonStyle(**wrong)  # type: ignore[arg-type]


def test_unknown_action_is_told() -> None:
    with pytest.raises(ValueError, match="swim"):
        Stance((0.0, 0.0), action="swim")


def test_cutting_leaves_exactly_the_part_where_the_field_is_positive() -> None:
    square = Cloth(
        np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]), np.eye(4), np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    )
    part = cut(square, square.vertices[:, 0] - 0.3)
    a, b, c = (part.vertices[part.faces[:, k]] for k in range(3))
    assert np.isclose(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2, 0.7)
    assert np.isclose(part.vertices[:, 0].min(), 0.3)
    np.testing.assert_allclose(part.weights.sum(1), 1.0)
    assert (np.cross(b - a, c - a)[:, 2] > 0).all()
