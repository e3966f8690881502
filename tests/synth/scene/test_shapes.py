import numpy as np
import pytest

from synth.scene.shapes import blob, box, cylinder, merge, panel, turned
from synth.types import Surface

GREY = np.full((4, 4, 3), 128, np.uint8)


def outward_share(surface: Surface, centre: tuple[float, float, float]) -> float:
    """Share of triangles whose counter-clockwise normal points away from the centre."""
    corners = surface.vertices_m[surface.faces].astype(float)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(normals, axis=1)
    out = np.einsum("ij,ij->i", normals, corners.mean(axis=1) - centre)
    return float((out[area > 1e-9] > 0).mean())


@pytest.mark.parametrize(
    ("surface", "centre"),
    [
        (merge(box((0, 0, 0.5), (1, 2, 1.5), GREY)), (0.5, 1.0, 1.0)),
        (cylinder((1.0, 2.0), 0.3, 0.0, 2.5, GREY), (1.0, 2.0, 1.0)),
        (cylinder((0.0, 0.0), 0.3, 0.0, 0.5, GREY, top_radius_m=0.1), (0.0, 0.0, 0.2)),
        (blob((0, 0, 1), (0.3, 0.4, 0.5), GREY), (0, 0, 1)),
    ],
)
def test_closed_shapes_face_outward(surface: Surface, centre: tuple[float, float, float]) -> None:
    assert outward_share(surface, centre) == 1.0


def test_box_fills_its_corners() -> None:
    whole = merge(box((1, 2, 0), (3, 5, 4), GREY))
    assert whole.vertices_m.min(axis=0).tolist() == [1, 2, 0]
    assert whole.vertices_m.max(axis=0).tolist() == [3, 5, 4]


def test_panel_lays_tiles_of_the_given_size_and_faces_across_times_up() -> None:
    surface = panel((0, 0, 0), (4, 0, 0), (0, 2, 0), GREY, tile_m=0.5)
    assert np.ptp(surface.uv, axis=0).tolist() == [8, 4]
    corners = surface.vertices_m[surface.faces[0]]
    assert np.cross(corners[1] - corners[0], corners[2] - corners[0])[2] > 0


def test_turned_keeps_distances_and_turns_counter_clockwise() -> None:
    surface = panel((1, 0, 0), (1, 0, 0), (0, 0, 1), GREY)
    quarter = turned(surface, (0.0, 0.0), np.pi / 2)
    assert np.allclose(quarter.vertices_m[:, 1], surface.vertices_m[:, 0], atol=1e-6)
    assert np.allclose(quarter.vertices_m[:, 0], 0, atol=1e-6)
