"""What cloth looks like from near: colour, pattern, weave and the shading of its folds, as one wrapping texture."""

from collections.abc import Sequence

import cv2
import numpy as np

from synth.people.style import Colour

SIDE = 256  # texels; a garment's texture goes once around the body and once from top to hem
TALL_M = 0.75  # what SIDE texels are in metres along the body, about
WIDE_M = 1.05  # and around it


def noise(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int], octaves: int = 3) -> np.ndarray:
    """Smooth wrapping noise (h, w) float32 of about ±1: `cells` (rows, columns) blobs across, halving per octave."""
    total, amount = np.zeros(shape, np.float32), 0.0
    for octave in range(octaves):
        rows, columns = min(cells[0] << octave, shape[0]), min(cells[1] << octave, shape[1])
        grid = rng.normal(size=(rows, columns)).astype(np.float32)
        grid = np.pad(grid, ((2, 2), (2, 2)), mode="wrap")
        scale = shape[0] / rows, shape[1] / columns
        full = cv2.resize(
            grid, (round(grid.shape[1] * scale[1]), round(grid.shape[0] * scale[0])), interpolation=cv2.INTER_CUBIC
        )
        top, left = round(2 * scale[0]), round(2 * scale[1])
        total += full[top : top + shape[0], left : left + shape[1]] * 0.5**octave
        amount += 0.25**octave
    return total / np.float32(np.sqrt(amount))


def fabric(
    rng: np.random.Generator,
    pattern: str,
    colour: Colour,
    second: Colour,
    roughness: float = 0.05,
    folds: float = 0.08,
    tiles: Sequence[np.ndarray] = (),
) -> np.ndarray:
    """A garment's cloth (SIDE, SIDE, 3) uint8 sRGB, front centre at the middle column, wrapping around the body.

    roughness: relative contrast of the weave; folds: of the folds; tiles: photographed fabrics (h, w, 3) one of which,
    if any are given, replaces the weave.
    """
    image = np.empty((SIDE, SIDE, 3), np.float32)
    image[:] = colour
    mask = _pattern(rng, pattern)
    image += mask[..., None] * (np.asarray(second, np.float32) - image)
    image *= 1 + _weave(rng, roughness, tiles)[..., None]
    image *= 1 + _fold_shading(rng, folds)[..., None]
    return np.clip(image, 0, 255).astype(np.uint8)


def fastened(image: np.ndarray, garment: str, rng: np.random.Generator) -> np.ndarray:
    """The cloth of an upper garment with what closes it, and its pockets, drawn on its front."""
    image = image.copy()
    middle = SIDE // 2
    dark = [float(c) for c in image.reshape(-1, 3).mean(0) * 0.55]
    light = [float(c) for c in np.clip(image.reshape(-1, 3).mean(0) * 1.5 + 25, 0, 255)]
    if garment in ("jacket", "coat", "hoodie", "vest"):
        cv2.line(image, (middle, 0), (middle, SIDE), dark if rng.random() < 0.7 else light, 1 + int(rng.integers(2)))
    if garment in ("shirt", "coat", "suit"):
        cv2.line(image, (middle + 3, 0), (middle + 3, SIDE), dark, 1)
        for row in range(22, SIDE, int(rng.integers(18, 36))):
            cv2.circle(image, (middle, row), 1 + (garment == "coat"), light if rng.random() < 0.5 else dark, -1)
    if garment in ("jacket", "coat", "suit") and rng.random() < 0.7:
        row = int(rng.integers(140, 175))
        for side in (-1, 1):
            cv2.line(image, (middle + side * 26, row), (middle + side * 38, row + int(rng.integers(-2, 20))), dark, 2)
    if garment == "hoodie":
        corner = np.array([middle, int(rng.integers(130, 160))])
        corners = corner + np.array([[-24, 0], [24, 0], [34, 38], [-34, 38]])
        cv2.polylines(image, [corners.astype(np.int32)], True, dark, 2)
    if garment == "shirt" and rng.random() < 0.5:
        cv2.rectangle(image, (middle + 16, 70), (middle + 34, 95), dark, 1)
    return image


def _weave(rng: np.random.Generator, roughness: float, tiles: Sequence[np.ndarray]) -> np.ndarray:
    if len(tiles):
        tile = np.asarray(tiles[int(rng.integers(len(tiles)))], np.float32).mean(-1)
        tile = cv2.resize(tile, (SIDE // 4, SIDE // 4), interpolation=cv2.INTER_AREA)
        relative = tile / max(float(tile.mean()), 1.0) - 1
        relative *= min(1.0, 2.5 * roughness / max(float(relative.std()), 1e-3))
        return np.tile(relative, (4, 4))
    fine = rng.normal(size=(SIDE, SIDE)).astype(np.float32)
    return roughness * (0.5 * fine + 0.7 * noise(rng, (SIDE, SIDE), (16, 16), 3))


def _fold_shading(rng: np.random.Generator, folds: float) -> np.ndarray:
    """Darker in creases, lighter on ridges: noise drawn out along slanting lines."""
    along = noise(rng, (SIDE, SIDE), (4, 10), 3)
    across = noise(rng, (SIDE, SIDE), (12, 5), 2)
    ridged = 0.6 - np.abs(along) * 1.2
    return folds * (0.7 * ridged + 0.6 * across)


def _pattern(rng: np.random.Generator, pattern: str) -> np.ndarray:
    """How much of the second colour each texel has (SIDE, SIDE), 0 to 1."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    if pattern == "stripes":
        count, share = int(rng.integers(6, 26)), rng.uniform(0.25, 0.6)
        return ((rows * count) % 1 < share).astype(np.float32)
    if pattern == "pinstripes":
        return ((columns * int(rng.integers(30, 60))) % 1 < 0.2).astype(np.float32) * 0.6
    if pattern == "checks":
        count = int(rng.integers(6, 18))
        lines = ((rows * count) % 1 < 0.4).astype(np.float32) + ((columns * count * 1.4).round(4) % 1 < 0.4)
        return lines.astype(np.float32) * 0.45
    if pattern == "gradient":
        return np.clip((rows - rng.uniform(0.1, 0.4)) / rng.uniform(0.3, 0.6), 0, 1)
    if pattern == "blocks":
        edge = rng.uniform(0.25, 0.6)
        return (
            (rows > edge).astype(np.float32)
            if rng.random() < 0.6
            else ((rows > edge) & (rows < edge + 0.2)).astype(np.float32)
        )
    if pattern == "dots":
        return (noise(rng, (SIDE, SIDE), (24, 32), 1) > 0.9).astype(np.float32)
    if pattern == "print":
        return np.clip(noise(rng, (SIDE, SIDE), (int(rng.integers(4, 12)),) * 2, 3) * 2 + 0.2, 0, 1)
    if pattern == "logo":
        return _logo(rng)
    return np.zeros((SIDE, SIDE), np.float32)


def _logo(rng: np.random.Generator) -> np.ndarray:
    """A few letters or a blob on the chest, at times on the back."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    centre = (SIDE // 2 if rng.random() < 0.75 else 0) + int(rng.integers(-6, 7)), int(rng.integers(80, 120))
    half = int(rng.integers(10, 34)), int(rng.integers(5, 22))
    kind = rng.random()
    for shift in (-SIDE, 0, SIDE):
        x, y = centre[0] + shift, centre[1]
        if kind < 0.4:
            cv2.ellipse(mask, (x, y), half, float(rng.integers(0, 90)), 0, 360, 1, -1)
        elif kind < 0.7:
            text = "".join(chr(int(c)) for c in rng.integers(65, 91, int(rng.integers(2, 5))))
            cv2.putText(mask, text, (x - half[0], y), cv2.FONT_HERSHEY_DUPLEX, half[0] / 26, 1, 3)
        else:
            cv2.rectangle(mask, (x - half[0], y - half[1]), (x + half[0], y + half[1]), 1, -1)
    return mask.astype(np.float32)
