"""Shoes, and bags as geometry: backpack, shoulder bag, hand bag."""

import numpy as np

from synth.people.body import BONES
from synth.people.head import grid_faces
from synth.people.shape import Shape, smoothed
from synth.people.skin import Cloth, Skinned, cut, textured

SHOES, BAG = 5, 6
_SLICES = 10  # of the front of a shoe
_SLICE_M = 0.014


def shoes(shape: Shape, texture: np.ndarray, top: float, sole_m: float) -> Skinned:
    """Both shoes: the foot without its toes, a flat sole `sole_m` thick below it, up to `top` along the leg."""
    layer = shape.vertices + shape.normals * 0.010
    for side in "LR":
        layer = _toecap(shape, layer, side)
    layer = smoothed(layer, 4)
    layer[layer[:, 2] < 0.016, 2] = -sole_m
    leg_length = np.linalg.norm(shape.head("foot.L") - shape.head("upperleg01.L"))
    mesh = cut(shape.cloth(layer), np.where(shape.leg > 0.5, (shape.along_leg - top) * leg_length, -1.0))
    v = np.clip((mesh.vertices[:, 2] + sole_m) / 0.16, 0.01, 0.99)
    u = mesh.vertices[:, 0] * 3
    return textured(mesh, np.stack([u, 1 - v], 1)[mesh.faces], texture, SHOES, True)


def _toecap(shape: Shape, layer: np.ndarray, side: str) -> np.ndarray:
    """Put the front of one foot onto a row of half ellipses, so that no toe shows."""
    ankle, ball = shape.head(f"foot.{side}"), shape.head(f"toe2-1.{side}")
    ahead = (ball - ankle)[:2] / np.linalg.norm((ball - ankle)[:2])
    flat = layer[:, :2] - ankle[:2]
    forward, across = flat @ ahead, flat @ np.array([-ahead[1], ahead[0]])
    mine = (shape.leg > 0.5) & ((shape.vertices[:, 1] > 0) == (side == "L")) & (layer[:, 2] < ankle[2])
    start, tip = 0.45 * float((ball - ankle)[:2] @ ahead), float(forward[mine].max()) + 0.004
    front = np.flatnonzero(mine & (forward > start))
    edges = np.linspace(start, tip, _SLICES + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    sizes = np.array([_extent(across[front], layer[front, 2], forward[front], m) for m in middles])
    for _ in range(2):
        sizes[1:-1] = 0.5 * sizes[1:-1] + 0.25 * (sizes[2:] + sizes[:-2])
    centre, half, high = (np.interp(forward[front], middles, column) for column in sizes.T)
    # Towards the tip the ellipses close.
    close = np.sqrt(np.clip(1 - ((forward[front] - start) / (tip - start)) ** 6, 0.05, 1))
    x, z = (across[front] - centre) / (half * close), layer[front, 2] / (high * close)
    ratio = np.maximum(np.hypot(x, np.maximum(z, 0)), 0.2)
    across, upright = across.copy(), layer[:, 2].copy()
    across[front] = centre + (across[front] - centre) / ratio
    upright[front] = np.where(z > 0.25, upright[front] / ratio, upright[front])
    side_axis = np.array([-ahead[1], ahead[0]])
    out = layer.copy()
    out[front, :2] = ankle[:2] + forward[front, None] * ahead + across[front, None] * side_axis
    out[front, 2] = upright[front]
    return out


def _extent(across: np.ndarray, upright: np.ndarray, forward: np.ndarray, middle: float) -> tuple[float, float, float]:
    """Centre, half width and height of the foot near one place along it."""
    near = np.abs(forward - middle) < _SLICE_M
    if near.sum() < 4:
        return 0.0, 0.04, 0.03
    low, high = float(across[near].min()), float(across[near].max())
    return (low + high) / 2, max((high - low) / 2, 0.02), max(float(upright[near].max()), 0.025)


def shoe_texture(rng: np.random.Generator, colour: np.ndarray, sole: np.ndarray) -> np.ndarray:
    """(64, 64, 3) uint8: sole at the bottom, the rest of the colour, often with a stripe or laces of the sole's."""
    image = np.empty((64, 64, 3), np.float32)
    image[:] = colour
    image[54:] = sole
    if rng.random() < 0.4:
        image[30:36, ::3] = sole
    image *= 1 + 0.05 * rng.normal(size=(64, 64, 1))
    return np.clip(image, 0, 255).astype(np.uint8)


def bag(shape: Shape, kind: str, texture: np.ndarray, rng: np.random.Generator) -> list[Skinned]:
    """A bag with its straps."""
    if kind == "backpack":
        return _backpack(shape, texture, rng)
    if kind == "shoulder_bag":
        return _shoulder_bag(shape, texture, rng)
    if kind == "hand_bag":
        return _hand_bag(shape, texture, rng)
    return []


def box(centre: np.ndarray, half: np.ndarray, bones: dict[str, float], texture: np.ndarray) -> Skinned:
    """A rounded box that follows bones."""
    theta, phi = np.meshgrid(np.linspace(0, np.pi, 13), np.linspace(0, 2 * np.pi, 25), indexing="ij")
    unit = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], -1).reshape(-1, 3)
    # A superellipsoid: powers below 1 make the ball square.
    rounded = np.sign(unit) * np.abs(unit) ** 0.45
    vertices = centre + rounded * half
    weights = np.zeros((len(vertices), len(BONES)))
    for bone, share in bones.items():
        weights[:, BONES.index(bone)] = share
    faces = grid_faces(13, 25)
    uv = np.stack([phi.ravel() / (2 * np.pi), theta.ravel() / np.pi], 1)
    return textured(Cloth(vertices, weights, faces), uv[faces], texture, BAG, True)


def band(path: np.ndarray, across: np.ndarray, width_m: float, weights: np.ndarray, texture: np.ndarray) -> Skinned:
    """A strap: points (N, 3), the direction (N, 3) of its width, bone weights (N, B)."""
    half = across / np.linalg.norm(across, axis=1, keepdims=True) * width_m / 2
    vertices = np.concatenate([path - half, path + half])
    faces = grid_faces(2, len(path))
    uv = np.full((len(faces), 3, 2), 0.3)
    return textured(Cloth(vertices, np.concatenate([weights, weights]), faces), uv, texture, BAG, True)


def _surface_points(shape: Shape, wanted: np.ndarray, offset_m: float) -> tuple[np.ndarray, np.ndarray]:
    """For each wanted point the nearest trunk vertex, pushed out; and its bone weights."""
    trunk = np.flatnonzero((shape.arm < 0.5) & (shape.vertices[:, 2] < shape.head("neck01")[2] + 0.015))
    nearest = trunk[((shape.vertices[trunk][None] - wanted[:, None]) ** 2).sum(-1).argmin(1)]
    return shape.vertices[nearest] + shape.normals[nearest] * offset_m, np.asarray(shape.model.weights, float)[nearest]


def _backpack(shape: Shape, texture: np.ndarray, rng: np.random.Generator) -> list[Skinned]:
    chest = shape.head("spine02")
    back = shape.vertices[(shape.arm < 0.2) & (np.abs(shape.vertices[:, 2] - chest[2]) < 0.1), 0].min()
    half = np.array([rng.uniform(0.06, 0.1), rng.uniform(0.12, 0.16), rng.uniform(0.17, 0.24)])
    centre = np.array([back - half[0] - 0.02, 0.0, shape.head("neck01")[2] - 0.08 - half[2]])
    out = [box(centre, half, {"spine02": 0.5, "spine01": 0.5}, texture)]
    pocket = np.array([0.03, half[1] * 0.75, half[2] * 0.4])
    out.append(box(centre - (half[0] + 0.01, 0, half[2] * 0.4), pocket, {"spine02": 0.5, "spine01": 0.5}, texture))
    top, low = shape.head("neck01")[2], centre[2] - half[2] * 0.5
    for sign in (-1, 1):
        t = np.linspace(0, np.pi, 14)
        wanted = np.stack(
            [chest[0] - 0.12 * np.cos(t), np.full(14, 0.10 * sign), low + (top + 0.05 - low) * np.sin(t) ** 0.6], 1
        )
        path, weights = _surface_points(shape, wanted, 0.045)
        out.append(band(path, np.tile([0.0, 1.0, 0.0], (14, 1)), 0.045, weights, texture))
    return out


def _shoulder_bag(shape: Shape, texture: np.ndarray, rng: np.random.Generator) -> list[Skinned]:
    sign = 1 if rng.random() < 0.5 else -1
    hip = shape.head(f"upperleg01.{'L' if sign > 0 else 'R'}")
    half = np.array([rng.uniform(0.11, 0.17), rng.uniform(0.04, 0.06), rng.uniform(0.09, 0.15)])
    side = np.abs(shape.vertices[(shape.arm < 0.2) & (np.abs(shape.vertices[:, 2] - hip[2]) < 0.05), 1]).max()
    centre = np.array([hip[0] - 0.04, sign * (side + half[1] + 0.03), hip[2] + 0.02])
    out = [box(centre, half, {"root": 1.0}, texture)]
    # Round the trunk from the bag over the shoulder (of the other side, if it hangs across).
    far = -1 if rng.random() < 0.6 else 1
    shoulder = np.array([shape.head("neck01")[0], far * sign * 0.11, shape.head("neck01")[2] + 0.06])
    t = np.linspace(0, 1, 10)[:, None]
    for x in (0.14, -0.14):
        bend = np.array([x, 0.0, 0.0]) * np.sin(np.pi * t)
        wanted = centre + (0.0, 0.0, half[2]) + (shoulder - centre) * t + bend
        path, weights = _surface_points(shape, wanted, 0.05)
        path[0], weights[0] = centre + np.array([np.sign(x) * half[0] * 0.7, 0.0, half[2]]), 0
        weights[0, BONES.index("root")] = 1
        out.append(band(path, np.tile([1.0, 0.0, 0.3], (10, 1)), 0.035, weights, texture))
    return out


def _hand_bag(shape: Shape, texture: np.ndarray, rng: np.random.Generator) -> list[Skinned]:
    """Below the right hand, along the forearm's line: when the arm hangs, so does the bag."""
    elbow, wrist = shape.head("lowerarm01.R"), shape.head("wrist.R")
    along = (wrist - elbow) / np.linalg.norm(wrist - elbow)
    half = np.array([rng.uniform(0.12, 0.19), rng.uniform(0.04, 0.07), rng.uniform(0.11, 0.18)])
    grip = wrist + along * 0.09
    mesh = box(np.zeros(3), half, {"wrist.R": 1.0}, texture)
    # The box's down is the forearm's direction, its length lies ahead.
    ahead = np.array([1.0, 0.0, 0.0]) - along * along[0]
    ahead /= np.linalg.norm(ahead)
    frame = np.stack([ahead, np.cross(-along, ahead), -along], 1)
    rest = mesh.rest @ frame.T + grip + along * (half[2] + 0.14)
    turned = Skinned(**{**mesh.__dict__, "rest": rest})
    t = np.linspace(-1, 1, 9)
    path = grip + np.outer(t * half[0] * 0.5, ahead) + np.outer(0.14 * t**2, along)
    weights = np.zeros((9, len(BONES)))
    weights[:, BONES.index("wrist.R")] = 1
    return [turned, band(path, np.tile(frame[:, 1], (9, 1)), 0.02, weights, texture)]
