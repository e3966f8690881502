"""Clothes as shells: the body's mesh pushed outwards, smoothed, hung, and cut at hems and openings."""

from dataclasses import dataclass

import numpy as np

from synth.people.body import BONES
from synth.people.fabric import TALL_M, WIDE_M
from synth.people.shape import Shape, smoothed
from synth.people.skin import Cloth, Skinned, cut, textured

UPPER, LOWER = 3, 4
_ANGLES, _LEVELS = 40, 36  # of the table that lets cloth hang


@dataclass(frozen=True)
class Drape:
    """How cloth lies on the body: offset_m off it, smoothing passes over its hollows, hang (0 clings, 1 falls straight
    from what is above), folds_m high."""

    offset_m: float
    smoothing: int
    hang: float
    folds_m: float


@dataclass(frozen=True)
class UpperCut:
    """Where an upper garment ends: hem_m above the floor, sleeve along the arm (0 none, 1 wrist), neck_m above the
    collar bones, dip: how much lower the neck opening is in front, gap_m: half width of an open front at the hem, zero
    if closed."""

    hem_m: float
    sleeve: float
    neck_m: float
    dip: float = 0.55
    gap_m: float = 0.0


def shell(shape: Shape, drape: Drape, rng: np.random.Generator, least_m: np.ndarray | float = 0.0) -> np.ndarray:
    """Vertices (V, 3) of a layer at least the drape's offset and `least_m` (V,), what lies below it, off the body."""
    layer = shape.vertices + shape.normals * drape.offset_m
    layer = smoothed(layer, drape.smoothing)
    if drape.hang > 0:
        layer = _hung(shape, layer, drape.hang)
    layer = layer + shape.normals * (_folds(shape, rng) * drape.folds_m)[:, None]
    need = np.maximum(drape.offset_m, least_m)
    short = need - ((layer - shape.vertices) * shape.normals).sum(1)
    layer = layer + shape.normals * smoothed(np.maximum(short, 0.0), 1)[:, None]
    return smoothed(layer, 1)


def _folds(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Ridged waves (V,) of about ±1, mostly across limbs near joints and along them between."""
    points, total = shape.vertices, np.zeros(len(shape.vertices))
    for _ in range(7):
        direction = rng.normal(size=3) * (1.0, 1.0, 0.8)
        direction *= rng.uniform(25, 70) / np.linalg.norm(direction)
        wave = np.sin(points @ direction + 2.5 * np.sin(points @ rng.normal(0, 9, 3)) + rng.uniform(0, 6.3))
        total += 1 - 2 * np.abs(wave)
    joint = np.exp(-(((shape.along_leg - 0.5) / 0.1) ** 2)) * shape.leg
    joint += np.exp(-(((shape.along_arm - 0.5) / 0.12) ** 2)) * shape.arm
    joint += np.exp(-(((shape.along_leg - 0.97) / 0.07) ** 2)) * shape.leg
    return total / np.sqrt(7) * (0.7 + 0.8 * joint)


def _hung(shape: Shape, layer: np.ndarray, hang: float) -> np.ndarray:
    """Let the trunk's cloth fall straight from where it is widest above, around the trunk's axis."""
    trunk = (shape.arm < 0.3) & (shape.vertices[:, 2] < shape.head("neck01")[2] - 0.1)
    centre = shape.head("spine02")[0]
    flat = layer[:, :2] - (centre, 0.0)
    radius, angle = np.hypot(*flat.T), np.arctan2(flat[:, 1], flat[:, 0])
    top, bottom = shape.head("neck01")[2] - 0.1, shape.head("upperleg01.L")[2] - 0.12
    level = np.clip((top - layer[:, 2]) / (top - bottom) * (_LEVELS - 1), 0, _LEVELS - 1)
    turn = (angle / (2 * np.pi) + 0.5) * _ANGLES
    table = np.zeros((_LEVELS, _ANGLES))
    np.maximum.at(table, (level[trunk].astype(int), turn[trunk].astype(int) % _ANGLES), radius[trunk])
    for k in range(1, _LEVELS):
        table[k] = np.maximum(table[k], table[k - 1] * (1 - 0.02 * (1.2 - hang)))
    for _ in range(2):
        table = 0.5 * table + 0.25 * (np.roll(table, 1, 1) + np.roll(table, -1, 1))
    low, left = level.astype(int), np.floor(turn - 0.5).astype(int)
    t = (turn - 0.5) - left
    wide = table[low, left % _ANGLES] * (1 - t) + table[low, (left + 1) % _ANGLES] * t
    grow = np.where(trunk & (layer[:, 2] > bottom), hang * np.maximum(wide - radius, 0.0), 0.0)
    grow = smoothed(grow, 4)
    out = layer.copy()
    out[:, :2] += flat / np.maximum(radius, 1e-6)[:, None] * grow[:, None]
    return out


def upper_field(shape: Shape, where: UpperCut) -> np.ndarray:
    """Signed metres (V,) inside an upper garment."""
    arm_length = np.linalg.norm(shape.head("wrist.L") - shape.head("upperarm01.L"))
    on_arm = shape.arm > 0.5
    sleeve = (where.sleeve - shape.along_arm) * arm_length
    neck_base = shape.head("neck01")
    neck = neck_base[2] + where.neck_m - shape.vertices[:, 2] - (shape.vertices[:, 0] - neck_base[0]) * where.dip
    field = np.minimum(shape.vertices[:, 2] - where.hem_m, neck)
    if where.gap_m > 0:
        down = np.clip((neck_base[2] - shape.vertices[:, 2]) / (neck_base[2] - where.hem_m), 0, 1)
        open_m = where.gap_m * (0.55 + 0.45 * down)
        front = shape.vertices[:, 0] > shape.head("spine02")[0]
        field = np.where(front, np.minimum(field, np.abs(shape.vertices[:, 1]) - open_m), field)
    return np.where(on_arm, sleeve, field)


def lower_field(shape: Shape, waist_m: float, length: float) -> np.ndarray:
    """Signed metres (V,) inside trousers: below the waist and above their end along the leg (1 is the ankle)."""
    leg_length = np.linalg.norm(shape.head("foot.L") - shape.head("upperleg01.L"))
    leg = (length - shape.along_leg) * leg_length
    field = np.minimum(waist_m - shape.vertices[:, 2], np.where(shape.leg > 0.2, leg, 1.0))
    return np.where(shape.arm > 0.2, -1.0, field)


def around(shape: Shape, cloth: Cloth, high_m: float) -> np.ndarray:
    """Texture coordinates (F, 3, 2): around the trunk, or around each limb at the same scale; v down from `high_m`."""
    points = cloth.vertices
    bones = cloth.weights.argmax(1)
    u = np.empty(len(points))
    centre = np.array([shape.head("spine02")[0], 0.0])
    u[:] = np.arctan2(points[:, 1] - centre[1], points[:, 0] - centre[0]) / (2 * np.pi) + 0.5
    part = np.zeros(len(points), int)
    for number, (start, end) in enumerate(_LIMBS, 1):
        mine = np.isin(bones, [BONES.index(b) for b in (start, end)])
        a, b = shape.head(start), shape.head(end)
        axis = (b - a) / np.linalg.norm(b - a)
        side = np.cross(axis, [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        front = np.cross(side, axis)
        away = points[mine] - a
        turn = np.arctan2(away @ side, away @ front) / (2 * np.pi) + 0.5
        u[mine] = turn * (_LIMB_M / WIDE_M) + 0.37 * number
        part[mine] = number
    corners = u[cloth.faces]
    face_part = np.median(part[cloth.faces], 1)
    period = np.where(face_part == 0, 1.0, _LIMB_M / WIDE_M)[:, None]
    corners = np.where(corners.max(1, keepdims=True) - corners > period / 2, corners + period, corners)
    v = ((high_m - points[:, 2]) / TALL_M)[cloth.faces]
    return np.stack([corners, v], -1)


_LIMB_M = 0.42  # the texture's width around a sleeve or trouser leg
_LIMBS = tuple(
    (f"{a}.{s}", f"{b}.{s}")
    for s in "LR"
    for a, b in (
        ("upperarm01", "lowerarm01"),
        ("lowerarm01", "wrist"),
        ("upperleg01", "lowerleg01"),
        ("lowerleg01", "foot"),
    )
)


def make_upper(
    shape: Shape, texture: np.ndarray, where: UpperCut, drape: Drape, rng: np.random.Generator, under_m: float,
    hood: bool = False,
) -> Skinned:  # fmt: skip
    """An upper garment over `under_m` of cloth around the hips; with `hood`, a hood lies on the back of its neck."""
    hips = shape.vertices[:, 2] < shape.head("spine04")[2]
    layer = shell(shape, drape, rng, np.where(hips & (shape.arm < 0.3), under_m, 0.0))
    if hood:
        nape = shape.head("neck01") - np.array([0.09, 0.0, 0.0])
        near = np.exp(-(((shape.vertices - nape) / (0.06, 0.10, 0.05)) ** 2).sum(1))
        layer = layer + near[:, None] * (-0.055, 0.0, 0.03)
    cloth = cut(shape.cloth(layer), upper_field(shape, where))
    return textured(cloth, around(shape, cloth, shape.head("neck01")[2]), texture, UPPER, True)


def make_trousers(
    shape: Shape, texture: np.ndarray, waist_m: float, length: float, drape: Drape, width_m: float,
    rng: np.random.Generator,
) -> Skinned:  # fmt: skip
    """Trousers or shorts; `width_m`: the least radius of the legs below the knee."""
    layer = shell(shape, drape, rng)
    for side in "LR":
        points = [shape.head(f"{b}.{side}") for b in ("upperleg01", "lowerleg01", "foot")]
        for a, b, low, high in ((points[0], points[1], 0.25, 0.5), (points[1], points[2], 0.5, 1.2)):
            mine = (shape.leg > 0.6) & (shape.along_leg > low) & (shape.along_leg <= high)
            mine &= (shape.vertices[:, 1] > 0) == (side == "L")
            axis = (b - a) / np.linalg.norm(b - a)
            away = layer[mine] - a
            flat = away - np.outer(away @ axis, axis)
            radius = np.maximum(np.linalg.norm(flat, axis=1), 1e-6)
            need = width_m * np.clip((shape.along_leg[mine] - 0.25) / 0.3, 0, 1)
            layer[mine] += flat / radius[:, None] * np.maximum(need - radius, 0.0)[:, None]
    cloth = cut(shape.cloth(smoothed(layer, 3)), lower_field(shape, waist_m, length))
    return textured(cloth, around(shape, cloth, waist_m), texture, LOWER, True)


def make_tube(
    shape: Shape, texture: np.ndarray, top_m: float, hem_m: float, ease_m: float, flare: float, material: int,
    gap_rad: float = 0.0,
) -> Skinned:  # fmt: skip
    """A skirt, or the tails of a coat or dress: a wall around hips and legs from `top_m` down to `hem_m`.

    flare: how much the radius grows per metre down; gap_rad: half the angle of the opening in front.
    """
    angles, rows = 48, 14
    centre_x = shape.head("upperleg01.L")[0]
    body = (shape.arm < 0.3) & (shape.vertices[:, 2] < top_m + 0.02)
    points = shape.vertices[body]
    theta = np.linspace(gap_rad, 2 * np.pi - gap_rad, angles)
    outward = np.stack([np.cos(theta), np.sin(theta)], 1)
    heights = np.linspace(top_m, hem_m, rows)
    rings: list[np.ndarray] = []
    radius = np.zeros(angles)
    for height in heights:
        near = points[np.abs(points[:, 2] - height) < 0.03][:, :2] - (centre_x, 0.0)
        # The support of the cross-section in each direction: a taut wall around both legs.
        hull = (near @ outward.T).max(0) + ease_m if len(near) else radius
        radius = np.maximum(radius + flare * (heights[0] - heights[1]), hull) if rings else hull
        ring = outward * radius[:, None] * (1 + 0.015 * np.sin(9 * theta + 1.7))[:, None] + (centre_x, 0.0)
        rings.append(np.column_stack([ring, np.full(angles, height)]))
    vertices = np.concatenate(rings)
    weights = np.zeros((len(vertices), len(BONES)))
    hip = shape.head("upperleg01.L")[2]
    knee = shape.head("lowerleg01.L")[2]
    down = np.clip((hip + 0.02 - vertices[:, 2]) / 0.25, 0, 1)
    left = np.clip(0.5 + vertices[:, 1] / 0.2, 0, 1)
    below = np.clip((knee + 0.05 - vertices[:, 2]) / 0.3, 0, 1) * 0.5
    weights[:, BONES.index("root")] = 1 - 0.85 * down
    for side, share in (("L", left), ("R", 1 - left)):
        weights[:, BONES.index(f"upperleg01.{side}")] = 0.85 * down * share * (1 - below)
        weights[:, BONES.index(f"lowerleg01.{side}")] = 0.85 * down * share * below
    first = (np.arange(rows - 1)[:, None] * angles + np.arange(angles - 1)).ravel()
    faces = np.concatenate(
        [np.stack([first, first + angles, first + 1], 1), np.stack([first + 1, first + angles, first + angles + 1], 1)]
    )
    u = theta[np.arange(len(vertices)) % angles] / (2 * np.pi) + 0.5
    v = (top_m - vertices[:, 2]) / TALL_M
    cloth = Cloth(vertices, weights, faces.astype(np.int32))
    return textured(cloth, np.stack([u[faces], v[faces]], -1), texture, material, True)
