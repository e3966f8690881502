"""Body parts from keypoints: soft masks on the feature grid, and how much of each part can be seen."""

from reid.parts.config import PartsConfig
from reid.parts.masks import PartMasks, part_masks

__all__ = ["PartMasks", "PartsConfig", "part_masks"]
