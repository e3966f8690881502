"""What stands around a camera of the crops: floor, walls, pillars, boxes, in generated or photographed textures."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from synth.people.fabric import noise
from synth.types import Surface

_SIDE = 128
_REACH_M = 30.0
_FLOORS = (
    "Asphalt",
    "Carpet",
    "Concrete",
    "PavingStones",
    "Tiles",
    "WoodFloor",
    "Road",
    "Terrazzo",
    "Ground",
    "Gravel",
)
_WALLS = (
    "Bricks",
    "Concrete",
    "Plaster",
    "Wallpaper",
    "Paint",
    "Wood",
    "Tiles",
    "CorrugatedSteel",
    "WoodSiding",
    "Metal",
)


def read_tiles(folder: Path | None, materials: tuple[str, ...], most: int = 40) -> tuple[np.ndarray, ...]:
    """Photographed tiles (h, w, 3) uint8 RGB of these materials, at most `most` of each; none without a folder."""
    if folder is None:
        return ()
    paths = [path for material in materials for path in sorted((folder / material).glob("*.png"))[:most]]
    images = (cv2.imread(str(path), cv2.IMREAD_COLOR) for path in paths)
    return tuple(np.ascontiguousarray(image[..., ::-1]) for image in images if image is not None)


def floor_tiles(folder: Path | None) -> tuple[np.ndarray, ...]:
    """Tiles that one walks on."""
    return read_tiles(folder, _FLOORS, 12)


def wall_tiles(folder: Path | None) -> tuple[np.ndarray, ...]:
    """Tiles that stand upright."""
    return read_tiles(folder, _WALLS, 12)


def surface_texture(rng: np.random.Generator, tiles: tuple[np.ndarray, ...]) -> np.ndarray:
    """A floor's or wall's look (128, 128, 3) uint8, wrapping: at times a photographed tile, if there are any."""
    if tiles and rng.random() < 0.6:
        return cv2.resize(tiles[int(rng.integers(len(tiles)))], (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    grey = rng.uniform(50, 215)
    base = np.clip(grey + rng.normal(0, 14, 3), 15, 245)
    image = np.empty((_SIDE, _SIDE, 3), np.float32)
    image[:] = base
    kind = rng.random()
    rows, columns = np.mgrid[0:_SIDE, 0:_SIDE]
    if kind < 0.25:
        step = int(rng.choice([16, 32, 64]))
        lines = (rows % step < 2) | (columns % step < 2)
        image[lines] *= rng.uniform(0.6, 0.9)
    elif kind < 0.4:
        shifted = columns + np.where(rows // 16 % 2 == 0, 0, 16)
        image *= (1 + 0.18 * rng.normal(size=(9, 6)))[rows // 16 % 9, shifted // 32 % 6, None]
        image[(rows % 16 < 2) | (shifted % 32 < 2)] = grey
    elif kind < 0.5:
        image *= (1 + 0.15 * rng.normal(size=16))[columns // 8, None]
    elif kind < 0.6:
        other = np.clip(base * rng.uniform(0.5, 1.5) + rng.normal(0, 20, 3), 15, 245)
        image[(rows // 32 + columns // 32) % 2 == 0] = other
    image *= 1 + 0.10 * noise(rng, (_SIDE, _SIDE), (5, 5), 4)[..., None] + 0.03 * rng.normal(size=(_SIDE, _SIDE, 1))
    return np.clip(image, 0, 255).astype(np.uint8)


def clutter_texture(rng: np.random.Generator, tiles: tuple[np.ndarray, ...]) -> np.ndarray:
    """Shelves, posters, windows: coloured rectangles upon a wall (128, 128, 3) uint8."""
    image = surface_texture(rng, tiles).copy()
    for _ in range(int(rng.integers(3, 26))):
        x, y = rng.integers(0, _SIDE, 2)
        w, h = rng.integers(3, 40, 2)
        colour = rng.uniform(10, 245) + rng.normal(0, 35, 3)
        cv2.rectangle(
            image, (int(x), int(y)), (int(x + w), int(y + h)), [float(c) for c in np.clip(colour, 0, 255)], -1
        )
    return cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.6)))


def box(
    low: np.ndarray, high: np.ndarray, texture: np.ndarray, tile_m: float, yaw: float = 0.0, shadow: bool = True
) -> Surface:
    """An upright box from corner to corner, turned about its own middle; four vertices per side, so edges are sharp."""
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
    sides = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (1, 5, 7, 3), (0, 2, 6, 4))
    size = np.asarray(high, float) - low
    vertices, uv, faces = [], [], []
    for number, side in enumerate(sides):
        points = corners[list(side)] * size
        axes = [a for a in range(3) if np.ptp(points[:, a]) > 0]
        vertices.append(points)
        uv.append(np.stack([points[:, axes[0]], -points[:, axes[-1]]], 1) / tile_m)
        first = 4 * number
        faces += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
    away = np.concatenate(vertices) - size * (0.5, 0.5, 0)
    c, s = np.cos(yaw), np.sin(yaw)
    turned = away @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]])
    placed = turned + low + size * (0.5, 0.5, 0)
    return Surface(
        placed.astype(np.float32), np.array(faces, np.int32), np.concatenate(uv).astype(np.float32), texture,
        double_sided=True, casts_shadow=shadow,
    )  # fmt: skip


def floor(texture: np.ndarray, tile_m: float) -> Surface:
    """A square of floor around the origin, cut into pieces so that texture coordinates stay exact."""
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32) * np.float32(2 * _REACH_M)
    uv = (corners[:, :2] / tile_m).astype(np.float32)
    return Surface(corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32), uv, texture, casts_shadow=False)


@dataclass(frozen=True)
class Wall:
    """A wall that faces the origin: it stands `away_m` from it in direction `normal` (2,)."""

    surface: Surface
    normal: np.ndarray
    away_m: float

    def behind(self, eye_m: np.ndarray) -> bool:
        """Whether a camera at `eye_m` (3,) is on the people's side and so may see it."""
        return float(self.normal @ eye_m[:2]) < self.away_m - 0.3


@dataclass(frozen=True)
class Place:
    """Floor, walls, and the things that stand about."""

    floor: Surface
    walls: tuple[Wall, ...]
    things: tuple[Surface, ...]


def surroundings(rng: np.random.Generator, floors: tuple[np.ndarray, ...], walls: tuple[np.ndarray, ...]) -> Place:
    """A place around the origin: a floor, walls on four sides, and up to a dozen things along them."""
    radius = float(rng.uniform(5, 20))
    standing = []
    for k in range(4):
        normal = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)][k], float)
        away = radius * rng.uniform(0.6, 1.3)
        along = np.array([abs(normal[1]), abs(normal[0]), 0]) * _REACH_M
        low = np.array([*(normal * (away + 0.1)), 0]) - along - (0.1, 0.1, 0)
        high = np.array([*(normal * (away + 0.1)), 0]) + along + (0.1, 0.1, float(rng.uniform(3.0, 9)))
        texture = clutter_texture(rng, walls) if rng.random() < 0.5 else surface_texture(rng, walls)
        standing.append(Wall(box(low, high, texture, float(rng.uniform(1.5, 5)), shadow=False), normal, float(away)))
    things = []
    for _ in range(int(rng.integers(3, 14))):
        angle, away = rng.uniform(0, 2 * np.pi), max(radius * rng.uniform(0.35, 0.98), 3.6)
        things.append(thing(rng, np.array([np.cos(angle) * away, np.sin(angle) * away, 0]), walls))
    return Place(floor(surface_texture(rng, floors), float(rng.uniform(0.6, 3.0))), tuple(standing), tuple(things))


def thing(rng: np.random.Generator, place: np.ndarray, tiles: tuple[np.ndarray, ...]) -> Surface:
    """A pillar, a counter, a bin, a board: a box of some size."""
    sizes = ((0.4, 0.4, 3.5), (1.6, 0.6, 1.0), (0.5, 0.5, 0.9), (1.2, 0.1, 1.8), (2.0, 0.5, 2.0), (4.2, 1.8, 1.5))
    size = np.array(sizes[int(rng.integers(len(sizes)))]) * rng.uniform(0.7, 1.3, 3)
    low = np.asarray(place, float) - size * (0.5, 0.5, 0)
    texture = clutter_texture(rng, tiles) if rng.random() < 0.4 else surface_texture(rng, tiles)
    return box(low, low + size, texture, float(rng.uniform(0.6, 2.5)), float(rng.uniform(0, np.pi)))
