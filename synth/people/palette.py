"""Colours as streets have them: mostly black, grey, navy, white and beige, and here and there something loud."""

import colorsys
from dataclasses import dataclass

import numpy as np

from synth.people.style import Colour

# name, share on upper and on lower garments, and the sRGB colours it is drawn near
_NAMED: dict[str, tuple[float, float, tuple[Colour, ...]]] = {
    "black": (0.25, 0.34, ((22, 22, 24), (32, 31, 33), (40, 40, 44))),
    "grey": (0.15, 0.14, ((75, 77, 80), (110, 112, 114), (150, 150, 152), (95, 92, 90))),
    "white": (0.13, 0.05, ((225, 225, 224), (210, 207, 200), (235, 235, 238))),
    "navy": (0.11, 0.14, ((28, 35, 60), (35, 45, 80), (40, 48, 66))),
    "blue": (0.09, 0.15, ((55, 85, 140), (80, 115, 165), (110, 150, 190), (60, 75, 105))),
    "beige": (0.07, 0.08, ((190, 172, 140), (170, 150, 118), (205, 190, 165))),
    "brown": (0.05, 0.05, ((85, 62, 45), (110, 82, 60), (65, 50, 42))),
    "red": (0.06, 0.015, ((150, 35, 40), (185, 45, 45), (110, 30, 42))),
    "green": (0.05, 0.03, ((60, 85, 60), (85, 95, 65), (45, 110, 80), (75, 82, 55))),
    "yellow": (0.02, 0.003, ((215, 180, 60), (225, 205, 110))),
    "orange": (0.015, 0.002, ((205, 110, 50), (220, 130, 80))),
    "pink": (0.035, 0.005, ((215, 150, 165), (200, 95, 125), (230, 190, 195))),
    "purple": (0.02, 0.003, ((95, 65, 115), (130, 100, 150))),
}
COLOUR_NAMES = tuple(_NAMED)
_SKIN = np.array(
    [[239, 205, 184], [226, 184, 156], [205, 158, 126], [176, 128, 96], [138, 95, 68], [98, 66, 48], [70, 48, 38]]
)
_HAIR: tuple[tuple[float, Colour], ...] = (
    (0.34, (26, 22, 20)), (0.30, (48, 36, 28)), (0.16, (80, 58, 40)), (0.09, (130, 100, 66)),
    (0.05, (180, 150, 105)), (0.03, (120, 62, 38)), (0.03, (165, 162, 160)),
)  # fmt: skip


@dataclass(frozen=True)
class Looks:
    """Skin and hair colour (3,) float sRGB."""

    skin: np.ndarray
    hair: np.ndarray


def draw_colour(rng: np.random.Generator, lower: bool = False) -> Colour:
    """A garment's colour."""
    shares = np.array([values[1 if lower else 0] for values in _NAMED.values()])
    near = list(_NAMED.values())[int(rng.choice(len(shares), p=shares / shares.sum()))][2]
    base = np.asarray(near[int(rng.integers(len(near)))], float)
    base = base * rng.uniform(0.85, 1.15) + rng.normal(0, 5, 3)
    r, g, b = (int(v) for v in np.clip(base, 8, 245))
    return r, g, b


def draw_looks(rng: np.random.Generator) -> Looks:
    """Skin and hair, over the whole range, light and dark hair less often on dark skin."""
    tone = rng.beta(1.1, 1.4) * (len(_SKIN) - 1)
    low = int(tone)
    skin = _SKIN[low] + (tone - low) * (_SKIN[min(low + 1, len(_SKIN) - 1)] - _SKIN[low])
    shares = np.array([share for share, _ in _HAIR])
    if tone > 3:
        shares[2:6] *= 0.1
    hair = np.asarray(_HAIR[int(rng.choice(len(shares), p=shares / shares.sum()))][1], float)
    return Looks(np.clip(skin + rng.normal(0, 4, 3), 20, 250), np.clip(hair * rng.uniform(0.8, 1.2), 10, 220))


def colour_name(colour: Colour) -> str:
    """The nearest of COLOUR_NAMES, by hue where there is one and by lightness where there is none."""
    wanted = _cylinder(colour)
    return min(COLOUR_NAMES, key=lambda name: min(float(((_cylinder(c) - wanted) ** 2).sum()) for c in _NAMED[name][2]))


def _cylinder(colour: Colour) -> np.ndarray:
    hue, lightness, _ = colorsys.rgb_to_hls(*(c / 255 for c in colour))
    chroma = (max(colour) - min(colour)) / 255
    return np.array([chroma * np.cos(2 * np.pi * hue) * 1.5, chroma * np.sin(2 * np.pi * hue) * 1.5, lightness])
