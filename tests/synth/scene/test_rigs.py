from functools import cache

import numpy as np
import pytest

from core.errors import UsageError
from synth.render import project
from synth.scene.furniture import Block
from synth.scene.place import Place, PlaceConfig, build_place
from synth.scene.rigs import RigConfig, eye_m, hidden_by, look_at, place_rigs, sees
from synth.scene.textures import Textures

SIZE = (320, 180)


@cache
def a_place(cameras: int, overlap: bool) -> Place:
    return build_place(np.random.default_rng(0), cameras, overlap, PlaceConfig(), Textures())


def test_look_at_puts_the_target_in_the_middle_and_up_is_up() -> None:
    camera = look_at(np.array([1.0, 2.0, 3.0]), np.array([4.0, 6.0, 1.0]), 0.0, 1.2, SIZE)
    pixels, depth = project(camera, np.array([[4.0, 6.0, 1.0], [4.0, 6.0, 1.5]]))
    assert np.allclose(pixels[0], (160, 90))
    assert depth[0] == pytest.approx(np.sqrt(29))
    assert pixels[1, 1] < 90
    assert np.allclose(eye_m(camera), (1, 2, 3))
    assert np.allclose(camera.rotation @ camera.rotation.T, np.eye(3))
    assert np.linalg.det(camera.rotation) == pytest.approx(1.0)


def test_hiding_agrees_with_walking_along_the_ray() -> None:
    rng = np.random.default_rng(0)
    block, eye = Block(1.0, 1.0, 2.0, 3.0, 1.4), np.array([0.0, 0.0, 2.2])
    points = rng.uniform((-1, -1, 0), (5, 5, 2), (300, 3))
    steps = np.linspace(0, 1, 4001)[:, None]
    crossing = []
    for point in points:
        ray = eye + steps * (point - eye)
        crossing.append(np.all((ray > (1, 1, 0)) & (ray < (2, 3, 1.4)), axis=1).any())
    assert 0.05 < np.mean(crossing) < 0.95
    assert (hidden_by(eye, points, block) == crossing).mean() > 0.99  # grazing rays are a matter of rounding


@pytest.mark.parametrize("overlap", [True, False])
def test_views_overlap_or_share_nothing_as_asked(overlap: bool) -> None:
    place = a_place(3, overlap)
    rigs = place_rigs(np.random.default_rng(1), place, 3, overlap, SIZE, RigConfig())
    low, high = min(r.x0 for r in place.rooms), max(r.x1 for r in place.rooms)
    x, y = np.meshgrid(np.arange(low, high, 0.37), np.arange(0.1, place.rooms[0].y1, 0.37))
    points = np.stack([x.ravel(), y.ravel(), np.full(x.size, 1.0)], axis=1)
    views = [sees(rig.camera, points, place.blocks) for rig in rigs]
    assert all(view.sum() > 20 for view in views)
    shared = [(a & b).sum() for k, a in enumerate(views) for b in views[:k]]
    assert all(s > 0 for s in shared[:1]) if overlap else not any(shared)


def test_clocks_lenses_and_rates_come_from_the_config() -> None:
    config = RigConfig(frame_rates=(5.0, 7.0), offset_s=(0.25, 0.5))
    rigs = place_rigs(np.random.default_rng(1), a_place(4, True), 4, True, SIZE, config)
    assert [rig.id for rig in rigs] == ["cam01", "cam02", "cam03", "cam04"]
    assert rigs[0].offset_s == 0
    assert all(0.25 <= rig.offset_s <= 0.5 for rig in rigs[1:])
    assert {rig.fps for rig in rigs} <= {5.0, 7.0}
    assert len({rig.camera.distortion for rig in rigs}) == 4


def test_too_many_cameras_are_refused() -> None:
    with pytest.raises(UsageError, match="do not fit into one hall"):
        place_rigs(np.random.default_rng(1), a_place(4, True), 9, True, SIZE, RigConfig())
    with pytest.raises(UsageError, match="13 disjoint cameras need 13 rooms"):
        a_place(13, False)
