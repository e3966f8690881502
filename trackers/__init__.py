"""One camera: who in this frame is who in the last. No video, no torch."""

from trackers.base import Tracked, Tracker, TrackerConfig
from trackers.make import CONFIGS, NAMES, make

__all__ = ["CONFIGS", "NAMES", "Tracked", "Tracker", "TrackerConfig", "make"]
