"""Pieces of furniture: what they look like, the floor they take, and the spots where somebody would use them.

Every maker builds its piece around the origin with its front towards +y; `placed` turns and moves it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from synth.scene.shapes import blob, box, cylinder, panel, turned
from synth.scene.textures import Textures
from synth.types import Surface

_REACH_M = 0.55  # how far from the front of a piece somebody stands who uses it


@dataclass(frozen=True)
class Block:
    """A floor rectangle nobody can walk through, metres; `height_m` is what it hides."""

    x0: float
    y0: float
    x1: float
    y1: float
    height_m: float


@dataclass(frozen=True)
class Spot:
    """A place to be at: `kind` is queue, seat, look or meet; `rank` orders a queue (0 is served).

    The body is at `xy_m` facing `heading_rad` (0 is +x); it is reached on foot from `approach_m`.
    """

    kind: str
    xy_m: tuple[float, float]
    heading_rad: float
    approach_m: tuple[float, float]
    group: int = 0
    rank: int = 0


@dataclass(frozen=True)
class Piece:
    """A piece of furniture with its blocks and spots."""

    surfaces: tuple[Surface, ...]
    blocks: tuple[Block, ...]
    spots: tuple[Spot, ...] = ()


Maker = Callable[[np.random.Generator, Textures], Piece]


def placed(piece: Piece, xy_m: tuple[float, float], yaw_rad: float, group: int = 0) -> Piece:
    """The piece turned by `yaw_rad`, moved to `xy_m`, its spots marked as belonging to `group`.

    Blocks stay axis-aligned: a piece turned by less than a quarter keeps the rectangle around it.
    """
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)

    def move(x: float, y: float) -> tuple[float, float]:
        return float(cos * x - sin * y + xy_m[0]), float(sin * x + cos * y + xy_m[1])

    surfaces = []
    for surface in piece.surfaces:
        vertices = turned(surface, (0.0, 0.0), yaw_rad).vertices_m
        surfaces.append(replace(surface, vertices_m=vertices + np.array([*xy_m, 0.0], dtype=np.float32)))
    blocks = []
    for b in piece.blocks:
        corners = np.array([move(x, y) for x in (b.x0, b.x1) for y in (b.y0, b.y1)])
        (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
        blocks.append(Block(float(x0), float(y0), float(x1), float(y1), b.height_m))
    spots = tuple(
        replace(s, xy_m=move(*s.xy_m), approach_m=move(*s.approach_m), heading_rad=s.heading_rad + yaw_rad, group=group)
        for s in piece.spots
    )
    return Piece(tuple(surfaces), tuple(blocks), spots)


def _standing(kind: str, x: float, y: float, heading_rad: float, rank: int = 0) -> Spot:
    return Spot(kind, (x, y), heading_rad, (x, y), rank=rank)


def pillar(rng: np.random.Generator, textures: Textures, height_m: float = 3.0) -> Piece:
    """A square or round pillar up to the ceiling."""
    half = float(rng.uniform(0.16, 0.26))
    texture = textures.pick(rng, "wall")
    if rng.random() < 0.5:
        surfaces = [cylinder((0.0, 0.0), half, 0.0, height_m, texture)]
    else:
        surfaces = box((-half, -half, 0), (half, half, height_m), texture)
    return Piece(tuple(surfaces), (Block(-half, -half, half, half, height_m),))


def counter(rng: np.random.Generator, textures: Textures) -> Piece:
    """A service counter with a till and a queue of three in front."""
    half, depth = float(rng.uniform(0.9, 1.3)), 0.6
    surfaces = box((-half, -depth / 2, 0), (half, depth / 2, 1.05), textures.pick(rng, "wood"))
    surfaces += box((-half - 0.03, -depth / 2, 1.05), (half + 0.03, depth / 2 + 0.05, 1.1), textures.pick(rng, "metal"))
    surfaces += box((0.35, -0.15, 1.1), (0.65, 0.15, 1.4), textures.pick(rng, "poster"), None)
    first = depth / 2 + _REACH_M
    spots = tuple(_standing("queue", -0.2, first + 0.9 * rank, -np.pi / 2, rank) for rank in range(3))
    return Piece(tuple(surfaces), (Block(-half, -depth / 2, half, depth / 2, 1.1),), spots)


def bench(rng: np.random.Generator, textures: Textures) -> Piece:
    """A bench with a back and two seats."""
    half, depth, seat = float(rng.uniform(0.75, 0.95)), 0.46, 0.44
    texture, legs = textures.pick(rng, "wood" if rng.random() < 0.5 else "fabric"), textures.pick(rng, "metal")
    surfaces = box((-half, -depth / 2, seat - 0.07), (half, depth / 2, seat), texture)
    surfaces += box((-half, -depth / 2 - 0.06, seat), (half, -depth / 2, 0.85), texture)
    for x in (-half + 0.08, half - 0.12):
        surfaces += box((x, -depth / 2 + 0.04, 0), (x + 0.05, depth / 2 - 0.04, seat - 0.07), legs)
    spots = tuple(Spot("seat", (x, 0.02), np.pi / 2, (x, depth / 2 + 0.36)) for x in (-half / 2, half / 2))
    return Piece(tuple(surfaces), (Block(-half, -depth / 2 - 0.06, half, depth / 2, 0.85),), spots)


def high_table(rng: np.random.Generator, textures: Textures) -> Piece:
    """A round standing table where two meet."""
    radius = 0.34
    top, foot = textures.pick(rng, "wood"), textures.pick(rng, "metal")
    surfaces = (
        cylinder((0.0, 0.0), 0.24, 0, 0.03, foot),
        cylinder((0.0, 0.0), 0.04, 0.03, 1.06, foot, sides=10),
        cylinder((0.0, 0.0), radius, 1.06, 1.1, top),
    )
    reach = radius + 0.36
    spots = (_standing("meet", reach, 0.0, np.pi), _standing("meet", -reach, 0.0, 0.0))
    return Piece(surfaces, (Block(-radius, -radius, radius, radius, 0.3),), spots)


def shelf(rng: np.random.Generator, textures: Textures) -> Piece:
    """A shelf of goods to look at."""
    half, depth, height = float(rng.uniform(0.6, 1.0)), 0.38, float(rng.uniform(1.4, 2.0))
    frame = textures.pick(rng, "wood")
    surfaces = box((-half, -depth / 2, 0), (half, -depth / 2 + 0.03, height), frame)
    for x in (-half, half - 0.03):
        surfaces += box((x, -depth / 2, 0), (x + 0.03, depth / 2, height), frame)
    for z in np.arange(0.1, height, 0.45):
        surfaces += box((-half, -depth / 2, float(z)), (half, depth / 2, float(z) + 0.03), frame)
        x = -half + 0.06
        while x < half - 0.3:
            width = float(rng.uniform(0.08, 0.3))
            if rng.random() < 0.8:
                goods = textures.pick(rng, "poster")
                low, high = (x, -0.12, float(z) + 0.03), (x + width, 0.14, float(z + rng.uniform(0.15, 0.38)))
                surfaces += box(low, high, goods, None)
            x += width + float(rng.uniform(0.0, 0.06))
    spots = (_standing("look", 0.0, depth / 2 + _REACH_M, -np.pi / 2),)
    return Piece(tuple(surfaces), (Block(-half, -depth / 2, half, depth / 2, height),), spots)


def board(rng: np.random.Generator, textures: Textures) -> Piece:
    """A free-standing notice board."""
    half, z0, z1 = float(rng.uniform(0.45, 0.7)), 0.5, float(rng.uniform(1.6, 1.9))
    legs = textures.pick(rng, "metal")
    surfaces = [
        panel((half, 0.03, z0), (-2 * half, 0, 0), (0, 0, z1 - z0), textures.pick(rng, "poster"), None),
        panel((-half, -0.03, z0), (2 * half, 0, 0), (0, 0, z1 - z0), textures.pick(rng, "poster"), None),
    ]
    for x in (-half, half):
        surfaces += box((x - 0.03, -0.03, 0), (x + 0.03, 0.03, z1), legs)
        surfaces += box((x - 0.03, -0.22, 0), (x + 0.03, 0.22, 0.04), legs)
    spots = (_standing("look", 0.0, 0.22 + _REACH_M, -np.pi / 2),)
    return Piece(tuple(surfaces), (Block(-half, -0.22, half, 0.22, z1),), spots)


def plant(rng: np.random.Generator, textures: Textures) -> Piece:
    """A potted plant."""
    radius, green = float(rng.uniform(0.16, 0.24)), textures.pick(rng, "leaves")
    pot = cylinder((0.0, 0.0), radius * 0.8, 0, 0.4, textures.pick(rng, "metal"), top_radius_m=radius)
    crown = []
    for _ in range(int(rng.integers(5, 10))):
        x, y = rng.uniform(-0.2, 0.2, 2)
        a, b, c = rng.uniform(0.1, 0.26, 3)
        crown.append(blob((float(x), float(y), float(rng.uniform(0.5, 1.2))), (float(a), float(b), float(c)), green))
    return Piece((pot, *crown), (Block(-0.25, -0.25, 0.25, 0.25, 1.2),))


def bin_(rng: np.random.Generator, textures: Textures) -> Piece:
    """A litter bin."""
    radius, height = float(rng.uniform(0.15, 0.25)), float(rng.uniform(0.5, 0.9))
    body = cylinder((0.0, 0.0), radius * 0.85, 0, height, textures.pick(rng, "metal"), top_radius_m=radius)
    return Piece((body,), (Block(-radius, -radius, radius, radius, height),))


def crate(rng: np.random.Generator, textures: Textures) -> Piece:
    """A cabinet, crate, machine or vehicle-sized lump."""
    half_x, half_y = (float(v) for v in rng.uniform(0.2, 0.6, 2))
    height = float(rng.uniform(0.4, 2.0))
    material = ("wood", "metal", "fabric", "poster")[int(rng.integers(4))]
    texture = textures.pick(rng, material)
    surfaces = box((-half_x, -half_y, 0), (half_x, half_y, height), texture, None if material == "poster" else 1.0)
    return Piece(tuple(surfaces), (Block(-half_x, -half_y, half_x, half_y, height),))


def chair(rng: np.random.Generator, textures: Textures) -> Piece:
    """A chair with four legs; its shape must never be taken for somebody sitting."""
    half, seat = 0.22, 0.45
    texture, legs = textures.pick(rng, "fabric"), textures.pick(rng, "metal")
    surfaces = box((-half, -half, seat - 0.05), (half, half, seat), texture)
    surfaces += box((-half, -half - 0.04, seat + 0.05), (half, -half, float(rng.uniform(0.8, 1.05))), texture)
    for x in (-half, half - 0.04):
        for y in (-half, half - 0.04):
            surfaces += box((x, y, 0), (x + 0.04, y + 0.04, seat - 0.05), legs)
    spots = (Spot("seat", (0.0, 0.02), np.pi / 2, (0.0, half + 0.36)),)
    return Piece(tuple(surfaces), (Block(-half, -half - 0.04, half, half, 0.9),), spots)


def lamp_post(rng: np.random.Generator, textures: Textures) -> Piece:
    """A post with a head: thin and upright like a far person."""
    height, metal = float(rng.uniform(1.2, 4.0)), textures.pick(rng, "metal")
    surfaces = [cylinder((0.0, 0.0), 0.05, 0, height, metal, sides=10)]
    if rng.random() < 0.6:
        surfaces.append(blob((0.0, 0.0, height), (0.16, 0.16, 0.14), textures.pick(rng, "wall")))
    return Piece(tuple(surfaces), (Block(-0.06, -0.06, 0.06, 0.06, height),))


def tree(rng: np.random.Generator, textures: Textures) -> Piece:
    """A small tree."""
    height, green = float(rng.uniform(2.5, 5.0)), textures.pick(rng, "leaves")
    surfaces = [cylinder((0.0, 0.0), 0.12, 0, height, textures.pick(rng, "wood"), sides=12, top_radius_m=0.06)]
    for _ in range(8):
        x, y = rng.uniform(-0.6, 0.6, 2)
        a, b, c = rng.uniform(0.4, 0.9, 3)
        centre = (float(x), float(y), float(rng.uniform(0.65, 1.1) * height))
        surfaces.append(blob(centre, (float(a), float(b), float(c)), green, 1.5))
    return Piece(tuple(surfaces), (Block(-0.15, -0.15, 0.15, 0.15, height),))
