"""A stage in a furnished room: the places `synth.scene` films, one camera on a wall, people standing about."""

from dataclasses import dataclass

import numpy as np

from synth.scene.floor import Floor, FloorConfig
from synth.scene.light import room_light
from synth.scene.place import PlaceConfig, build_place
from synth.scene.rigs import RigConfig, draw_camera, sees
from synth.scene.textures import Textures
from synth.types import Camera, Light, Surface

_ROOMS_M = ((5.0, 4.5), (14.0, 10.0))  # smallest and largest room, along and across
_FIELD_DEG = (48.0, 95.0)
_HEIGHT_M = (1.4, 3.0)
_SEEN_AT_M = (0.5, 1.0, 1.6)  # somebody counts as in the picture if one of these heights is
_APART_M = 0.5


@dataclass(frozen=True)
class Hall:
    """A furnished room before its camera; `points_m` (N, 2) are floor points on which somebody would be seen."""

    surfaces: tuple[Surface, ...]
    camera: Camera
    light: Light
    points_m: np.ndarray


def draw_hall(rng: np.random.Generator, size: tuple[int, int], textures: Textures, roll_deg: float) -> Hall:
    """A room of its own size, furniture and camera, which is turned about its axis by up to `roll_deg`."""
    width, depth = (float(v) for v in rng.uniform(*_ROOMS_M))
    config = PlaceConfig(hall_m=(width, depth), pillars=int(rng.integers(0, 3)), height_m=float(rng.uniform(2.9, 4.2)))
    place = build_place(rng, 1, True, config, textures)
    rig = RigConfig(height_m=_HEIGHT_M, field_deg=_FIELD_DEG, roll_deg=roll_deg, barrel=(-0.02, 0.13))
    camera = draw_camera(rng, place.rooms[0], size, rig)
    floor = Floor(place.blocks, (), FloorConfig())
    room = place.rooms[0]
    points = rng.uniform((room.x0, room.y0), (room.x1, room.y1), (600, 2))
    points = points[floor.clearance_m(points) >= FloorConfig.clearance_m]
    seen = np.zeros(len(points), np.bool_)
    for height in _SEEN_AT_M:
        seen |= sees(camera, np.column_stack([points, np.full(len(points), height)]), place.blocks)
    return Hall(place.surfaces, camera, room_light(rng), points[seen])


def stand_about(rng: np.random.Generator, points_m: np.ndarray, wanted: int) -> list[tuple[float, float]]:
    """At most `wanted` of `points_m` (N, 2), none within arm's length of another."""
    spots: list[tuple[float, float]] = []
    for x, y in points_m:
        if len(spots) == wanted:
            break
        if all(np.hypot(x - ox, y - oy) >= _APART_M for ox, oy in spots):
            spots.append((float(x), float(y)))
    return spots
