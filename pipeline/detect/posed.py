"""A detector whose people are looked at once more, each alone, for their joints."""

from collections.abc import Iterable, Iterator

import numpy as np

from core.types import Detections
from pipeline.detect.pose import PoseFinder
from pipeline.detect.protocol import Detector, Tag


class PosedDetector:
    """The boxes of `detector` with the joints of `pose`. See `Detector`."""

    has_keypoints = True

    def __init__(self, detector: Detector, pose: PoseFinder) -> None:
        self._detector, self._pose = detector, pose

    @property
    def identifier(self) -> str:
        """Those of both networks."""
        return f"{self._detector.identifier}+{self._pose.identifier}"

    def stream(self, images: Iterable[tuple[Tag, np.ndarray]]) -> Iterator[tuple[Tag, np.ndarray, Detections]]:
        """See `Detector.stream`."""
        for tag, image, found in self._detector.stream(images):
            joints = self._pose.look(image, found.boxes_xyxy)
            yield tag, image, Detections(found.boxes_xyxy, found.scores, joints)
