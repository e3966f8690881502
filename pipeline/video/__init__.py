"""Video files and image folders in, upright frames with true times out."""

from pipeline.video.decode import open_frames
from pipeline.video.source import CameraSource, find_cameras

__all__ = ["CameraSource", "find_cameras", "open_frames"]
