import numpy as np
import pytest

from synth.render import distort, project
from synth.scene.lens_map import LensMap, barrel
from synth.scene.rigs import look_at
from synth.types import Camera, Rendering


def a_camera(share: float) -> Camera:
    return barrel(look_at(np.array([0, 0, 3.0]), np.array([0, 5, 1.0]), 0.02, 1.2, (160, 90)), share)


@pytest.mark.parametrize("share", [-0.02, 0.0, 0.06, 0.13])
def test_points_are_seen_where_they_project(share: float) -> None:
    camera = a_camera(share)
    lens = LensMap.of(camera)
    rng = np.random.default_rng(0)
    points = rng.uniform((-3, 3, 0), (3, 9, 2), (200, 3))
    bent, _ = project(camera, points)
    straight, _ = project(lens.wide, points)
    inside = np.all((bent > 1) & (bent < (159, 89)), axis=1)
    assert inside.sum() > 50
    for (u, v), wanted in zip(bent[inside], straight[inside], strict=True):
        column, row = int(u), int(v)
        at = np.array([lens.x[row, column], lens.y[row, column]]) + 0.5
        # the pixel's centre and the point are less than a pixel apart, so are their straight places
        assert np.abs(at - wanted).max() < 1.6


def test_the_map_is_that_of_distort() -> None:
    camera = a_camera(0.1)
    lens = LensMap.of(camera)
    columns, rows = np.meshgrid(np.arange(lens.wide.width), np.arange(lens.wide.height))
    at = distort(np.stack([columns, rows, rows], axis=-1).astype(np.float32), camera)
    assert np.abs(at[..., 0] - lens.x).max() < 0.05
    assert np.abs(at[..., 1] - lens.y).max() < 0.05


def test_a_straight_lens_changes_nothing() -> None:
    lens = LensMap.of(a_camera(0.0))
    shape = (lens.wide.height, lens.wide.width)
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 9, shape).astype(np.int32)
    rgb = rng.random((*shape, 3), dtype=np.float32)
    bent = lens.bend(Rendering(rgb, ids, ids.astype(np.uint8), rgb[..., 0]))
    left, top = (lens.wide.matrix[:2, 2] - (80, 45)).astype(int)
    assert np.array_equal(bent.object_ids, ids[top : top + 90, left : left + 160])
    assert np.allclose(bent.linear_rgb, rgb[top : top + 90, left : left + 160], atol=1e-5)


def test_a_lens_that_folds_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at most 0\.14"):
        a_camera(0.15)
