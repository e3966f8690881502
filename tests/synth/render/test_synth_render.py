"""The rasteriser against a plain loop over rays, and the still scene against drawing all at once."""

import numpy as np
import pytest

from synth.render import Backdrop, render
from synth.types import Camera, Light, Rendering, Surface

LIGHT = Light(np.array([0.3, 0.2, -1.0]), np.array([1.0, 0.9, 0.8]), np.full(3, 0.4), np.full(3, 0.2))


def camera(width: int = 48, height: int = 36) -> Camera:
    """1.5 m above the floor, looking along world y, slightly down."""
    c, s = np.cos(0.25), np.sin(0.25)
    rotation = np.array([[1.0, 0, 0], [0, -s, -c], [0, c, -s]])
    matrix = np.array([[40.0, 0, width / 2], [0, 40, height / 2], [0, 0, 1]])
    return Camera(matrix, rotation, -rotation @ np.array([0, 0, 1.5]), width, height)


def soup(seed: int, count: int = 25, object_id: int = 1) -> Surface:
    """Loose triangles between 2 and 6 m ahead, seen from both sides."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform([-2, 2, 0], [2, 6, 2.5], (count, 1, 3))
    vertices = (middles + rng.normal(0, 0.5, (count, 3, 3))).reshape(-1, 3).astype(np.float32)
    texture = rng.integers(0, 256, (8, 8, 3), np.uint8)
    faces = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
    return Surface(vertices, faces, rng.random((3 * count, 2)).astype(np.float32), texture, object_id, 3, True)


def floor() -> Surface:
    corners = np.array([[-9, -9, 0], [9, -9, 0], [9, 9, 0], [-9, 9, 0]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    return Surface(corners, faces, corners[:, :2].copy(), np.full((4, 4, 3), 200, np.uint8))


def trace(surfaces: list[Surface], view: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Oracle: ids and depths by a loop over pixels and triangles (Möller and Trumbore's intersection)."""
    ids = np.full((view.height, view.width), -1)
    depth = np.full((view.height, view.width), np.inf)
    eye = -view.rotation.T @ view.translation_m
    for row in range(view.height):
        for column in range(view.width):
            ray = np.linalg.inv(view.matrix) @ (column + 0.5, row + 0.5, 1.0)
            direction = view.rotation.T @ ray
            for surface in surfaces:
                for a, b, c in surface.vertices_m[surface.faces].astype(float):
                    system = np.stack([b - a, c - a, -direction], 1)
                    if abs(np.linalg.det(system)) < 1e-12:
                        continue
                    u, v, t = np.linalg.solve(system, eye - a)
                    if u >= 0 and v >= 0 and u + v <= 1 and 0.05 <= t < depth[row, column]:
                        depth[row, column], ids[row, column] = t, surface.object_id
    return ids, depth


def test_ids_and_depth_are_those_of_rays() -> None:
    surfaces, view = [floor(), soup(1, 8), soup(2, 8, 2)], camera(24, 18)
    picture = render(surfaces, view, LIGHT)
    ids, depth = trace(surfaces, view)
    assert (picture.object_ids == ids).mean() > 0.995  # a pixel on an edge may go either way
    same = picture.object_ids == ids
    np.testing.assert_allclose(picture.depth_m[same], depth[same], rtol=1e-3)
    assert len(np.unique(ids)) == 4


def same(a: Rendering, b: Rendering) -> bool:
    return all(
        np.array_equal(getattr(a, n), getattr(b, n)) for n in ("linear_rgb", "object_ids", "materials", "depth_m")
    )


@pytest.mark.parametrize("supersample", [1, 2])
def test_same_bytes_every_time(supersample: int) -> None:
    first = render([floor(), soup(3)], camera(), LIGHT, supersample)
    assert same(first, render([floor(), soup(3)], camera(), LIGHT, supersample))
    assert first.linear_rgb.shape == (36, 48, 3)
    assert np.isfinite(first.linear_rgb).all()
    assert first.materials[first.object_ids == 1].min() == 3


def test_backdrop_shows_what_drawing_all_at_once_shows() -> None:
    backdrop = Backdrop.prepare([floor(), soup(4, 20, 0)], camera(), LIGHT)
    before = backdrop.ambient_rgb.copy()
    picture = backdrop.render([soup(5, 10, 7)])
    whole = render([floor(), soup(4, 20, 0), soup(5, 10, 7)], camera(), LIGHT)
    np.testing.assert_array_equal(picture.object_ids, whole.object_ids)
    np.testing.assert_array_equal(picture.depth_m, whole.depth_m)
    np.testing.assert_array_equal(backdrop.ambient_rgb, before)


def test_moving_things_cast_shadows_on_the_still_scene() -> None:
    view = camera()
    backdrop = Backdrop.prepare([floor()], view, LIGHT)
    roof = np.array([[-1, 2, 3.5], [1, 2, 3.5], [1, 5, 3.5], [-1, 5, 3.5]], np.float32)
    high = Surface(
        roof, np.array([[0, 1, 2], [0, 2, 3]], np.int32), roof[:, :2].copy(), np.full((2, 2, 3), 9, np.uint8), 1
    )
    free, shaded = backdrop.render(), backdrop.render([high])
    ground = (free.object_ids == 0) & (shaded.object_ids == 0)
    darker = shaded.linear_rgb[ground].sum(-1) < 0.7 * free.linear_rgb[ground].sum(-1)
    assert 0.05 < darker.mean() < 0.9


def test_faces_seen_from_behind_are_left_out() -> None:
    seen = floor()
    turned = Surface(seen.vertices_m, seen.faces[:, ::-1].copy(), seen.uv, seen.texture)
    assert (render([seen], camera(), LIGHT).object_ids == 0).any()
    assert (render([turned], camera(), LIGHT).object_ids == -1).all()


def test_nothing_gives_an_empty_picture() -> None:
    picture = render([], camera(), LIGHT)
    assert (picture.object_ids == -1).all()
    assert np.isinf(picture.depth_m).all()
    assert not picture.linear_rgb.any()


def test_supersample_below_one_is_told() -> None:
    with pytest.raises(ValueError, match="supersample"):
        render([], camera(), LIGHT, 0)
