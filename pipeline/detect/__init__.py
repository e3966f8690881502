"""People in frames: boxes and, where the network has them, 17 keypoints, in one pass."""

from pipeline.detect.config import DetectConfig
from pipeline.detect.open import open_detector
from pipeline.detect.protocol import Detector

__all__ = ["DetectConfig", "Detector", "open_detector"]
