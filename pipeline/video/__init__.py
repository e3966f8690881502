"""Video files and image folders in, upright frames with true times out."""

from pipeline.video.decode import open_frames
from pipeline.video.source import CameraSource, find_cameras, images_of, left_out

__all__ = ["CameraSource", "find_cameras", "images_of", "left_out", "open_frames"]
