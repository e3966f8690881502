"""A still scene drawn once, into which moving things are drawn frame by frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synth.render.raster import bounds, rasterise
from synth.render.scene_buffers import Batch, batch
from synth.render.shade import Eye, Lamps, darken, shade, shrink
from synth.render.shadow import ShadowMap, cast
from synth.types import STATIC, Camera, Light, Rendering, Surface

_PERSON_RADIUS_M = 0.2  # of the balls that darken the floor near a person


@dataclass(frozen=True)
class Backdrop:
    """What a camera sees of the surfaces that do not move: colour in two parts, depth, ids, and what casts shadows.

    Made by `prepare`. All pictures are at `supersample` times the camera's size; `render` gives the camera's.
    """

    camera: Camera
    light: Light
    supersample: int
    ambient_rgb: np.ndarray
    lamp_rgb: np.ndarray
    object_ids: np.ndarray
    materials: np.ndarray
    depth_m: np.ndarray
    shadow: ShadowMap

    @classmethod
    def prepare(
        cls, static_surfaces: Sequence[Surface], camera: Camera, light: Light, supersample: int = 1
    ) -> "Backdrop":
        """Draw the static scene once. The camera's distortion is left out: see `overscan` and `distort`.

        supersample: each pixel is the mean of its square. Below 1 is a ValueError.
        """
        if supersample < 1:
            raise ValueError(f"supersample: expected at least 1, got {supersample}")
        shape = camera.height * supersample, camera.width * supersample
        empty = cls(
            camera,
            light,
            supersample,
            np.zeros((*shape, 3), np.float32),
            np.zeros((*shape, 3), np.float32),
            np.full(shape, -1, np.int32),
            np.zeros(shape, np.uint8),
            np.full(shape, np.inf, np.float32),
            _nothing_cast(light),
        )
        if not static_surfaces:
            return empty
        triangles = batch(static_surfaces)
        shadow = _cast(triangles, light)
        depth, seen, ambient, lamp = empty._draw(triangles, shadow)
        object_ids, materials = _labels(triangles, seen, empty.object_ids, empty.materials)
        return cls(camera, light, supersample, ambient, lamp, object_ids, materials, depth, shadow)

    def render(self, surfaces: Sequence[Surface] = ()) -> Rendering:
        """The scene with these surfaces in it. Same input, same bytes; distortion is left out (see `distort`)."""
        triangles = batch(surfaces)
        moving = _cast(triangles, self.light)
        depth, seen, ambient, lamp = self._draw(triangles, moving)
        object_ids, materials = _labels(triangles, seen, self.object_ids, self.materials)
        rgb = np.empty_like(ambient)
        has_sun = bool(np.any(self.light.sun_rgb))
        darken(depth, seen, ambient, lamp, self._eye(), moving, _people(surfaces), has_sun, rgb)
        if self.supersample == 1:
            return Rendering(rgb, object_ids, materials, depth)
        return _shrunk(rgb, object_ids, materials, depth, self.supersample)

    def _draw(self, triangles: Batch, moving: ShadowMap) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Depth, seen faces, ambient and lamp light after drawing these triangles over what is there."""
        depth, ambient, lamp = self.depth_m.copy(), self.ambient_rgb.copy(), self.lamp_rgb.copy()
        seen = np.full(depth.shape, -1, np.int32)
        weights = np.empty((*depth.shape, 2), np.float32)
        eye = self._eye()
        points = triangles.vertices_m @ eye.rotation.T + self.camera.translation_m
        rasterise(points, triangles.faces, triangles.double_sided, eye.lens, depth, seen, weights)
        shade(depth, seen, weights, triangles, eye, _lamps(self.light), self.shadow, moving, ambient, lamp)
        return depth, seen, ambient, lamp

    def _eye(self) -> Eye:
        matrix = self.camera.matrix
        lens = np.array([matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]], np.float64) * self.supersample
        rotation = np.ascontiguousarray(self.camera.rotation, np.float64)
        return Eye(lens, rotation, -rotation.T @ np.asarray(self.camera.translation_m, np.float64).reshape(3))


def _lamps(light: Light) -> Lamps:
    toward = -np.asarray(light.direction, np.float64) / np.linalg.norm(light.direction)
    return Lamps(toward, _three(light.sun_rgb), _three(light.sky_rgb), _three(light.bounce_rgb))


def render(surfaces: Sequence[Surface], camera: Camera, light: Light, supersample: int = 1) -> Rendering:
    """Draw surfaces once, without lens distortion. No surfaces give an empty picture, object ids −1, depth inf."""
    return Backdrop.prepare((), camera, light, supersample).render(surfaces)


def _cast(triangles: Batch, light: Light) -> ShadowMap:
    if not np.any(light.sun_rgb):
        return _nothing_cast(light)
    return cast(triangles.vertices_m, triangles.faces[triangles.casts_shadow], light.direction)


def _nothing_cast(light: Light) -> ShadowMap:
    return cast(np.zeros((0, 3)), np.zeros((0, 3), np.int32), light.direction)


def _labels(
    triangles: Batch, seen: np.ndarray, object_ids: np.ndarray, materials: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    object_ids, materials = object_ids.copy(), materials.copy()
    drawn = seen >= 0
    surface = triangles.surface_of_face[seen[drawn]]
    object_ids[drawn] = triangles.object_ids[surface]
    materials[drawn] = triangles.materials[surface]
    return object_ids, materials


def _people(surfaces: Sequence[Surface]) -> np.ndarray:
    """Where people stand: (P, 4) x, y, height, radius in metres."""
    rows = []
    for number in sorted({s.object_id for s in surfaces if s.object_id != STATIC}):
        points = np.concatenate([s.vertices_m for s in surfaces if s.object_id == number])
        low, high = bounds(points, np.ones(len(points), bool))
        rows.append((*((low + high) / 2)[:2], high[2], _PERSON_RADIUS_M))
    return np.array(rows, np.float64).reshape(-1, 4)


def _three(values: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.asarray(values, np.float64), (3,)).copy()


def _shrunk(rgb: np.ndarray, object_ids: np.ndarray, materials: np.ndarray, depth: np.ndarray, times: int) -> Rendering:
    shape = depth.shape[0] // times, depth.shape[1] // times
    small = Rendering(
        np.zeros((*shape, 3), np.float32),
        np.zeros(shape, np.int32),
        np.zeros(shape, np.uint8),
        np.full(shape, np.inf, np.float32),
    )
    shrink(
        rgb, object_ids, materials, depth, times,
        small.linear_rgb, small.object_ids, small.materials, small.depth_m,
    )  # fmt: skip
    return small
