"""A recording can be read backwards: better tracklets once all of it is known."""

from trackers.config import OfflineConfig
from trackers.offline.refine import Refined, refine

__all__ = ["OfflineConfig", "Refined", "refine"]
