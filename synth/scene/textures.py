"""Procedural textures of our own (seamless, sRGB), and optionally tiles from a folder for training data only.

Everything starts from periodic coloured noise: white noise whose spectrum is divided by frequency to a power
(Voss, "Fractals in nature", 1988), made with an FFT and therefore seamless.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from core.errors import InputError

_SIZE = 256

# Which folders of CC0 tiles stand for which of our materials.
_TILE_FOLDERS = {
    "floor": ("Tiles", "Carpet", "Concrete", "Terrazzo", "WoodFloor", "Planks", "Marble", "Granite", "PavingStones"),
    "ground": ("Asphalt", "PavingStones", "Concrete", "Gravel", "Ground", "Road", "Grass"),
    "wall": ("Plaster", "Bricks", "Wallpaper", "Concrete", "Paint", "Wood", "Tiles"),
    "wood": ("Wood", "Planks", "Chipboard", "Bamboo"),
    "metal": ("Metal", "CorrugatedSteel", "DiamondPlate", "Rust", "Paint"),
    "fabric": ("Fabric", "Carpet"),
    "leaves": ("Moss", "Grass", "PineNeedles"),
}


@dataclass(frozen=True)
class Textures:
    """Where textures come from: `pick` draws one by the name of a material.

    `tiles` maps each material to image files; empty means procedural only. `tile_share` is how often a file is taken.
    """

    tiles: tuple[tuple[str, tuple[Path, ...]], ...] = ()
    tile_share: float = 0.7

    @staticmethod
    def from_folder(folder: Path) -> "Textures":
        """Textures that mostly come from `folder/<Material>/*`; InputError where it holds no images we know."""
        if not folder.is_dir():
            raise InputError(f"--textures {folder} is not a folder; give one that holds Tiles/, Fabric/, Wood/ …")
        found = []
        for material, names in _TILE_FOLDERS.items():
            files = [f for name in names for f in sorted((folder / name).glob("*.[jp][pn]g"))]
            if files:
                found.append((material, tuple(files)))
        if not found:
            raise InputError(
                f"--textures {folder} holds none of the folders {sorted(set(sum(_TILE_FOLDERS.values(), ())))}"
            )
        return Textures(tuple(found))

    def pick(self, rng: np.random.Generator, material: str) -> np.ndarray:
        """A texture (h, w, 3) uint8 sRGB of the material: floor, ground, wall, wood, metal, fabric, leaves, poster."""
        files = dict(self.tiles).get(material, ())
        if files and rng.random() < self.tile_share:
            path = files[int(rng.integers(len(files)))]
            image_bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image_bgr is None:
                raise InputError(f"texture {path} cannot be read as an image")
            return np.ascontiguousarray(image_bgr[:, :, ::-1])
        makers = _MAKERS[material]
        return makers[int(rng.integers(len(makers)))](rng)


def noise(rng: np.random.Generator, size: int = _SIZE, power: float = 1.5, stretch: float = 1.0) -> np.ndarray:
    """Seamless coloured noise (size, size), mean 0, standard deviation 1; `stretch` > 1 draws it out along x."""
    fy = np.fft.fftfreq(size)[:, None]
    fx = np.fft.rfftfreq(size)[None, :] * stretch
    frequency = np.hypot(fx, fy)
    frequency[0, 0] = np.inf
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size))) / frequency**power, s=(size, size))
    return (field - field.mean()) / field.std()


def _shade(colour: np.ndarray, brightness: np.ndarray) -> np.ndarray:
    return np.clip(colour * brightness[..., None], 0, 255).astype(np.uint8)


def _colour(rng: np.random.Generator, value: tuple[float, float], saturation: tuple[float, float]) -> np.ndarray:
    hsv = np.array([[[rng.uniform(0, 180), 255 * rng.uniform(*saturation), 255 * rng.uniform(*value)]]])
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB)[0, 0].astype(np.float64)


def _grid_cells(count_x: int, count_y: int, shift: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cell number, and the distance to the nearest vertical and horizontal joint in cells, per pixel of a tile."""
    y, x = np.mgrid[0:_SIZE, 0:_SIZE] / _SIZE
    row = np.floor(y * count_y)
    along = x * count_x + shift * row
    column = np.floor(along) % count_x
    return (
        (row * count_x + column).astype(int),
        np.abs(along - np.round(along)),
        np.abs(y * count_y - np.round(y * count_y)),
    )


def _tiled(
    rng: np.random.Generator, base: np.ndarray, counts: tuple[int, int], shift: float, joint: float
) -> np.ndarray:
    cell, dx, dy = _grid_cells(*counts, shift)
    bright = 1 + rng.normal(0, 0.06, counts[0] * counts[1])[cell] + 0.03 * noise(rng, power=1.0)
    gap = (dx < joint * counts[0]) | (dy < joint * counts[1])
    bright[gap] *= rng.uniform(0.6, 1.15)
    return _shade(base, bright)


def tiles(rng: np.random.Generator) -> np.ndarray:
    """Square floor tiles with joints."""
    count = int(rng.integers(2, 5))
    return _tiled(rng, _colour(rng, (0.45, 0.85), (0.0, 0.25)), (count, count), 0.0, 0.006)


def bricks(rng: np.random.Generator) -> np.ndarray:
    """A brick wall."""
    base = np.array([148, 100, 84]) * rng.uniform(0.7, 1.25) + rng.normal(0, 12, 3)
    return _tiled(rng, base, (8, 24), 0.5, 0.003)


def planks(rng: np.random.Generator) -> np.ndarray:
    """Floor boards with grain along x."""
    cell, dx, dy = _grid_cells(1, 6, 0.37)
    base = np.array([165, 120, 80]) * rng.uniform(0.5, 1.25) + rng.normal(0, 8, 3)
    bright = 1 + rng.normal(0, 0.09, 6)[cell] + 0.07 * noise(rng, power=1.3, stretch=12)
    bright[(dy < 0.02) | (dx < 0.004)] *= 0.6
    return _shade(base, bright)


def wood(rng: np.random.Generator) -> np.ndarray:
    """A wooden board."""
    base = np.array([160, 115, 75]) * rng.uniform(0.45, 1.35) + rng.normal(0, 10, 3)
    return _shade(base, 1 + 0.09 * noise(rng, power=1.4, stretch=14))


def plain(rng: np.random.Generator) -> np.ndarray:
    """Painted plaster: nearly even, slightly stained."""
    return _shade(_colour(rng, (0.55, 0.95), (0.0, 0.25)), 1 + 0.03 * noise(rng, power=1.8))


def stained(rng: np.random.Generator) -> np.ndarray:
    """Concrete or asphalt."""
    grain = rng.uniform(0.02, 0.07)
    return _shade(
        _colour(rng, (0.3, 0.7), (0.0, 0.12)), 1 + 0.08 * noise(rng, power=1.6) + grain * noise(rng, power=0.3)
    )


def carpet(rng: np.random.Generator) -> np.ndarray:
    """Carpet tiles of coarse yarn."""
    return _shade(
        _colour(rng, (0.2, 0.6), (0.05, 0.5)), 1 + 0.12 * noise(rng, power=0.2) + 0.04 * noise(rng, power=1.5)
    )


def terrazzo(rng: np.random.Generator) -> np.ndarray:
    """Terrazzo: chips of three colours in a light binder."""
    image = np.tile(_colour(rng, (0.6, 0.85), (0.0, 0.15)), (_SIZE, _SIZE, 1))
    for _ in range(3):
        image[noise(rng, power=0.8) > 1.4] = _colour(rng, (0.25, 0.9), (0.0, 0.4))
    return image.astype(np.uint8)


def striped(rng: np.random.Generator) -> np.ndarray:
    """Wallpaper with vertical stripes."""
    x = np.floor(np.arange(_SIZE) / _SIZE * int(rng.integers(4, 12)) * 2) % 2
    bright = 1 + rng.uniform(0.04, 0.2) * np.tile(x, (_SIZE, 1)) + 0.02 * noise(rng, power=1.0)
    return _shade(_colour(rng, (0.5, 0.85), (0.05, 0.35)), bright)


def metal(rng: np.random.Generator) -> np.ndarray:
    """Painted or brushed sheet metal."""
    return _shade(_colour(rng, (0.25, 0.8), (0.0, 0.6)), 1 + 0.04 * noise(rng, power=0.9, stretch=20))


def leaves(rng: np.random.Generator) -> np.ndarray:
    """Foliage."""
    base = np.array([70, 105, 50]) * rng.uniform(0.6, 1.3)
    return _shade(base, np.clip(1 + 0.35 * noise(rng, power=0.8), 0.25, 2))


def poster(rng: np.random.Generator) -> np.ndarray:
    """A notice, screen or picture: blocks of colour, lines of writing, perhaps a landscape of noise."""
    image = np.tile(_colour(rng, (0.2, 1.0), (0.0, 0.8)), (_SIZE, _SIZE, 1))
    if rng.random() < 0.4:
        image = image * (1 + 0.4 * noise(rng, power=2.0)[..., None] * rng.uniform(0, 1, 3))
    for _ in range(int(rng.integers(1, 6))):
        x, y = rng.integers(0, _SIZE - 60, 2)
        w, h = rng.integers(30, 160, 2)
        cv2.rectangle(
            image, (int(x), int(y)), (int(x + w), int(y + h)), _colour(rng, (0.1, 1.0), (0.0, 0.9)).tolist(), -1
        )
    ink = _colour(rng, (0.0, 1.0), (0.0, 0.3)).tolist()
    for line in range(int(rng.integers(0, 9))):
        y = 30 + 22 * line
        cv2.line(image, (24, y), (int(rng.integers(80, 232)), y), ink, int(rng.integers(3, 9)))
    return np.clip(image, 0, 255).astype(np.uint8)


_MAKERS: dict[str, tuple[Callable[[np.random.Generator], np.ndarray], ...]] = {
    "floor": (tiles, planks, carpet, terrazzo, stained),
    "ground": (stained, tiles, bricks),
    "wall": (plain, plain, striped, bricks, stained),
    "wood": (wood,),
    "metal": (metal,),
    "fabric": (carpet, plain, striped),
    "leaves": (leaves,),
    "poster": (poster,),
}
