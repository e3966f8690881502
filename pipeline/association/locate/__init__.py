"""Who stands where on the floor, from boxes of calibrated, synchronised cameras and geometry alone."""

from pipeline.association.locate.config import LocateConfig
from pipeline.association.locate.scene import CameraDetections, read_scene
from pipeline.association.locate.tracking import Located, locate

__all__ = ["CameraDetections", "LocateConfig", "Located", "locate", "read_scene"]
