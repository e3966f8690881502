"""Skin with a face painted on it, hair, and what is worn on the head."""

import cv2
import numpy as np

from synth.people.body import BONES
from synth.people.fabric import noise
from synth.people.palette import Looks
from synth.people.shape import Shape, smoothed
from synth.people.skin import Cloth, Skinned, cut, textured

SKIN, HAIR, HAT = 1, 2, 7
_SIDE = 256
_HEAD_ROWS = 0.65  # of the skin's texture belong to head and neck
_MARGIN = 10  # px around a spot that its blur may reach


class Face:
    """Landmarks of a rest body's head: crown, eyes, ears and nose, metres."""

    def __init__(self, shape: Shape) -> None:
        """Measure; COCO's first five joints are nose, eyes and ears."""
        joints = np.asarray(shape.model.coco[:5], np.float64) @ shape.vertices
        self.nose, self.eye, self.ear = joints[0], joints[1], joints[3]
        self.crown_m = shape.height_m
        self.centre = np.array([(self.nose[0] + 2 * self.ear[0]) / 3 - 0.02, 0.0, self.eye[2]])
        self.neck_m = float(shape.head("neck01")[2])

    def polar(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Angle from straight ahead (N,) radians, left positive, and height over the eyes (N,) metres."""
        away = points - self.centre
        return np.arctan2(away[:, 1], away[:, 0]), away[:, 2]


def skin_uv(shape: Shape, face: Face, cloth: Cloth) -> np.ndarray:
    """Texture coordinates (F, 3, 2): around the body's axis, and down, the head much larger than the rest."""
    angle, _ = face.polar(cloth.vertices)
    u = (angle / (2 * np.pi) + 0.5)[cloth.faces]
    u = np.where(u.max(1, keepdims=True) - u > 0.5, u + 1.0, u)
    return np.stack([u, _row(face, cloth.vertices[:, 2])[cloth.faces]], -1)


def _row(face: Face, height: np.ndarray) -> np.ndarray:
    head = (face.crown_m + 0.01 - height) / (face.crown_m + 0.01 - face.neck_m) * _HEAD_ROWS
    body = _HEAD_ROWS + (face.neck_m - height) / face.neck_m * (1 - _HEAD_ROWS)
    return np.clip(np.where(height > face.neck_m, head, body), 0, 0.999)


def skin_texture(face: Face, looks: Looks, rng: np.random.Generator, beard: float) -> np.ndarray:
    """Skin (256, 256, 3) uint8 with brows, eyes, lips, cheeks and, with `beard` over 0, stubble or beard."""
    image = np.empty((_SIDE, _SIDE, 3), np.float32)
    image[:] = looks.skin
    image *= 1 + 0.05 * noise(rng, (_SIDE, _SIDE), (6, 6), 4)[..., None]
    eye_angle = float(np.arctan2(abs(face.eye[1]), face.eye[0] - face.centre[0]))
    per_m = _SIDE * _HEAD_ROWS / (face.crown_m + 0.01 - face.neck_m)
    per_rad = _SIDE / (2 * np.pi)
    eye_row = (face.crown_m + 0.01 - face.eye[2]) * per_m
    radius = max(float(face.eye[0] - face.centre[0]), 0.06)

    def spot(angle: float, up_m: float, wide_m: float, tall_m: float, colour: np.ndarray, strength: float) -> None:
        centre = np.array([_SIDE / 2 + angle * per_rad, eye_row - up_m * per_m])
        axes = np.array([max(wide_m / radius * per_rad, 0.7), max(tall_m * per_m, 0.7)])
        low = np.clip(np.floor(centre - axes).astype(int) - _MARGIN, 0, _SIDE)
        high = np.clip(np.ceil(centre + axes).astype(int) + _MARGIN, 0, _SIDE)
        if (high <= low).any():
            return
        mask = np.zeros((high - low)[::-1], np.float32)
        cv2.ellipse(
            mask, tuple(round(c * 16) for c in centre - low), tuple(round(a * 16) for a in axes), 0, 0, 360, 1.0, -1,
            cv2.LINE_AA, 4,
        )  # fmt: skip
        mask = cv2.GaussianBlur(mask, (0, 0), 0.7)[..., None] * strength
        part = image[low[1] : high[1], low[0] : high[0]]
        part[:] = part * (1 - mask) + np.asarray(colour, np.float32) * mask

    skin, hair = looks.skin, np.minimum(looks.hair, looks.skin * 0.6)
    drop = float(face.eye[2] - face.nose[2])
    for side in (-1, 1):
        spot(side * eye_angle, 0.0, 0.022, 0.011, skin * 0.72, 0.7)
        spot(side * eye_angle, 0.0, 0.016, 0.006, np.array([225, 220, 215]), 0.35)
        spot(side * eye_angle, 0.0, 0.0075, 0.007, np.array([35, 25, 20]), 0.95)
        spot(side * eye_angle, 0.006, 0.018, 0.0025, skin * 0.35, 0.8)
        spot(side * eye_angle, 0.022, 0.022, 0.0045, hair, 0.85)
        spot(side * eye_angle * 1.25, -0.045, 0.022, 0.018, skin * (1.02, 0.86, 0.84), 0.5)
        spot(side * 0.13, -drop - 0.006, 0.005, 0.004, skin * 0.4, 0.7)
    spot(0.0, -drop - 0.036, 0.023, 0.008, skin * (0.82, 0.56, 0.55), 0.75)
    spot(0.0, -drop - 0.036, 0.022, 0.002, skin * 0.4, 0.8)
    if beard > 0:
        rows, columns = np.mgrid[0:_SIDE, 0:_SIDE]
        angle, up = (columns - _SIDE / 2) / per_rad, (eye_row - rows) / per_m
        low = -drop - 0.015
        jaw = (up < low + 0.04 * np.clip((np.abs(angle) - 0.6), 0, 1)) & (up > -0.15) & (np.abs(angle) < 1.5)
        mouth = (np.abs(angle) < 0.3) & (np.abs(up + drop + 0.036) < 0.009)
        mask = cv2.GaussianBlur((jaw & ~mouth).astype(np.float32), (0, 0), 2)[..., None] * beard
        image = image * (1 - mask) + hair.astype(np.float32) * mask
    return np.clip(image, 0, 255).astype(np.uint8)


def eyes(shape: Shape, rng: np.random.Generator) -> Skinned:
    """The eyeballs: white with a dark iris in front."""
    mesh = shape.cloth().keep_faces(np.asarray(shape.model.eyes)[shape.model.faces].all(1))
    texture = np.full((16, 16, 3), (205, 200, 196), np.uint8)
    iris = np.array([(48, 32, 22), (70, 50, 34), (62, 76, 84), (30, 22, 18)][int(rng.integers(4))])
    cv2.circle(texture, (8, 8), 3, [int(c) for c in iris], -1)
    uv = np.empty((len(mesh.vertices), 2))
    for mine in (mesh.vertices[:, 1] > 0, mesh.vertices[:, 1] <= 0):
        ball = mesh.vertices[mine]
        middle, size = (ball.max(0) + ball.min(0)) / 2, max(float(np.ptp(ball[:, 2])), 1e-3)
        uv[mine] = 0.5 + (ball[:, 1:] - middle[1:]) / size * 0.55
    return textured(mesh, uv[mesh.faces], texture, SKIN)


def hairline(face: Face, style: str, angle: np.ndarray) -> np.ndarray:
    """Height over the eyes at which hair begins, around the head."""
    fringe = 0.05 if style in ("short", "shaved", "bun", "pony_tail") else 0.042
    turn = np.abs(angle)
    low = {"medium": -0.12, "long": -0.13, "bun": -0.06, "pony_tail": -0.06}.get(style, -0.075)
    side = -0.02 if style in ("short", "shaved", "bun", "pony_tail") else -0.10
    return np.interp(
        turn,
        [0, 0.7, 1.05, 1.25, 1.75, 2.2, np.pi],
        [fringe, fringe, 0.03, 0.0 if side > -0.05 else -0.06, side, low, low],
    )


def hair(shape: Shape, face: Face, style: str, looks: Looks, rng: np.random.Generator) -> list[Skinned]:
    """Hair as a layer over the scalp, with what hangs or is tied from it."""
    if style == "bald":
        return []
    volume = {"shaved": 0.004, "short": 0.018, "bun": 0.012, "pony_tail": 0.012}.get(style, 0.024) * rng.uniform(
        0.8, 1.3
    )
    angle, up = face.polar(shape.vertices)
    top = np.clip((up - 0.02) / 0.08, 0, 1)
    layer = shape.vertices + shape.normals * (volume * (0.55 + 0.6 * top))[:, None]
    wave = np.sin(angle * rng.uniform(4, 11) + rng.uniform(0, 6)) * np.sin(up * rng.uniform(30, 90)) * 0.25 * volume
    layer = smoothed(layer + shape.normals * wave[:, None], 3)
    on_head = (np.asarray(shape.model.weights[:, BONES.index("head")]) > 0.3) | (up > -0.05)
    field = np.where(
        on_head & (shape.arm < 0.1) & ~np.asarray(shape.model.eyes), up - hairline(face, style, angle), -1.0
    )
    mesh = cut(shape.cloth(layer), field)
    texture = hair_texture(looks.hair, rng)
    out = [textured(mesh, skin_uv(shape, face, mesh), texture, HAIR, True)]
    if style == "long":
        out.append(_curtain(shape, face, texture, rng.uniform(0.16, 0.36), volume))
    elif style == "medium":
        out.append(_curtain(shape, face, texture, rng.uniform(0.02, 0.07), volume))
    elif style == "bun":
        centre = face.centre + np.array([-0.105, 0.0, rng.uniform(-0.02, 0.08)])
        out.append(ball(centre, (0.045, 0.045, 0.04), "head", texture, HAIR))
    elif style == "pony_tail":
        centre = face.centre + np.array([-0.12, 0.0, -0.06])
        out.append(ball(centre, (0.03, 0.032, rng.uniform(0.08, 0.14)), "head", texture, HAIR))
    return out


def hair_texture(colour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Strands (128, 128, 3) uint8."""
    strands = noise(rng, (128, 128), (4, 48), 2)
    image = np.asarray(colour, np.float32) * (1 + 0.22 * strands + 0.1 * noise(rng, (128, 128), (5, 5), 2))[..., None]
    return np.clip(image, 0, 255).astype(np.uint8)


def _curtain(shape: Shape, face: Face, texture: np.ndarray, length_m: float, volume: float) -> Skinned:
    """Hair that falls from the sides and back of the head over neck and shoulders."""
    angles = np.linspace(1.15, 2 * np.pi - 1.15, 30)
    top, bottom = face.eye[2] - 0.0, face.neck_m - length_m + 0.06
    heights = np.linspace(top, bottom, 12)
    outward = np.stack([np.cos(angles), np.sin(angles)], 1)
    body = shape.arm < 0.6
    rings = []
    radius = None
    for height in heights:
        near = shape.vertices[body & (np.abs(shape.vertices[:, 2] - height) < 0.02)][:, :2] - face.centre[:2]
        near = near[np.hypot(*near.T) < 0.22]
        support = np.minimum((near @ outward.T).max(0), 0.16) + volume if len(near) else np.full(len(angles), 0.1)
        radius = support if radius is None else np.maximum(radius * 0.985, np.minimum(support, radius + 0.02))
        rings.append(np.column_stack([outward * radius[:, None] + face.centre[:2], np.full(len(angles), height)]))
    vertices = np.concatenate(rings)
    weights = np.zeros((len(vertices), len(BONES)))
    down = np.clip((face.neck_m + 0.08 - vertices[:, 2]) / 0.12, 0, 1)
    weights[:, BONES.index("head")] = 1 - down
    weights[:, BONES.index("spine01")] = down
    faces = grid_faces(len(heights), len(angles))
    u = np.tile(np.linspace(0, 1, len(angles)), len(heights))
    v = np.repeat(np.linspace(0, 1, len(heights)), len(angles))
    return textured(Cloth(vertices, weights, faces), np.stack([u, v], 1)[faces], texture, HAIR, True)


def grid_faces(rows: int, columns: int) -> np.ndarray:
    """Triangles ((rows − 1)(columns − 1) · 2, 3) int32 of a grid of vertices in row order."""
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    return np.concatenate(
        [
            np.stack([first, first + columns, first + 1], 1),
            np.stack([first + 1, first + columns, first + columns + 1], 1),
        ]
    ).astype(np.int32)


def ball(
    centre: np.ndarray, radii: tuple[float, float, float], bone: str, texture: np.ndarray, material: int
) -> Skinned:
    """An ellipsoid that follows one bone."""
    theta, phi = np.meshgrid(np.linspace(0, np.pi, 9), np.linspace(0, 2 * np.pi, 15), indexing="ij")
    unit = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], -1).reshape(-1, 3)
    vertices = np.asarray(centre) + unit * radii
    weights = np.zeros((len(vertices), len(BONES)))
    weights[:, BONES.index(bone)] = 1
    faces = grid_faces(9, 15)
    uv = np.stack([phi.ravel() / (2 * np.pi), theta.ravel() / np.pi], 1)
    return textured(Cloth(vertices, weights, faces), uv[faces], texture, material, True)


def hat(shape: Shape, face: Face, kind: str, texture: np.ndarray) -> list[Skinned]:
    """A cap with its brim, a beanie, a helmet, or a hood that is up."""
    if kind == "none":
        return []
    angle, up = face.polar(shape.vertices)
    offset = {"cap": 0.022, "beanie": 0.026, "hood": 0.04, "helmet": 0.045}[kind]
    line = {
        "cap": np.full(len(up), 0.045),
        "beanie": np.interp(np.abs(angle), [0, 1.2, np.pi], [0.05, 0.0, -0.03]),
        "hood": np.interp(np.abs(angle), [0, 0.75, 0.95, np.pi], [0.085, 0.06, -0.3, -0.3]),
        "helmet": np.interp(np.abs(angle), [0, 1.2, np.pi], [0.05, 0.01, -0.03]),
    }[kind]
    layer = smoothed(shape.vertices + shape.normals * offset, 8)
    layer += shape.normals * np.maximum(offset - ((layer - shape.vertices) * shape.normals).sum(1), 0)[:, None]
    near = (shape.arm < 0.05) & (shape.vertices[:, 2] > face.neck_m + (0.0 if kind == "hood" else 0.05))
    mesh = cut(shape.cloth(layer), np.where(near, up - line, -1.0))
    out = [textured(mesh, skin_uv(shape, face, mesh), texture, HAT, True)]
    if kind == "cap":
        out.append(_brim(face, texture))
    return out


def _brim(face: Face, texture: np.ndarray) -> Skinned:
    angles = np.linspace(-1.0, 1.0, 13)
    inner = max(float(face.eye[0] - face.centre[0]), 0.08) + 0.01
    rings = []
    for step in np.linspace(0, 1, 4):
        radius = inner + 0.075 * step * np.cos(angles * 0.8)
        drop = 0.05 - 0.02 * step - 0.012 * angles**2
        rings.append(np.column_stack([np.cos(angles) * radius, np.sin(angles) * (inner * 0.88 + 0.02 * step), drop]))
    vertices = np.concatenate(rings) + face.centre
    weights = np.zeros((len(vertices), len(BONES)))
    weights[:, BONES.index("head")] = 1
    faces = grid_faces(4, 13)
    uv = np.full((len(faces), 3, 2), 0.1)
    return textured(Cloth(vertices, weights, faces), uv, texture, HAT, True)
