import numpy as np
import pytest

from core.errors import UsageError
from synth.render import Backdrop, project
from synth.scene.lens_map import LensMap, barrel
from synth.scene.rigs import eye_m, look_at
from synth.scene.shake import Shake, turned
from synth.scene.shapes import box, merge
from synth.scene.truth import person_truth
from synth.scene.world import SceneConfig
from synth.types import Camera, Light, Surface

LIGHT = Light(np.array([0.0, 0.0, -1.0]), np.ones(3), np.ones(3), np.ones(3))


def a_camera(share: float = 0.06) -> Camera:
    return barrel(look_at(np.array([0, 0, 3.0]), np.array([0, 5, 1.0]), 0.02, 1.2, (160, 90)), share)


def a_shake(most_deg: float = 2.0) -> Shake:
    return Shake.draw(np.random.default_rng(4), most_deg)


def test_the_camera_turns_about_its_eye_and_no_further_than_asked() -> None:
    camera, shake = a_camera(), a_shake()
    turns = [shake.turn(t) for t in np.arange(0, 20, 0.05)]
    for turn in turns:
        assert np.allclose(turn @ turn.T, np.eye(3))
        assert np.allclose(eye_m(turned(camera, turn)), eye_m(camera))
    pan = np.degrees([np.arctan2(turn[0, 2], turn[2, 2]) for turn in turns])
    assert np.abs(pan).max() <= 2.02  # pan read off the turn that tilts and rolls as well
    assert np.ptp(pan) > 1.0


@pytest.mark.parametrize("share", [-0.02, 0.06, 0.13])
def test_points_are_seen_where_the_turned_camera_projects_them(share: float) -> None:
    camera, shake = a_camera(share), a_shake(3.0)
    rest = LensMap.of(camera, shake.margin_px(camera))
    points = np.random.default_rng(0).uniform((-3, 3, 0), (3, 9, 2), (300, 3))
    turn = shake.turn(1.3)
    lens = rest.turned(turn)
    bent, depth = project(turned(camera, turn), points)
    straight, rest_depth = project(lens.wide, points)
    inside = np.all((bent > 1) & (bent < (159, 89)), axis=1)
    assert inside.sum() > 50
    for k in np.flatnonzero(inside):
        column, row = int(bent[k, 0]), int(bent[k, 1])
        at = np.array([lens.x[row, column], lens.y[row, column]]) + 0.5
        assert np.abs(at - straight[k]).max() < 1.6
        assert np.broadcast_to(lens.depth_factor, (90, 160))[row, column] == pytest.approx(
            depth[k] / rest_depth[k], abs=2e-3
        )


@pytest.mark.parametrize("most_deg", [0.3, 5.0])
def test_the_margin_holds_all_of_the_sway(most_deg: float) -> None:
    camera, shake = a_camera(0.13), a_shake(most_deg)
    rest = LensMap.of(camera, shake.margin_px(camera))
    for time_s in np.arange(0, 10, 0.1):
        lens = rest.turned(shake.turn(time_s))
        assert min(lens.x.min(), lens.y.min()) >= 0
        assert lens.x.max() <= rest.wide.width - 1
        assert lens.y.max() <= rest.wide.height - 1


def test_the_truth_of_a_turned_picture_is_where_its_pixels_are() -> None:
    made = merge(box((-0.2, 4.85, 0.02), (0.2, 5.15, 1.8), np.full((4, 4, 3), 128, np.uint8)))
    who = Surface(made.vertices_m, made.faces, made.uv, made.texture, 1)
    camera, shake = (
        barrel(look_at(np.array([0, 0, 2.5]), np.array([0, 5, 1.0]), 0, 1.1, (320, 180)), 0.08),
        a_shake(4.0),
    )
    rest = LensMap.of(camera, shake.margin_px(camera))
    straight = Backdrop.prepare([], rest.wide, LIGHT).render([who])
    joints = np.column_stack([np.zeros(17), np.full(17, 5.0), np.linspace(0.2, 1.6, 17)])
    places = []
    for time_s in (0.2, 0.9, 1.7):
        turn = shake.turn(time_s)
        shown = rest.turned(turn).bend(straight)
        truth = person_truth(1, [who], joints, turned(camera, turn), shown.object_ids, shown.depth_m)
        assert truth is not None
        assert np.abs(truth.visible_xyxy - truth.full_xyxy).max() <= 1.5
        places.append(truth.full_xyxy[0])
    assert np.ptp(places) > 3


def test_a_sway_beyond_reason_is_refused() -> None:
    with pytest.raises(UsageError, match="--shake"):
        SceneConfig(shake_deg=9.0)
