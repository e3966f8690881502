"""Walls, floor and lobbies of a row of rooms."""

from dataclasses import dataclass

import numpy as np

from synth.scene.furniture import Block
from synth.scene.shapes import box, panel
from synth.types import Surface

WALL_M = 0.15
DOOR_M = 1.4  # clear width of a door
_DOOR_HEIGHT_M = 2.15
_LOBBY_M = 1.5  # depth of the lobby behind an outer door
_LOBBY_SIDE_M = 3.2  # how far the lobby goes on behind the wall: people appear and vanish there, out of sight


@dataclass(frozen=True)
class Room:
    """The inner rectangle of a room or passage, metres."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Door:
    """An outer door: people come into being at `hidden_m`, turn at `lobby_m` and enter by `inside_m`."""

    hidden_m: tuple[float, float]
    lobby_m: tuple[float, float]
    inside_m: tuple[float, float]


@dataclass(frozen=True)
class WallRun:
    """A straight axis-aligned wall as a floor rectangle, with door openings as intervals along its longer side."""

    x0: float
    y0: float
    x1: float
    y1: float
    openings: tuple[tuple[float, float], ...] = ()


def door_below(room: Room, x: float) -> Door:
    """A door at `x` in the wall y = y0; its lobby goes on towards +x."""
    y = room.y0 - WALL_M - _LOBBY_M / 2
    return Door((x + _LOBBY_SIDE_M, y), (x, y), (x, room.y0 + 0.6))


def door_above(room: Room, x: float) -> Door:
    """A door at `x` in the wall y = y1; its lobby goes on towards −x."""
    y = room.y1 + WALL_M + _LOBBY_M / 2
    return Door((x - _LOBBY_SIDE_M, y), (x, y), (x, room.y1 - 0.6))


def runs_of_rooms(
    rooms: tuple[Room, ...], doors: tuple[Door, ...], gaps: tuple[tuple[float, float], ...]
) -> list[WallRun]:
    """Walls around every rectangle; `gaps` are (x, y) centres of openings in the walls between them."""
    runs = {}
    for room in rooms:
        across = (room.x0 - WALL_M, room.x1 + WALL_M)
        door_xs = [d.inside_m[0] for d in doors if room.x0 < d.inside_m[0] < room.x1]
        below = [_opening(d.inside_m[0]) for d in doors if d.inside_m[0] in door_xs and d.lobby_m[1] < room.y0]
        above = [_opening(d.inside_m[0]) for d in doors if d.inside_m[0] in door_xs and d.lobby_m[1] > room.y1]
        for y, openings in ((room.y0 - WALL_M, below), (room.y1, above)):
            runs[(across[0], y)] = WallRun(across[0], y, across[1], y + WALL_M, tuple(openings))
        for x in (room.x0 - WALL_M, room.x1):
            openings = [_opening(gy) for gx, gy in gaps if abs(gx - x - WALL_M / 2) < WALL_M]
            runs[(round(x, 6), room.y0)] = WallRun(x, room.y0, x + WALL_M, room.y1, tuple(openings))
    return list(runs.values())


def runs_of_lobby(door: Door) -> list[WallRun]:
    """The three walls that close the lobby of an outer door."""
    (x_hidden, y), (x_door, _) = door.hidden_m, door.lobby_m
    x0, x1 = min(x_hidden, x_door) - 0.9, max(x_hidden, x_door) + 0.9
    half = _LOBBY_M / 2
    outward = -1.0 if y < door.inside_m[1] else 1.0
    far = y + outward * half
    far_run = WallRun(x0, min(far, far + outward * WALL_M), x1, max(far, far + outward * WALL_M))
    ends = [WallRun(x, y - half, x + WALL_M, y + half) for x in (x0 - WALL_M, x1)]
    return [far_run, *ends]


def raise_wall(run: WallRun, texture: np.ndarray, height_m: float) -> tuple[list[Block], list[Surface]]:
    """The solid parts of a wall as blocks, and all of it, lintels above the openings included, as surfaces."""
    along_x = run.x1 - run.x0 >= run.y1 - run.y0
    start, stop = (run.x0, run.x1) if along_x else (run.y0, run.y1)
    blocks, surfaces = [], []
    at = start
    for low, high in [*sorted(run.openings), (stop, stop)]:
        if low - at > 1e-6:
            corners = _span(run, along_x, at, low)
            blocks.append(Block(*corners, height_m))
            surfaces += box((corners[0], corners[1], 0), (corners[2], corners[3], height_m), texture, 2.0)
        if high > low:
            corners = _span(run, along_x, low, high)
            low_m, high_m = (corners[0], corners[1], _DOOR_HEIGHT_M), (corners[2], corners[3], height_m)
            surfaces += box(low_m, high_m, texture, 2.0)
        at = high
    return blocks, surfaces


def floor_under(blocks: list[Block], texture: np.ndarray, tile_m: float) -> Surface:
    """One floor panel under everything."""
    x0, y0 = min(b.x0 for b in blocks), min(b.y0 for b in blocks)
    x1, y1 = max(b.x1 for b in blocks), max(b.y1 for b in blocks)
    return panel((x0, y0, 0), (x1 - x0, 0, 0), (0, y1 - y0, 0), texture, tile_m)


def _opening(centre: float) -> tuple[float, float]:
    return centre - DOOR_M / 2, centre + DOOR_M / 2


def _span(run: WallRun, along_x: bool, low: float, high: float) -> tuple[float, float, float, float]:
    return (low, run.y0, high, run.y1) if along_x else (run.x0, low, run.x1, high)
