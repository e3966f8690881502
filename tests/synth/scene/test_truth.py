import numpy as np
import pytest

from synth.render import Backdrop, project
from synth.scene.lens_map import LensMap, barrel
from synth.scene.rigs import look_at
from synth.scene.shapes import box, merge
from synth.scene.truth import PersonTruth, Seen, joint_visibility, person_truth
from synth.types import Camera, Light, Rendering, Surface

GREY = np.full((4, 4, 3), 128, np.uint8)
LIGHT = Light(np.array([0.0, 0.0, -1.0]), np.ones(3), np.ones(3), np.ones(3))
JOINTS = np.column_stack([np.zeros(17), np.full(17, 5.0), np.linspace(0.2, 1.6, 17)])


def body(x: float = 0.0, y: float = 5.0, number: int = 1) -> Surface:
    """A stand-in for a person: a box of 0.4 × 0.3 × 1.8 m."""
    made = merge(box((x - 0.2, y - 0.15, 0.02), (x + 0.2, y + 0.15, 1.8), GREY))
    return Surface(made.vertices_m, made.faces, made.uv, made.texture, number)


def camera(share: float = 0.08) -> Camera:
    straight = look_at(np.array([0.0, 0.0, 2.5]), np.array([0.0, 5.0, 1.0]), 0.0, 1.1, (320, 180))
    return barrel(straight, share)


def picture(surfaces: list[Surface], seen_by: Camera) -> Rendering:
    lens = LensMap.of(seen_by)
    return lens.bend(Backdrop.prepare([], lens.wide, LIGHT).render(surfaces))


def truth_of(who: Surface, others: list[Surface], joints: np.ndarray = JOINTS) -> PersonTruth:
    seen_by = camera()
    shown = picture([who, *others], seen_by)
    truth = person_truth(who.object_id, [who], joints, seen_by, shown.object_ids, shown.depth_m)
    assert truth is not None
    return truth


def test_boxes_are_those_of_the_projected_geometry_to_the_pixel() -> None:
    who = body()
    truth = truth_of(who, [])
    corners, _ = project(camera(), who.vertices_m)
    assert np.allclose(truth.full_xyxy, [*corners.min(axis=0), *corners.max(axis=0)], atol=1e-6)
    assert np.abs(truth.visible_xyxy - truth.full_xyxy).max() <= 1.0
    assert truth.visibility == pytest.approx(1.0, abs=0.02)


def test_joints_are_projected_to_the_pixel() -> None:
    truth = truth_of(body(), [])
    assert np.allclose(truth.joints_px, project(camera(), JOINTS)[0])
    assert (truth.joints_seen == Seen.OWN_BODY).sum() + (truth.joints_seen == Seen.VISIBLE).sum() == 17


@pytest.mark.parametrize("x", [-0.3, -0.1, 0.15, 0.35])
def test_visibility_is_the_share_of_pixels_that_the_id_picture_keeps(x: float) -> None:
    who, other = body(), body(x, 4.0, number=2)
    alone = (picture([who], camera()).object_ids == 1).sum()
    left = (picture([who, other], camera()).object_ids == 1).sum()
    assert left < alone
    assert truth_of(who, [other]).visibility == pytest.approx(left / alone, abs=0.02)


def test_what_is_outside_the_picture_counts_as_not_visible() -> None:
    seen_by = camera(0.0)
    edge = 5.0 * seen_by.width / 2 / seen_by.matrix[0, 0]
    truth = truth_of(body(edge * 1.12), [])
    assert 0.2 < truth.visibility < 0.8
    assert truth.full_xyxy[2] > 320 >= truth.visible_xyxy[2]


def test_a_hidden_person_has_no_visible_box_and_hidden_joints() -> None:
    wall = merge(box((-2, 3, 0), (2, 3.1, 3), GREY))
    truth = truth_of(body(), [wall])
    assert truth.visibility == 0
    assert np.isnan(truth.visible_xyxy).all()
    assert (truth.joints_seen == Seen.HIDDEN).all()


def test_nobody_is_behind_the_camera() -> None:
    behind = body(0.0, -5.0)
    shown = picture([behind], camera())
    assert person_truth(1, [behind], JOINTS, camera(), shown.object_ids, shown.depth_m) is None


def test_how_a_joint_is_seen_depends_on_what_is_in_front_of_it() -> None:
    ids = np.array([[1, 2, 0, 1, 1]], dtype=np.int32)
    depth = np.array([[4.9, 3.0, 9.0, 4.5, 4.9]], dtype=np.float32)
    joints = np.full((17, 2), -5.0)
    joints[[5, 6, 7, 8]] = np.array([[0.5, 0.5], [1.5, 0.5], [2.5, 0.5], [3.5, 0.5]])
    seen = joint_visibility(1, joints, np.full(17, 5.0), ids, depth)
    assert seen[5:9].tolist() == [Seen.VISIBLE, Seen.HIDDEN, Seen.VISIBLE, Seen.OWN_BODY]
    assert (np.delete(seen, [5, 6, 7, 8]) == Seen.OUTSIDE).all()
