"""One colour per identity, the same in every camera and every run.

Hues step by the golden angle, so that ids near each other lie far apart on the circle, in OKLCH, where equal steps look
equal (Ottosson, "A perceptual color space for image processing", 2020, https://bottosson.github.io/posts/oklab/).
Three lightnesses take turns, because hues come close again after 8, 13 and 21 steps.
"""

import math
from functools import cache

import numpy as np

from pipeline.video.picture import Bgr

BLACK: Bgr = (0, 0, 0)
WHITE: Bgr = (255, 255, 255)

_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
# Of a grid of first hues, lightness triples and chromas, these keep the nearest two of ids 1 to 12 furthest apart.
_FIRST_HUE = 5.2
_LIGHTNESSES = (0.68, 0.80, 0.55)
_CHROMA = 0.20

# OKLab to the cube roots of cone responses, and those (cubed) to linear sRGB; Ottosson's matrices.
_LAB_TO_CONES = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
)
_CONES_TO_LINEAR = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear sRGB


@cache
def colour_bgr(identity: int) -> Bgr:
    """The colour of an identity, 0 to 255 each."""
    hue = _FIRST_HUE + identity * _GOLDEN_ANGLE
    lightness = _LIGHTNESSES[identity % len(_LIGHTNESSES)]
    chroma = _CHROMA
    linear = _linear_rgb(lightness, chroma, hue)
    while (linear.min() < 0 or linear.max() > 1) and chroma > 0.01:  # fade it until a screen can show it
        chroma -= 0.01
        linear = _linear_rgb(lightness, chroma, hue)
    red, green, blue = (round(255 * value) for value in _gamma(np.clip(linear, 0, 1)).tolist())
    return blue, green, red


@cache
def ink_bgr(paper_bgr: Bgr) -> Bgr:
    """Black or white, whichever contrasts more with `paper_bgr` (WCAG 2.1, relative luminance)."""
    luminance = float(_LUMINANCE @ _linear(np.array(paper_bgr[::-1]) / 255))
    return BLACK if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else WHITE


def _linear_rgb(lightness: float, chroma: float, hue: float) -> np.ndarray:
    lab = np.array([lightness, chroma * math.cos(hue), chroma * math.sin(hue)])
    return np.asarray(_CONES_TO_LINEAR @ (_LAB_TO_CONES @ lab) ** 3)


def _gamma(linear: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1 (sRGB)."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _linear(encoded: np.ndarray) -> np.ndarray:
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
