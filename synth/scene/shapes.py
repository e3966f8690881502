"""Boxes, panels and round things as `Surface`s; texture coordinates in tiles of a given size in metres."""

import numpy as np

from synth.types import STATIC, Surface

_PANEL_STEP_M = 1.0  # panels are cut into cells of about this size: no triangle is ever huge beside the camera


def panel(
    origin_m: tuple[float, float, float],
    across_m: tuple[float, float, float],
    up_m: tuple[float, float, float],
    texture: np.ndarray,
    tile_m: float | None = 1.0,
    double_sided: bool = False,
) -> Surface:
    """A flat parallelogram that faces `across × up`; `tile_m=None` stretches the texture once over all of it."""
    origin, across, up = (np.asarray(v, dtype=np.float64) for v in (origin_m, across_m, up_m))
    length_u, length_v = float(np.linalg.norm(across)), float(np.linalg.norm(up))
    nu = max(1, round(length_u / _PANEL_STEP_M))
    nv = max(1, round(length_v / _PANEL_STEP_M))
    a, b = np.meshgrid(np.linspace(0, 1, nu + 1), np.linspace(0, 1, nv + 1), indexing="ij")
    vertices = origin + a.reshape(-1, 1) * across + b.reshape(-1, 1) * up
    uv = np.stack([a.ravel(), 1.0 - b.ravel()], axis=1)
    if tile_m is not None:
        uv = np.stack([a.ravel() * length_u / tile_m, -b.ravel() * length_v / tile_m], axis=1)
    corner = (np.arange(nu)[:, None] * (nv + 1) + np.arange(nv)[None, :]).ravel()
    right, above = corner + nv + 1, corner + 1
    faces = np.concatenate([np.stack([corner, right, right + 1], 1), np.stack([corner, right + 1, above], 1)])
    return _surface(vertices, faces, uv, texture, double_sided)


def box(
    low_m: tuple[float, float, float],
    high_m: tuple[float, float, float],
    texture: np.ndarray,
    tile_m: float | None = 1.0,
    top_texture: np.ndarray | None = None,
) -> list[Surface]:
    """An axis-aligned box without its underside when that stands on the floor; one or two surfaces."""
    (x0, y0, z0), (x1, y1, z1) = low_m, high_m
    dx, dy, dz = x1 - x0, y1 - y0, z1 - z0
    sides = [
        panel((x0, y0, z0), (dx, 0, 0), (0, 0, dz), texture, tile_m),
        panel((x1, y0, z0), (0, dy, 0), (0, 0, dz), texture, tile_m),
        panel((x1, y1, z0), (-dx, 0, 0), (0, 0, dz), texture, tile_m),
        panel((x0, y1, z0), (0, -dy, 0), (0, 0, dz), texture, tile_m),
    ]
    if z0 > 0.01:
        sides.append(panel((x0, y1, z0), (dx, 0, 0), (0, -dy, 0), texture, tile_m))
    top = panel((x0, y0, z1), (dx, 0, 0), (0, dy, 0), texture if top_texture is None else top_texture, tile_m)
    if top_texture is None:
        return [merge([*sides, top])]
    return [merge(sides), top]


def cylinder(
    centre_m: tuple[float, float],
    radius_m: float,
    z0_m: float,
    z1_m: float,
    texture: np.ndarray,
    tile_m: float = 1.0,
    sides: int = 20,
    top_radius_m: float | None = None,
) -> Surface:
    """A standing cylinder, or a cone stump where `top_radius_m` differs, closed at the top."""
    top_radius = radius_m if top_radius_m is None else top_radius_m
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    rows = max(1, round((z1_m - z0_m) / _PANEL_STEP_M))
    vertices, uv = [], []
    for share in np.linspace(0, 1, rows + 1):
        radius = radius_m + share * (top_radius - radius_m)
        z = z0_m + share * (z1_m - z0_m)
        vertices.append(np.column_stack([centre_m + radius * ring, np.full(sides + 1, z)]))
        uv.append(np.column_stack([angle * radius_m / tile_m, np.full(sides + 1, -z / tile_m)]))
    lid_start = len(vertices) * (sides + 1)
    vertices.append(np.array([[*centre_m, z1_m]]))
    uv.append(np.zeros((1, 2)))
    i = np.arange(sides)
    faces = []
    for row in range(rows):
        a, b = row * (sides + 1) + i, (row + 1) * (sides + 1) + i
        faces += [np.stack([a, a + 1, b + 1], 1), np.stack([a, b + 1, b], 1)]
    rim = rows * (sides + 1) + i
    faces.append(np.stack([rim, rim + 1, np.full(sides, lid_start)], 1))
    return _surface(np.concatenate(vertices), np.concatenate(faces), np.concatenate(uv), texture, double_sided=False)


def blob(
    centre_m: tuple[float, float, float], radii_m: tuple[float, float, float], texture: np.ndarray, tile_m: float = 0.5
) -> Surface:
    """An ellipsoid: cushions, bin bags, tree crowns."""
    around, along = 16, 9
    theta = np.linspace(0, 2 * np.pi, around + 1)
    phi = np.linspace(-np.pi / 2, np.pi / 2, along + 1)
    t, p = np.meshgrid(theta, phi, indexing="ij")
    unit = np.stack([np.cos(p) * np.cos(t), np.cos(p) * np.sin(t), np.sin(p)], axis=-1).reshape(-1, 3)
    uv = np.stack([t.ravel(), -p.ravel()], axis=1) * max(radii_m) / tile_m
    corner = (np.arange(around)[:, None] * (along + 1) + np.arange(along)[None, :]).ravel()
    right, above = corner + along + 1, corner + 1
    faces = np.concatenate([np.stack([corner, right, right + 1], 1), np.stack([corner, right + 1, above], 1)])
    return _surface(np.asarray(centre_m) + unit * radii_m, faces, uv, texture, double_sided=False)


def merge(surfaces: list[Surface]) -> Surface:
    """One surface from several of the same texture; errors on an empty list (ValueError from NumPy)."""
    starts = np.cumsum([0, *(len(s.vertices_m) for s in surfaces)])
    first = surfaces[0]
    return Surface(
        vertices_m=np.concatenate([s.vertices_m for s in surfaces]),
        faces=np.concatenate([s.faces + start for s, start in zip(surfaces, starts[:-1], strict=True)]).astype(
            np.int32
        ),
        uv=np.concatenate([s.uv for s in surfaces]),
        texture=first.texture,
        object_id=first.object_id,
        material=first.material,
        double_sided=first.double_sided,
    )


def turned(surface: Surface, centre_m: tuple[float, float], yaw_rad: float) -> Surface:
    """The surface turned about the vertical through `centre_m`."""
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    vertices = surface.vertices_m.copy()
    local = surface.vertices_m[:, :2] - np.asarray(centre_m, dtype=np.float32)
    vertices[:, :2] = local @ np.array([[cos, sin], [-sin, cos]], dtype=np.float32)
    vertices[:, :2] += np.asarray(centre_m, dtype=np.float32)
    return Surface(
        vertices, surface.faces, surface.uv, surface.texture, surface.object_id, surface.material, surface.double_sided
    )


def _surface(
    vertices: np.ndarray, faces: np.ndarray, uv: np.ndarray, texture: np.ndarray, double_sided: bool
) -> Surface:
    return Surface(
        vertices.astype(np.float32), faces.astype(np.int32), uv.astype(np.float32), texture, STATIC, 0, double_sided
    )
