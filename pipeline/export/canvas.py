"""Draw on a 4:2:0 picture: every shape once on its brightness and, half as large, once on each plane of its colour."""

from collections.abc import Iterator, Sequence
from functools import cache

import cv2
import numpy as np

from pipeline.export.palette import Bgr
from pipeline.video.picture import Encoding, Picture, Planes

SUBPIXEL_BITS = 3
Point = tuple[int, int]


class Canvas:
    """Shapes in px of the picture. Points given in fixed point have `SUBPIXEL_BITS` binary places."""

    def __init__(self, picture: Picture) -> None:
        """picture: is drawn on in place."""
        self.encoding = picture.encoding
        self._planes = picture.planes

    def rectangle(self, first: Point, last: Point, colour: Bgr, thickness: int) -> None:
        """Its outline, corners in whole pixels."""
        for plane, value, half in self._layers(colour):
            corners = [(x >> half, y >> half) for x, y in (first, last)]
            cv2.rectangle(plane, corners[0], corners[1], value, _thinner(thickness, half))

    def lines(self, lines: Sequence[np.ndarray], colour: Bgr, thickness: int, *, smooth: bool) -> None:
        """Open lines, each its corners (P, 2) int32: in fixed point and smoothed, or in whole pixels and not."""
        kind, bits = (cv2.LINE_AA, SUBPIXEL_BITS) if smooth else (cv2.LINE_8, 0)
        for plane, value, half in self._layers(colour):
            # One more binary place is half the size.
            cv2.polylines(plane, lines, False, value, _thinner(thickness, half), kind, bits + half)

    def dot(self, centre: Sequence[int], radius: int, colour: Bgr) -> None:
        """A filled circle; centre and radius in fixed point."""
        for plane, value, half in self._layers(colour):
            cv2.circle(plane, centre, radius, value, cv2.FILLED, cv2.LINE_AA, SUBPIXEL_BITS + half)

    def blend(self, left: int, top: int, opacity: np.ndarray, colour: Bgr) -> None:
        """Lay `colour` over a window; left, top, and the height and width of opacity (h, w) uint8 are even.

        opacity: 255 covers, 0 leaves as it is.
        """
        height, width = opacity.shape
        small = cv2.resize(opacity, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        for plane, value, half in self._layers(colour):
            weight = small if half else opacity
            rows, columns = slice(top >> half, (top + height) >> half), slice(left >> half, (left + width) >> half)
            window = plane[rows, columns]
            under = cv2.multiply(window, cv2.bitwise_not(weight), scale=1 / 255)
            over = cv2.convertScaleAbs(weight, alpha=value / 255)  # `multiply` takes a scalar for a window of 4 × 1
            window[:] = cv2.add(under, over)

    def paste(self, left: int, top: int, sprite: Planes) -> None:
        """Lay a small picture on this one; left, top even; what lies outside to the right or below is cut off."""
        for half, (plane, small) in enumerate(zip(self._planes, sprite, strict=True)):
            scale = 2 if half else 1
            window = plane[top // scale :, left // scale :][: small.shape[0], : small.shape[1]]
            window[:] = small[: window.shape[0], : window.shape[1]]

    def _layers(self, colour: Bgr) -> Iterator[tuple[np.ndarray, int, int]]:
        """Each plane with its value of `colour`, and whether it has half the size (0 or 1)."""
        yield from zip(self._planes, _values(self.encoding, colour), (0, 1, 1), strict=True)


@cache
def _values(encoding: Encoding, colour: Bgr) -> tuple[int, ...]:
    return tuple(encoding.yuv(colour).tolist())


def _thinner(thickness: int, half: int) -> int:
    """Thickness on a plane; half of an odd one is rounded up, so that colour covers all of the line."""
    return (thickness + half) >> half
