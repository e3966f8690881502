"""ReID crops of rendered people with identities, cameras, keypoints, part masks and attributes."""

from synth.crops.command import crops, write_crops
from synth.crops.config import CropsConfig
from synth.crops.store import Crops, CropsError, open_crops

__all__ = ["Crops", "CropsConfig", "CropsError", "crops", "open_crops", "write_crops"]
