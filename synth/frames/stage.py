"""A fresh little world for one picture: somewhere, some furniture, some people, one camera."""

from dataclasses import dataclass, replace

import numpy as np

from synth.frames.hall import draw_hall, stand_about
from synth.people import Stance
from synth.render import project
from synth.scene import furniture
from synth.scene.furniture import Block, Maker, placed
from synth.scene.lens_map import barrel
from synth.scene.light import open_light, room_light
from synth.scene.rigs import look_at
from synth.scene.shapes import box, panel
from synth.scene.textures import Textures
from synth.types import Camera, Light, Surface

_HEAD_COUNTS = (0.06, 0.14, 0.14, 0.12, 0.11, 0.09, 0.07, 0.06, 0.05, 0.04, 0.03, 0.03, 0.02, 0.02, 0.01, 0.01)
_STANDING = ("stand", "talk", "phone", "wave", "carry")
_INDOORS: tuple[Maker, ...] = (
    furniture.counter, furniture.bench, furniture.high_table, furniture.shelf, furniture.board, furniture.plant,
    furniture.bin_, furniture.crate, furniture.chair, furniture.chair, furniture.pillar,
)  # fmt: skip
_OUTDOORS: tuple[Maker, ...] = (
    furniture.bench, furniture.board, furniture.bin_, furniture.crate, furniture.crate, furniture.lamp_post,
    furniture.lamp_post, furniture.tree, furniture.tree, furniture.pillar,
)  # fmt: skip


@dataclass(frozen=True)
class StageConfig:
    """Ranges from which every stage draws; metres and degrees."""

    furnished: float = 0.4  # share of stages in a furnished room as `synth.scene` builds them
    indoors: float = 0.6  # share of the others that are bare rooms; the rest are streets
    high: float = 0.8  # share of cameras that hang above heads
    height_m: tuple[float, float] = (2.2, 6.0)
    low_height_m: tuple[float, float] = (1.2, 2.2)
    aim_m: tuple[float, float] = (2.5, 14.0)
    field_deg: tuple[float, float] = (42.0, 92.0)
    roll_deg: float = 3.0  # cameras hang askew: in a furnished room up to so much, elsewhere seldom more
    barrel: tuple[float, float] = (-0.02, 0.13)  # see `lens_map.barrel`
    person_px: tuple[float, float] = (24.0, 400.0)  # how tall people may appear, at a picture height of 360
    close_up: float = 0.25  # share of stages with somebody larger than the picture
    body_gap_m: float = 0.5
    together: float = 0.3  # how often somebody stands right beside somebody else
    furniture: tuple[int, int] = (2, 11)
    exercise: float = 0.0  # share of people who exercise (`synth.people.exercise`)
    bare: float = 0.25  # share of those who do without a shirt


@dataclass(frozen=True)
class Stage:
    """What is to be rendered; `stances` is one per person, in the order of the cast."""

    surfaces: tuple[Surface, ...]
    camera: Camera
    light: Light
    stances: tuple[Stance, ...]
    indoors: bool


def draw_stage(rng: np.random.Generator, size: tuple[int, int], textures: Textures, config: StageConfig) -> Stage:
    """A stage with 0 to 15 people."""
    if rng.random() < config.furnished:
        return _draw_furnished(rng, size, textures, config)
    return _draw_bare(rng, size, textures, config)


def _draw_furnished(rng: np.random.Generator, size: tuple[int, int], textures: Textures, config: StageConfig) -> Stage:
    hall = draw_hall(rng, size, textures, config.roll_deg)
    stances = tuple(_draw_stance(rng, xy, config) for xy in stand_about(rng, hall.points_m, _how_many(rng)))
    seats = _seats(rng, stances, textures)
    return Stage((*hall.surfaces, *seats), hall.camera, hall.light, stances, indoors=True)


def _draw_bare(rng: np.random.Generator, size: tuple[int, int], textures: Textures, config: StageConfig) -> Stage:
    """A room or street with furniture anywhere; the camera is above the origin and looks towards +y."""
    indoors = bool(rng.random() < config.indoors)
    camera = _draw_camera(rng, size, config)
    spots = _draw_people(rng, camera, config)
    blocks: list[Block] = []
    surfaces = _room(rng, textures) if indoors else _street(rng, textures)
    for _ in range(int(rng.integers(config.furniture[0], config.furniture[1] + 1))):
        makers = _INDOORS if indoors else _OUTDOORS
        made = makers[int(rng.integers(len(makers)))](rng, textures)
        xy = _somewhere(rng, camera, (1.5, 16.0))
        piece = placed(made, xy, float(rng.uniform(0, 2 * np.pi)))
        if all(_free(b, spots) for b in piece.blocks):
            blocks += piece.blocks
            surfaces += piece.surfaces
    stances = tuple(_draw_stance(rng, xy, config) for xy in spots)
    surfaces += _seats(rng, stances, textures)
    light = room_light(rng) if indoors else open_light(rng)
    return Stage(tuple(surfaces), camera, light, stances, indoors)


def _seats(rng: np.random.Generator, stances: tuple[Stance, ...], textures: Textures) -> list[Surface]:
    """A chair under everybody who sits."""
    surfaces: list[Surface] = []
    for stance in stances:
        if stance.action == "sit":
            seat = furniture.chair(rng, textures)
            surfaces += placed(seat, stance.position_m, stance.heading_rad - np.pi / 2).surfaces
    return surfaces


def _how_many(rng: np.random.Generator) -> int:
    return int(rng.choice(len(_HEAD_COUNTS), p=np.array(_HEAD_COUNTS) / sum(_HEAD_COUNTS)))


def _draw_camera(rng: np.random.Generator, size: tuple[int, int], config: StageConfig) -> Camera:
    heights = config.height_m if rng.random() < config.high else config.low_height_m
    eye = np.array([0.0, 0.0, np.exp(rng.uniform(*np.log(heights)))])
    target = np.array([0.0, np.exp(rng.uniform(*np.log(config.aim_m))), 0.9])
    roll = np.deg2rad(rng.normal(0, config.roll_deg / 2))
    camera = look_at(eye, target, roll, np.deg2rad(rng.uniform(*config.field_deg)), size)
    return barrel(camera, float(rng.uniform(*config.barrel)))


def _draw_people(rng: np.random.Generator, camera: Camera, config: StageConfig) -> list[tuple[float, float]]:
    """Floor points of people who are in the picture, none inside another."""
    wanted = _how_many(rng)
    focal, scale = float(camera.matrix[0, 0]), camera.height / 360
    smallest, largest = (p * scale for p in config.person_px)
    near, far = max(0.9, 1.7 * focal / largest), min(26.0, 1.7 * focal / smallest)
    spots: list[tuple[float, float]] = []
    for number in range(wanted):
        for _ in range(40):
            reach = (near, max(far, near + 1))
            if number == 0 and rng.random() < config.close_up:
                reach = (0.9, max(1.0, 1.1 * focal / camera.height))
            xy = _somewhere(rng, camera, reach)
            if spots and rng.random() < config.together:
                beside, angle = spots[int(rng.integers(len(spots)))], rng.uniform(0, 2 * np.pi)
                gap = rng.uniform(config.body_gap_m, config.body_gap_m + 0.4)
                xy = (float(beside[0] + gap * np.cos(angle)), float(beside[1] + gap * np.sin(angle)))
            apart = all(np.hypot(xy[0] - o[0], xy[1] - o[1]) >= config.body_gap_m for o in spots)
            if apart and np.hypot(*xy) > 0.8 and _in_picture(xy, camera):
                spots.append(xy)
                break
    return spots


def _somewhere(rng: np.random.Generator, camera: Camera, reach_m: tuple[float, float]) -> tuple[float, float]:
    """A floor point ahead of the camera, near ones as likely as far ones on a logarithmic scale."""
    distance = float(np.exp(rng.uniform(*np.log(reach_m))))
    half = np.arctan(camera.width / 2 / camera.matrix[0, 0]) * 1.05
    angle = float(rng.uniform(-half, half))
    return distance * float(np.sin(angle)), distance * float(np.cos(angle))


def _in_picture(xy: tuple[float, float], camera: Camera) -> bool:
    """Whether a good part of a body standing there is inside the picture."""
    heights = np.linspace(0.1, 1.65, 12)
    pixels, depth = project(camera, np.column_stack([np.tile(xy, (12, 1)), heights]))
    with np.errstate(invalid="ignore"):
        inside = (depth > 0.3) & np.all((pixels >= 0) & (pixels < (camera.width, camera.height)), axis=1)
    return bool(inside.mean() > 0.3)


def _draw_stance(rng: np.random.Generator, xy: tuple[float, float], config: StageConfig) -> Stance:
    heading, phase = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0, 1))
    if config.exercise and rng.random() < config.exercise:
        return Stance(xy, heading, 1000 * phase, 0.0, "exercise")
    kind = rng.random()
    if kind < 0.55:
        action = "walk" if rng.random() < 0.75 else ("carry", "phone")[int(rng.integers(2))]
        return Stance(xy, heading, phase, float(rng.uniform(0.6, 1.9)), action)
    if kind < 0.9:
        return Stance(xy, heading, phase, 0.0, _STANDING[int(rng.integers(len(_STANDING)))])
    return Stance(xy, heading, phase, 0.0, "sit")


def _free(block: Block, spots: list[tuple[float, float]]) -> bool:
    """Whether nobody stands in the block, and it does not stand right before the lens at the origin."""
    for x, y in [*spots, (0.0, 0.0)]:
        dx, dy = max(block.x0 - x, x - block.x1, 0.0), max(block.y0 - y, y - block.y1, 0.0)
        if np.hypot(dx, dy) < (0.32 if (x, y) != (0.0, 0.0) else 1.0):
            return False
    return True


def _room(rng: np.random.Generator, textures: Textures) -> list[Surface]:
    """Floor and three walls with pictures and a doorway or two."""
    left, right = -float(rng.uniform(3, 12)), float(rng.uniform(3, 12))
    back, height = float(rng.uniform(6, 26)), float(rng.uniform(2.6, 4.5))
    wall = textures.pick(rng, "wall")
    tile = float(rng.uniform(1.0, 3.0))
    enclosing = [
        panel((left, back, 0), (right - left, 0, 0), (0, 0, height), wall, tile),
        panel((left, -6, 0), (0, back + 6, 0), (0, 0, height), wall, tile),
        panel((right, back, 0), (0, -back - 6, 0), (0, 0, height), wall, tile),
    ]
    surfaces = [replace(surface, casts_shadow=False) for surface in enclosing]
    surfaces.append(panel((left, -6, 0), (right - left, 0, 0), (0, back + 6, 0), textures.pick(rng, "floor"), tile))
    for number in range(int(rng.integers(0, 8))):
        width, tall = (float(v) for v in rng.uniform((0.4, 0.4), (2.0, 2.1)))
        z = float(rng.uniform(0.0, max(0.1, height - tall)))
        off = 0.02 + 0.006 * number
        texture = textures.pick(rng, "poster" if rng.random() < 0.7 else "metal")
        side = int(rng.integers(3))
        if side == 0:
            x = float(rng.uniform(left, right - width))
            surfaces.append(panel((x, back - off, z), (width, 0, 0), (0, 0, tall), texture, None))
            continue
        y = float(rng.uniform(1, max(1.1, back - width)))
        if side == 1:
            surfaces.append(panel((left + off, y, z), (0, width, 0), (0, 0, tall), texture, None))
        else:
            surfaces.append(panel((right - off, y + width, z), (0, -width, 0), (0, 0, tall), texture, None))
    return surfaces


def _street(rng: np.random.Generator, textures: Textures) -> list[Surface]:
    """Ground, perhaps a pavement, and house fronts with windows behind and beside."""
    ground = textures.pick(rng, "ground")
    surfaces = [panel((-40, -8, 0), (80, 0, 0), (0, 78, 0), ground, float(rng.uniform(1.5, 4)))]
    if rng.random() < 0.6:
        y0 = float(rng.uniform(3, 12))
        surfaces += box((-40, y0, 0), (40, y0 + float(rng.uniform(1.5, 6)), 0.02), textures.pick(rng, "ground"), 1.5)
    if rng.random() < 0.8:
        surfaces += _house(rng, textures, float(rng.uniform(8, 35)))
    for side in (-1, 1):
        if rng.random() < 0.35:
            x, wall = side * float(rng.uniform(5, 14)), textures.pick(rng, "wall")
            start, along = ((x, 0.0, 0.0), (0.0, 50.0, 0.0)) if side < 0 else ((x, 50.0, 0.0), (0.0, -50.0, 0.0))
            surfaces.append(panel(start, along, (0, 0, float(rng.uniform(2, 9))), wall, 3.0))
    return surfaces


def _house(rng: np.random.Generator, textures: Textures, y: float) -> list[Surface]:
    height = float(rng.uniform(3, 12))
    surfaces = [panel((-40, y, 0), (80, 0, 0), (0, 0, height), textures.pick(rng, "wall"), 3.0)]
    glass, pitch = textures.pick(rng, "poster"), float(rng.uniform(2.5, 5))
    width, tall = float(rng.uniform(0.8, 2.0)), float(rng.uniform(1.0, 2.2))
    for x in np.arange(-30, 30, pitch):
        for z in np.arange(0.8, height - tall, 3.0):
            surfaces.append(panel((float(x), y - 0.03, float(z)), (width, 0, 0), (0, 0, tall), glass, None))
    return surfaces
