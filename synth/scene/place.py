"""Places: rooms with walls, doors, pillars and furniture, as surfaces to see and floor to walk on."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from core.errors import UsageError
from synth.scene import furniture, walls
from synth.scene.furniture import Block, Maker, Piece, Spot, placed
from synth.scene.shapes import panel
from synth.scene.textures import Textures
from synth.scene.walls import Door, Room
from synth.types import Surface

_PASSAGE_M = 2.6  # depth of the blind passage between two rooms that must not see each other
_CEILING_RGB, _SEAM_RGB = (205, 205, 200), (140, 140, 138)
_FREE_M = 0.95  # floor left free around every piece
_AGAINST = {"below": 0.0, "above": np.pi, "left": -np.pi / 2, "right": np.pi / 2}  # wall -> yaw that faces the room

_HALL: tuple[tuple[Maker, bool], ...] = (  # piece, and whether it stands against a wall
    (furniture.counter, True),
    (furniture.bench, True),
    (furniture.shelf, True),
    (furniture.high_table, False),
    (furniture.board, False),
    (furniture.bench, False),
    (furniture.shelf, True),
    (furniture.plant, True),
    (furniture.bin_, True),
    (furniture.plant, True),
)
_ROOM: tuple[tuple[Maker, bool], ...] = (
    (furniture.shelf, True),
    (furniture.bench, True),
    (furniture.board, False),
    (furniture.counter, True),
    (furniture.plant, True),
)


@dataclass(frozen=True)
class PlaceConfig:
    """Size of a place. A hall is one room that all cameras share; otherwise each camera gets a room of its own."""

    hall_m: tuple[float, float] = (11.0, 8.0)
    hall_per_camera_m: float = 0.8  # how much longer a hall grows for every camera beyond four
    room_m: tuple[float, float] = (8.0, 6.5)
    height_m: float = 3.2
    pillars: int = 2
    most_rooms: int = 12
    floor_tile_m: float = 2.0


@dataclass(frozen=True)
class Place:
    """Everything that stays: rooms, doors, blocks that stop people, spots that draw them, surfaces to look at."""

    rooms: tuple[Room, ...]
    doors: tuple[Door, ...]
    blocks: tuple[Block, ...]
    spots: tuple[Spot, ...]
    surfaces: tuple[Surface, ...]
    height_m: float


def build_place(
    rng: np.random.Generator, cameras: int, overlap: bool, config: PlaceConfig, textures: Textures
) -> Place:
    """A hall for overlapping cameras, or a row of rooms joined by blind passages, one room per camera."""
    rooms, passages, gaps = _layout(cameras, overlap, config)
    doors = _doors(rooms, overlap)
    wall_texture = textures.pick(rng, "wall")
    blocks: list[Block] = []
    surfaces: list[Surface] = []
    runs = walls.runs_of_rooms((*rooms, *passages), doors, gaps)
    for run in [*runs, *(run for door in doors for run in walls.runs_of_lobby(door))]:
        more_blocks, more_surfaces = walls.raise_wall(run, wall_texture, config.height_m)
        blocks += more_blocks
        surfaces += more_surfaces
    surfaces.append(_ceiling(blocks, config.height_m))
    # Lamps hang inside: nothing that encloses the rooms stands between them and the floor.
    surfaces = [replace(surface, casts_shadow=False) for surface in surfaces]
    surfaces.append(walls.floor_under(blocks, textures.pick(rng, "floor"), config.floor_tile_m))
    keep_free = [*(d.inside_m for d in doors), *((gx + side, gy) for gx, gy in gaps for side in (-0.8, 0.8))]
    pieces: list[Piece] = []
    for room in rooms:
        pieces += _furnish(rng, room, _HALL if overlap else _ROOM, keep_free, config, textures, len(pieces))
        surfaces += _pictures(rng, room, textures)
    return Place(
        rooms=rooms,
        doors=doors,
        blocks=(*blocks, *(b for p in pieces for b in p.blocks)),
        spots=tuple(s for p in pieces for s in p.spots),
        surfaces=(*surfaces, *(s for p in pieces for s in p.surfaces)),
        height_m=config.height_m,
    )


def _layout(
    cameras: int, overlap: bool, config: PlaceConfig
) -> tuple[tuple[Room, ...], tuple[Room, ...], tuple[tuple[float, float], ...]]:
    """Rooms, passages, and the centres of the openings between them."""
    if overlap:
        width, depth = config.hall_m
        return (Room(0.0, 0.0, width + config.hall_per_camera_m * max(0, cameras - 4), depth),), (), ()
    if cameras > config.most_rooms:
        raise UsageError(
            f"{cameras} disjoint cameras need {cameras} rooms, the largest building has {config.most_rooms}: "
            "ask for fewer --cameras, or let them --overlap"
        )
    width, depth = config.room_m
    wall, pitch = walls.WALL_M, width + _PASSAGE_M + 2 * walls.WALL_M
    rooms = tuple(Room(i * pitch, 0.0, i * pitch + width, depth) for i in range(cameras))
    passages = tuple(Room(r.x1 + wall, 0.0, r.x1 + wall + _PASSAGE_M, depth) for r in rooms[:-1])
    gaps = []
    for left, right in pairwise(rooms):
        # The two openings of a passage lie at its opposite ends: nobody looks through both.
        gaps += [(left.x1 + wall / 2, 1.0), (right.x0 - wall / 2, depth - 1.0)]
    return rooms, passages, tuple(gaps)


def _ceiling(blocks: list[Block], height_m: float) -> Surface:
    """Suspended panels over everything."""
    tile = np.full((64, 64, 3), _CEILING_RGB, dtype=np.uint8)
    tile[:2], tile[:, :2] = _SEAM_RGB, _SEAM_RGB
    x0, y0 = min(b.x0 for b in blocks), min(b.y0 for b in blocks)
    x1, y1 = max(b.x1 for b in blocks), max(b.y1 for b in blocks)
    return panel((x0, y1, height_m), (x1 - x0, 0, 0), (0, y0 - y1, 0), tile, 1.2)


def _doors(rooms: tuple[Room, ...], overlap: bool) -> tuple[Door, ...]:
    if overlap:
        (hall,) = rooms
        return walls.door_below(hall, hall.x0 + 1.7), walls.door_above(hall, hall.x1 - 1.7)
    return tuple(walls.door_below(room, room.x0 + 2.6) for room in rooms)


def _furnish(
    rng: np.random.Generator,
    room: Room,
    wanted: tuple[tuple[Maker, bool], ...],
    keep_free: list[tuple[float, float]],
    config: PlaceConfig,
    textures: Textures,
    group: int,
) -> list[Piece]:
    """Furniture in one room: pillars first, then what finds a place with `_FREE_M` around it."""
    pieces: list[Piece] = []
    for _ in range(config.pillars):
        made = furniture.pillar(rng, textures, config.height_m)
        _find_place(rng, room, made, False, keep_free, pieces, group + len(pieces), margin_m=2.0)
    for maker, against_wall in wanted:
        made = maker(rng, textures)
        _find_place(rng, room, made, against_wall, keep_free, pieces, group + len(pieces), margin_m=1.3)
    return pieces


def _find_place(
    rng: np.random.Generator,
    room: Room,
    made: Piece,
    against_wall: bool,
    keep_free: list[tuple[float, float]],
    pieces: list[Piece],
    group: int,
    margin_m: float,
) -> None:
    """Adds the piece to `pieces` at the first of 60 random places where it fits; leaves it out otherwise."""
    for _ in range(60):
        x = float(rng.uniform(room.x0 + margin_m, room.x1 - margin_m))
        y = float(rng.uniform(room.y0 + margin_m, room.y1 - margin_m))
        yaw = float(rng.integers(4)) * np.pi / 2
        if against_wall:
            side = ("below", "above", "left", "right")[int(rng.integers(4))]
            yaw, back = _AGAINST[side], -min(b.y0 for b in made.blocks) + 0.02
            x = {"left": room.x0 + back, "right": room.x1 - back}.get(side, x)
            y = {"below": room.y0 + back, "above": room.y1 - back}.get(side, y)
        piece = placed(made, (x, y), yaw, group)
        if _fits(piece, room, keep_free, pieces):
            pieces.append(piece)
            return


def _fits(piece: Piece, room: Room, keep_free: list[tuple[float, float]], pieces: list[Piece]) -> bool:
    others = [b for p in pieces for b in p.blocks]
    other_spots = [s for p in pieces for s in p.spots]
    for b in piece.blocks:
        if b.x0 < room.x0 or b.y0 < room.y0 or b.x1 > room.x1 or b.y1 > room.y1:
            return False
        if any(_gap(b, o) < _FREE_M for o in others):
            return False
        if any(_distance(b, point) < 1.0 for point in keep_free) or any(
            _distance(b, s.approach_m) < 0.6 for s in other_spots
        ):
            return False
    for spot in piece.spots:
        x, y = spot.approach_m
        if not (room.x0 + 0.45 < x < room.x1 - 0.45 and room.y0 + 0.45 < y < room.y1 - 0.45):
            return False
        if any(_distance(o, (x, y)) < 0.6 for o in others):
            return False
        if any(np.hypot(s.approach_m[0] - x, s.approach_m[1] - y) < 0.9 for s in other_spots):
            return False
    return True


def _gap(a: Block, b: Block) -> float:
    dx = max(a.x0 - b.x1, b.x0 - a.x1, 0.0)
    dy = max(a.y0 - b.y1, b.y0 - a.y1, 0.0)
    return float(np.hypot(dx, dy))


def _distance(block: Block, point: tuple[float, float]) -> float:
    return _gap(block, Block(point[0], point[1], point[0], point[1], 0.0))


def _pictures(rng: np.random.Generator, room: Room, textures: Textures) -> list[Surface]:
    """Pictures and notices on the walls."""
    found: list[Surface] = []
    for _ in range(int(rng.integers(4, 9))):
        width, height = (float(v) for v in rng.uniform((0.4, 0.4), (1.4, 0.9)))
        x = float(rng.uniform(room.x0 + 0.3, room.x1 - 0.3 - width))
        y = float(rng.uniform(room.y0 + 0.3, room.y1 - 0.3 - width))
        z = float(rng.uniform(1.0, 2.0))
        # Slightly off the wall, and off one another, or the depth buffer could not tell them apart.
        off = 0.01 + 0.004 * len(found)
        hang = {
            0: ((x, room.y0 + off, z), (width, 0.0, 0.0), -1.0),
            1: ((x, room.y1 - off, z), (width, 0.0, 0.0), 1.0),
            2: ((room.x0 + off, y, z), (0.0, width, 0.0), 1.0),
            3: ((room.x1 - off, y, z), (0.0, width, 0.0), -1.0),
        }
        origin, across, sign = hang[int(rng.integers(4))]
        if sign < 0:
            origin = (origin[0] + across[0], origin[1] + across[1], origin[2])
            across = (-across[0], -across[1], 0.0)
        found.append(panel(origin, across, (0.0, 0.0, height), textures.pick(rng, "poster"), None))
    return found
