"""Fit a frame into a network's input and bring what was found back into the frame."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

MULTIPLE_PX = 32  # the coarsest stride of the networks
GREY = 114  # what Ultralytics pads with in training
ENLARGE = 1.3  # a small frame is not made more than so many times as large


@dataclass(frozen=True)
class Letterbox:
    """A frame of width × height brought into an input of input_width × input_height: scaled, centred, padded."""

    width: int
    height: int
    input_width: int
    input_height: int

    @classmethod
    def rectangular(cls, width: int, height: int, longer_side: int, most: float = math.inf) -> "Letterbox":
        """The smallest input, in multiples of 32, that holds the frame with its longer side at `longer_side` px.

        most: the frame is not enlarged more than so many times.
        """
        scale = min(longer_side / max(width, height), most)
        return cls(width, height, _round_up(width * scale), _round_up(height * scale))

    @property
    def scale(self) -> float:
        """Input pixels per frame pixel."""
        return min(self.input_width / self.width, self.input_height / self.height)

    @property
    def _inner(self) -> tuple[int, int, int, int]:
        """Left, top, width, height of the frame within the input."""
        inner_width, inner_height = round(self.width * self.scale), round(self.height * self.scale)
        return (self.input_width - inner_width) // 2, (self.input_height - inner_height) // 2, inner_width, inner_height

    def apply(self, image_bgr: np.ndarray) -> np.ndarray:
        """The input picture (input_height, input_width, 3) uint8 BGR."""
        left, top, inner_width, inner_height = self._inner
        inner = shrink(image_bgr, inner_width, inner_height)
        if inner.shape[:2] == (self.input_height, self.input_width):
            return inner
        right, bottom = self.input_width - left - inner_width, self.input_height - top - inner_height
        return cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(GREY, GREY, GREY))

    def points_to_input(self, points_xy: np.ndarray) -> np.ndarray:
        """Points (..., 2) from frame to input pixels."""
        left, top, inner_width, inner_height = self._inner
        per_axis = np.array([inner_width / self.width, inner_height / self.height])
        return points_xy * per_axis + np.array([left, top])

    def points_to_frame(self, points_xy: np.ndarray) -> np.ndarray:
        """Points (..., 2) from input to frame pixels."""
        left, top, inner_width, inner_height = self._inner
        per_axis = np.array([self.width / inner_width, self.height / inner_height], np.float32)
        return (points_xy - np.array([left, top], np.float32)) * per_axis


def shrink(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """`image` at width × height px. Halved while that is more than half: exact halves average at a sixth of the cost.

    Averaging keeps thin limbs when shrinking a lot; what is left is near enough to 1:1 for linear interpolation.
    """
    while image.shape[0] >= 2 * height and image.shape[1] >= 2 * width:
        half = (image.shape[1] // 2, image.shape[0] // 2)
        even = image[: 2 * half[1], : 2 * half[0]]
        image = cv2.resize(even, half, interpolation=cv2.INTER_AREA)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)


def _round_up(length: float) -> int:
    return max(1, -(-round(length) // MULTIPLE_PX)) * MULTIPLE_PX
