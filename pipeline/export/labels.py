"""Labels: a small picture of the text, painted once per identity, and a place for it near its box."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from pipeline.export.palette import Bgr, ink_bgr

_FONT = cv2.FONT_HERSHEY_DUPLEX
_OVERSAMPLE = 4  # Hershey's thin strokes are drawn large and shrunk: smooth at any size
_CAPITAL_PX = 21  # height of a capital of the font at scale 1


class Place(NamedTuple):
    """A rectangle of whole pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int


def paint(text: str, text_px: int, paper_bgr: Bgr) -> np.ndarray:
    """A filled label (h, w, 3) uint8 with capitals `text_px` high, in black or white, whichever reads better.

    h and w are even.
    """
    large_px = text_px * _OVERSAMPLE
    scale = large_px / _CAPITAL_PX
    stroke = max(1, round(large_px / 8))
    (text_width, _), _ = cv2.getTextSize(text, _FONT, scale, stroke)
    margin = round(large_px * 0.35)
    height = _up_to(large_px + 2 * margin, 2 * _OVERSAMPLE)
    width = _up_to(text_width + 2 * margin, 2 * _OVERSAMPLE)
    large = np.full((height, width, 3), paper_bgr, np.uint8)
    cv2.putText(large, text, (margin, margin + large_px), _FONT, scale, ink_bgr(paper_bgr), stroke, cv2.LINE_AA)
    return cv2.resize(large, (width // _OVERSAMPLE, height // _OVERSAMPLE), interpolation=cv2.INTER_AREA)


def _up_to(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple


def place(box: Place, size: tuple[int, int], picture: tuple[int, int], taken: Sequence[Place]) -> Place:
    """Where a label of `size` (width, height) goes: near its box, inside the picture (width, height), and off the
    labels `taken` already; where all places near the box are taken, on the one that overlaps least.
    """
    width, height = size
    lefts = (box.left, box.right - width)
    above, inside, below = box.top - height, box.top, box.bottom
    corners = [(left, top) for top in (above, inside, above - height, below, inside + height) for left in lefts]
    best, least = None, 0
    for left, top in corners:
        spot = _inside(left, top, width, height, picture)
        overlap = sum(_overlap(spot, other) for other in taken)
        if overlap == 0:
            return spot
        if best is None or overlap < least:
            best, least = spot, overlap
    assert best is not None  # there are always ten corners
    return best


def _inside(left: int, top: int, width: int, height: int, picture: tuple[int, int]) -> Place:
    left = max(0, min(left, picture[0] - width))
    top = max(0, min(top, picture[1] - height))
    return Place(left, top, min(left + width, picture[0]), min(top + height, picture[1]))


def _overlap(a: Place, b: Place) -> int:
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    return max(0, width) * max(0, height)
