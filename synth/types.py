"""The words of `synth`: what a world is made of, how it is looked at, and what a rendering gives.

World frame: metres, right-handed, x and y on the floor, z up. Camera frame: OpenCV's (x right, y down, z forward).
Pixels: the centre of the top-left pixel is (0.5, 0.5); the image spans [0, W] × [0, H].
"""

from dataclasses import dataclass

import numpy as np

STATIC = 0  # object id of walls, floor and furniture; people count from 1


@dataclass(frozen=True)
class Surface:
    """Textured triangles of one object.

    vertices_m (V, 3) float32 world; faces (F, 3) int32, counter-clockwise from outside; uv (V, 2) float32, wrapping;
    texture (h, w, 3) uint8 sRGB; object_id: STATIC or the number of a person; material: what the pixel is made of
    (0 other, 1 skin, 2 hair, 3 upper garment, 4 lower garment, 5 shoes, 6 carried thing, 7 hat);
    casts_shadow: walls and ceilings between the sun and the room do not; normals (V, 3) float32: unit, for shading;
    without them, the mean of the adjoining faces (so give a vertex twice where an edge shall be sharp).
    """

    vertices_m: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    texture: np.ndarray
    object_id: int = STATIC
    material: int = 0
    double_sided: bool = False
    casts_shadow: bool = True
    normals: np.ndarray | None = None


@dataclass(frozen=True)
class Camera:
    """A pinhole camera with radial distortion, `distortion` = (k1, k2) of OpenCV's model.

    matrix (3, 3) px; rotation (3, 3) and translation_m (3,) take the world into the camera frame.
    """

    matrix: np.ndarray
    rotation: np.ndarray
    translation_m: np.ndarray
    width: int
    height: int
    distortion: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Light:
    """One directional lamp (sun or window) that casts shadows, and ambient light from above and below.

    direction (3,): unit vector the light travels along, world frame; colours are linear RGB radiance.
    """

    direction: np.ndarray
    sun_rgb: np.ndarray
    sky_rgb: np.ndarray
    bounce_rgb: np.ndarray


@dataclass(frozen=True)
class Rendering:
    """What a renderer gives, without lens distortion, noise or exposure.

    linear_rgb (H, W, 3) float32; object_ids (H, W) int32, −1 where nothing was hit; materials (H, W) uint8;
    depth_m (H, W) float32, inf where nothing was hit.
    """

    linear_rgb: np.ndarray
    object_ids: np.ndarray
    materials: np.ndarray
    depth_m: np.ndarray
