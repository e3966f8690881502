"""The lens: projection, its inverse, and the warp agree with each other."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.render import distort, overscan, project, render
from synth.types import Camera, Light, Surface

LIGHT = Light(np.array([0.0, 0.0, -1.0]), np.zeros(3), np.ones(3), np.ones(3))


def camera(distortion: tuple[float, float] = (0.0, 0.0)) -> Camera:
    """At the origin, looking along world y, 160×120."""
    rotation = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    return Camera(np.array([[110.0, 0, 80], [0, 110, 60], [0, 0, 1]]), rotation, np.zeros(3), 160, 120, distortion)


def patch(centre: np.ndarray, half: float) -> Surface:
    corners = np.array([[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]]) * half + centre
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    return Surface(
        corners.astype(np.float32), faces, np.zeros((4, 2), np.float32), np.full((2, 2, 3), 255, np.uint8), 1
    )


@pytest.mark.parametrize("distortion", [(0.0, 0.0), (-0.25, 0.04), (0.15, 0.02)])
def test_projection_is_opencvs(distortion: tuple[float, float]) -> None:
    view = camera(distortion)
    points = np.random.default_rng(0).uniform([-2, 3, -1.5], [2, 6, 1.5], (50, 3))
    pixels, depth = project(view, points)
    k1, k2 = distortion
    expected, _ = cv2.projectPoints(
        points, cv2.Rodrigues(view.rotation)[0], view.translation_m, view.matrix, np.array([k1, k2, 0, 0])
    )
    np.testing.assert_allclose(pixels, expected[:, 0], atol=1e-6)
    np.testing.assert_allclose(depth, points[:, 1])


@pytest.mark.parametrize("distortion", [(0.0, 0.0), (-0.25, 0.04), (0.15, 0.02)])
@pytest.mark.parametrize("place", [(0.0, 0.0), (1.9, 1.2), (-2.2, -1.0), (0.3, -1.6)])
def test_rendered_point_lies_where_it_is_projected(distortion: tuple[float, float], place: tuple[float, float]) -> None:
    view = camera(distortion)
    centre = np.array([place[0], 4.0, place[1]])
    picture = distort(render([patch(centre, 0.08)], overscan(view), LIGHT, 4), view)
    weight = picture.linear_rgb[..., 0].astype(float)
    rows, columns = np.indices(weight.shape) + 0.5
    seen = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
    np.testing.assert_allclose(seen, project(view, centre[None])[0][0], atol=0.35)


def test_point_behind_has_no_pixel() -> None:
    pixels, depth = project(camera(), np.array([[0.0, -1.0, 0.0]]))
    assert np.isnan(pixels).all()
    assert depth[0] == -1.0


def test_no_points_give_no_pixels() -> None:
    pixels, depth = project(camera((-0.2, 0.0)), np.zeros((0, 3)))
    assert pixels.shape == (0, 2)
    assert depth.shape == (0,)


@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.integers(-10, 15), st.integers(0, 5))
def test_overscan_holds_every_pixel_of_the_lens(k1: int, k2: int) -> None:
    view = camera((k1 / 100, k2 / 100))
    wide = overscan(view)
    picture = np.ones((wide.height, wide.width, 3), np.float32)
    assert distort(picture, view).shape == (120, 160, 3)
    # A straight picture whose values are its own coordinates comes out at the inverse of the projection.
    columns, rows = np.meshgrid(np.arange(wide.width) + 0.5, np.arange(wide.height) + 0.5)
    ramp = np.dstack([columns, rows, rows]).astype(np.float32)
    bent = distort(ramp, view)[::17, ::23, :2].astype(float)
    rays = (bent - wide.matrix[:2, 2]) / 110.0
    points = np.concatenate([rays, np.ones((*rays.shape[:2], 1))], -1).reshape(-1, 3)[:, [0, 2, 1]] * (1, 1, -1)
    pixels, _ = project(view, points)
    expected = np.stack(np.meshgrid(np.arange(0, 160, 23) + 0.5, np.arange(0, 120, 17) + 0.5), -1).reshape(-1, 2)
    np.testing.assert_allclose(pixels, expected, atol=0.05)


def test_wrong_size_is_told() -> None:
    view = camera((-0.2, 0.0))
    with pytest.raises(ValueError, match="overscan"):
        distort(np.zeros((120, 160, 3), np.float32), view)
