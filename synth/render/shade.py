"""From triangles under pixels to light: texture, lamp, shadow, ambient light and a little gloss.

Each pixel gets two parts, what the lamp gives and what the surroundings give, so that a moving shadow can later take
the first away without drawing the scene again.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from synth.render.scene_buffers import Batch
from synth.render.shadow import ShadowMap, lit

_ENCODED = np.arange(256) / 255.0
SRGB_TO_LINEAR = np.where(_ENCODED <= 0.04045, _ENCODED / 12.92, ((_ENCODED + 0.055) / 1.055) ** 2.4).astype(np.float32)

# How glossy and how soft under the lamp each material is (see Surface.material).
GLOSS = np.array([0.03, 0.10, 0.08, 0.02, 0.02, 0.18, 0.08, 0.03], np.float32)
SHININESS = np.array([20.0, 14.0, 24.0, 8.0, 8.0, 30.0, 18.0, 10.0], np.float32)
WRAP = np.array([0.0, 0.25, 0.15, 0.12, 0.12, 0.0, 0.0, 0.1], np.float32)
_GRAZING = 0.3  # texture footprints are not stretched beyond this cosine
_REACH_M = 0.9  # a person darkens what is nearer than this


class Eye(NamedTuple):
    """A camera for kernels: lens (4,) fx, fy, cx, cy px; rotation (3, 3) world to camera; centre (3,) in the world."""

    lens: np.ndarray
    rotation: np.ndarray
    centre: np.ndarray


class Lamps(NamedTuple):
    """Light for kernels: toward (3,) unit, to the lamp; sun, sky and bounce (3,) linear RGB."""

    toward: np.ndarray
    sun: np.ndarray
    sky: np.ndarray
    bounce: np.ndarray


@njit(cache=True, error_model="numpy", inline="always")
def _texel(flat: np.ndarray, offset: int, height: int, width: int, u: float, v: float, out: np.ndarray) -> None:
    """Bilinear sample of one wrapping mip level, linear light, into out (3,)."""
    x = (u - np.floor(u)) * width - 0.5
    y = (v - np.floor(v)) * height - 0.5
    c0, r0 = int(np.floor(x)), int(np.floor(y))
    fx, fy = x - c0, y - r0
    c1, r1 = (c0 + 1) % width, (r0 + 1) % height
    c0, r0 = c0 % width, r0 % height
    for c in range(3):
        out[c] = (
            SRGB_TO_LINEAR[flat[offset + (r0 * width + c0) * 3 + c]] * (1 - fx) * (1 - fy)
            + SRGB_TO_LINEAR[flat[offset + (r0 * width + c1) * 3 + c]] * fx * (1 - fy)
            + SRGB_TO_LINEAR[flat[offset + (r1 * width + c0) * 3 + c]] * (1 - fx) * fy
            + SRGB_TO_LINEAR[flat[offset + (r1 * width + c1) * 3 + c]] * fx * fy
        )


@njit(cache=True, error_model="numpy", inline="always")
def _mixed(values: np.ndarray, i: int, j: int, k: int, a: float, b: float, c: float) -> tuple[float, float, float]:
    """The weighted mean of three rows of values (V, 3)."""
    return (
        a * values[i, 0] + b * values[j, 0] + c * values[k, 0],
        a * values[i, 1] + b * values[j, 1] + c * values[k, 1],
        a * values[i, 2] + b * values[j, 2] + c * values[k, 2],
    )


@njit(cache=True, error_model="numpy")
def shade(
    depth: np.ndarray,
    seen: np.ndarray,
    weights: np.ndarray,
    triangles: Batch,
    eye: Eye,
    lamps: Lamps,
    still: ShadowMap,
    moving: ShadowMap,
    ambient_out: np.ndarray,
    lamp_out: np.ndarray,
) -> None:
    """Fill ambient_out and lamp_out (H, W, 3) float32 linear RGB wherever `seen` (H, W) holds a face number.

    depth, seen and weights are those of `rasterise`; the shadow maps those of the still and of the moving casters.
    """
    faces, vertices, normals, uv = triangles.faces, triangles.vertices_m, triangles.normals, triangles.uv
    levels, textures = triangles.levels, triangles.textures
    lens, centre, toward_lamp = eye.lens, eye.centre, lamps.toward
    sun, sky, bounce = lamps.sun, lamps.sky, lamps.bounce
    height, width = depth.shape
    albedo = np.empty(3)
    for row in range(height):
        for column in range(width):
            f = seen[row, column]
            if f < 0:
                continue
            i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
            b, c = weights[row, column, 0], weights[row, column, 1]
            a = 1.0 - b - c
            s = triangles.surface_of_face[f]
            material = min(triangles.materials[s], 7)
            nx, ny, nz = _mixed(normals, i, j, k, a, b, c)
            length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-12
            nx, ny, nz = nx / length, ny / length, nz / length
            x, y, z = _mixed(vertices, i, j, k, a, b, c)
            ex, ey, ez = centre[0] - x, centre[1] - y, centre[2] - z
            far = np.sqrt(ex * ex + ey * ey + ez * ez) + 1e-12
            ex, ey, ez = ex / far, ey / far, ez / far
            facing = nx * ex + ny * ey + nz * ez
            if facing < 0 and triangles.double_sided[f]:
                nx, ny, nz, facing = -nx, -ny, -nz, -facing
            near = depth[row, column]
            footprint = near * near / (lens[0] * lens[1] * max(facing, _GRAZING))
            level = int(0.5 * np.log2(max(triangles.texel_density[f] * footprint, 1.0)) + 0.5)
            level = min(level, levels.shape[1] - 1)
            u = a * uv[i, 0] + b * uv[j, 0] + c * uv[k, 0]
            v = a * uv[i, 1] + b * uv[j, 1] + c * uv[k, 1]
            _texel(textures, levels[s, level, 0], levels[s, level, 1], levels[s, level, 2], u, v, albedo)
            toward = nx * toward_lamp[0] + ny * toward_lamp[1] + nz * toward_lamp[2]
            wrap = WRAP[material]
            direct = max(0.0, (toward + wrap) / (1.0 + wrap))
            shine = 0.0
            if direct > 0.0:
                free = lit(still, x + 0.02 * nx, y + 0.02 * ny, z + 0.02 * nz)
                free *= lit(moving, x + 0.02 * nx, y + 0.02 * ny, z + 0.02 * nz)
                direct *= free
                hx, hy, hz = ex + toward_lamp[0], ey + toward_lamp[1], ez + toward_lamp[2]
                h = np.sqrt(hx * hx + hy * hy + hz * hz) + 1e-12
                mirror = max(0.0, (nx * hx + ny * hy + nz * hz) / h)
                shine = GLOSS[material] * free * mirror ** SHININESS[material]
            up = 0.5 + 0.5 * nz
            rim = GLOSS[material] * 0.5 * (1.0 - max(facing, 0.0)) ** 3
            for channel in range(3):
                around = bounce[channel] + (sky[channel] - bounce[channel]) * up
                ambient_out[row, column, channel] = albedo[channel] * around + rim * around
                lamp_out[row, column, channel] = (albedo[channel] * direct + shine) * sun[channel]


@njit(cache=True, error_model="numpy")
def darken(
    depth: np.ndarray,
    seen: np.ndarray,
    ambient: np.ndarray,
    lamp: np.ndarray,
    eye: Eye,
    moving: ShadowMap,
    people: np.ndarray,
    has_sun: bool,
    out: np.ndarray,
) -> None:
    """Join both parts of each pixel into out (H, W, 3) float32.

    Pixels of the backdrop (seen < 0) lose lamp light in the shadow of moving casters, and ambient light near people
    (P, 4): x, y, height and radius in metres, by the solid angle of a few balls along their axis.
    """
    lens, rotation, centre = eye.lens, eye.rotation, eye.centre
    height, width = depth.shape
    for row in range(height):
        for column in range(width):
            z = depth[row, column]
            free, open_ = 1.0, 1.0
            if seen[row, column] < 0 and z < 1e9:
                cx = (column + 0.5 - lens[2]) / lens[0] * z
                cy = (row + 0.5 - lens[3]) / lens[1] * z
                wx = rotation[0, 0] * cx + rotation[1, 0] * cy + rotation[2, 0] * z + centre[0]
                wy = rotation[0, 1] * cx + rotation[1, 1] * cy + rotation[2, 1] * z + centre[1]
                wz = rotation[0, 2] * cx + rotation[1, 2] * cy + rotation[2, 2] * z + centre[2]
                if has_sun:
                    free = lit(moving, wx, wy, wz)
                for p in range(people.shape[0]):
                    dx, dy = wx - people[p, 0], wy - people[p, 1]
                    flat = dx * dx + dy * dy
                    if flat > _REACH_M * _REACH_M:
                        continue
                    fade = 1.0 - flat / (_REACH_M * _REACH_M)
                    for ball in range(3):
                        dz = people[p, 2] * (0.06 + 0.25 * ball) - wz
                        square = flat + dz * dz + 0.02
                        open_ *= 1.0 - fade * min(0.45, 0.5 * people[p, 3] * people[p, 3] / square)
            for channel in range(3):
                out[row, column, channel] = ambient[row, column, channel] * open_ + lamp[row, column, channel] * free


@njit(cache=True, error_model="numpy")
def shrink(
    rgb: np.ndarray,
    object_ids: np.ndarray,
    materials: np.ndarray,
    depth: np.ndarray,
    times: int,
    rgb_out: np.ndarray,
    ids_out: np.ndarray,
    materials_out: np.ndarray,
    depth_out: np.ndarray,
) -> None:
    """Average blocks of times×times pixels; of ids, the one with most pixels, of equals the nearest."""
    for row in range(rgb_out.shape[0]):
        for column in range(rgb_out.shape[1]):
            best, best_count = -1, 0
            for dr in range(times):
                for dc in range(times):
                    r, c = row * times + dr, column * times + dc
                    for channel in range(3):
                        rgb_out[row, column, channel] += rgb[r, c, channel] / (times * times)
                    count = 0
                    for er in range(times):
                        for ec in range(times):
                            if object_ids[row * times + er, column * times + ec] == object_ids[r, c]:
                                count += 1
                    if count > best_count or (count == best_count and depth[r, c] < depth_out[row, column]):
                        best, best_count = object_ids[r, c], count
                        ids_out[row, column] = best
                        materials_out[row, column] = materials[r, c]
                        depth_out[row, column] = depth[r, c]
