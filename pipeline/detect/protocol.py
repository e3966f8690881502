"""What every detector offers, whichever network and engine is behind it."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

import numpy as np

from core.types import Detections

Tag = TypeVar("Tag")


class Detector(Protocol):
    """Finds people. Made by `open_detector`; one per process, for all its cameras."""

    @property
    def identifier(self) -> str:
        """Name and sha256 of the weights, for run.json."""

    @property
    def has_keypoints(self) -> bool:
        """Whether the network gives keypoints."""

    def stream(self, images: Iterable[tuple[Tag, np.ndarray]]) -> Iterator[tuple[Tag, np.ndarray, Detections]]:
        """Detections of each image (H, W, 3) uint8 BGR, in order, with the tag it came with.

        Several images are worked on at once, so some are taken from `images` ahead of what is given back: on the CPU as
        many as there are requests, on a GPU up to a few batches. An image's detections do not depend on the images
        around it. An image without pixels gives no detections.
        """
