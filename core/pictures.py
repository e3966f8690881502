"""Picture files, whatever they are called: OpenCV opens none whose name is not UTF-8, so bytes go in and out here."""

from pathlib import Path

import cv2
import numpy as np

from core.errors import InputError
from core.whole import whole_file

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp")


def read_bgr(path: Path) -> np.ndarray:
    """(h, w, 3) uint8 BGR, upright by its EXIF. Raises InputError: missing, no picture, cut off, or damaged."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    except cv2.error as error:
        raise InputError(
            f"{path}: cannot be read as a picture: OpenCV expects {error.err}; is the file damaged?"
        ) from error
    if image is None:
        raise InputError(f"{path}: cannot be read as a picture; is the file complete?")
    return image


def encoded(image_bgr: np.ndarray, suffix: str) -> bytes:
    """The file of a picture (h, w, 3) uint8 BGR in the format that `suffix`, such as .png, stands for."""
    _, content = cv2.imencode(suffix, image_bgr)
    return content.tobytes()


def write_bgr(path: Path, image_bgr: np.ndarray) -> None:
    """Write a picture (h, w, 3) uint8 BGR in the format of its name, whole or not at all. Raises OutputError."""
    with whole_file(path) as temporary:
        temporary.write_bytes(encoded(image_bgr, path.suffix))
