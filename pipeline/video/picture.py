"""Pictures as videos hold them: brightness at full size, colour at half (4:2:0); to be drawn on and encoded again.

What is only drawn on never becomes BGR: that would cost as much as the drawing, and change every pixel a little.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

Bgr = tuple[int, int, int]
Planes = tuple[np.ndarray, np.ndarray, np.ndarray]

# Weights of red and blue in brightness, by FFmpeg's name of the matrix; BT.601 where it is none of these.
_RED_BLUE = {Colorspace.ITU709.value: (0.2126, 0.0722), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
_BT601 = (0.299, 0.114)


@dataclass(frozen=True)
class Encoding:
    """How numbers mean colours, in FFmpeg's enumerations, as ITU-T H.273 numbers them. The default is OpenCV's."""

    matrix: int = Colorspace.SMPTE170M.value
    range_: int = ColorRange.MPEG.value
    primaries: int = ColorPrimaries.BT709.value
    transfer: int = ColorTrc.BT709.value

    @classmethod
    def of(cls, frame: VideoFrame) -> Self:
        """What the stream states of `frame`."""
        full = frame.format.name.startswith("yuvj")
        range_ = ColorRange.JPEG if full else frame.color_range
        return cls(*(int(value) for value in (frame.colorspace, range_, frame.color_primaries, frame.color_trc)))

    @property
    def is_full_range(self) -> bool:
        """Whether 0 is black and 255 white, instead of 16 and 235."""
        return self.range_ == ColorRange.JPEG.value

    def yuv(self, bgr: np.ndarray | Bgr) -> np.ndarray:
        """Colours (..., 3) 0 to 255 as Y, U, V (..., 3) uint8: ITU-R BT.601, BT.709 and BT.2020."""
        blue, green, red = np.moveaxis(np.asarray(bgr, np.float64) / 255, -1, 0)
        of_red, of_blue = _RED_BLUE.get(self.matrix, _BT601)
        luma = of_red * red + of_blue * blue + (1 - of_red - of_blue) * green
        chroma = [(blue - luma) / (2 - 2 * of_blue), (red - luma) / (2 - 2 * of_red)]
        low, luma_span, chroma_span = (0, 255, 255) if self.is_full_range else (16, 219, 224)
        scaled = np.stack([low + luma_span * luma, *(128 + chroma_span * plane for plane in chroma)], axis=-1)
        return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)

    def planes(self, image_bgr: np.ndarray) -> Planes:
        """An image (H, W, 3) uint8 of even height and width as Y (H, W), U and V (H/2, W/2)."""
        height, width = image_bgr.shape[:2]
        luma, *chroma = cv2.split(self.yuv(image_bgr))
        halves = [cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA) for plane in chroma]
        return luma, halves[0], halves[1]


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture of even height H and width W. i420 (H * 3 / 2, W) uint8: Y, then U and V; drawn on in place."""

    i420: np.ndarray
    encoding: Encoding

    @classmethod
    def from_bgr(cls, image_bgr: np.ndarray) -> Self:
        """Of an image (H, W, 3) uint8; an odd height or width gains one repeated row or column."""
        height, width = image_bgr.shape[:2]
        if height % 2 or width % 2:
            image_bgr = cv2.copyMakeBorder(image_bgr, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        return cls(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2YUV_I420), Encoding())

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        return self.i420.shape[1], self.i420.shape[0] * 2 // 3

    @cached_property
    def planes(self) -> Planes:
        """Y (H, W), U and V (H/2, W/2): views."""
        width, height = self.size
        flat, pixels = self.i420.reshape(-1), width * height
        half = (height // 2, width // 2)
        u, v = flat[pixels : pixels * 5 // 4].reshape(half), flat[pixels * 5 // 4 :].reshape(half)
        return self.i420[:height], u, v

    def turned(self, code: int) -> "Picture":
        """Turned by one of OpenCV's ROTATE_ codes."""
        planes = [cv2.rotate(plane, code) for plane in self.planes]
        width = planes[0].shape[1]
        return Picture(np.concatenate([plane.reshape(-1) for plane in planes]).reshape(-1, width), self.encoding)
