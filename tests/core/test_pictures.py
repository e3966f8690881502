"""Picture files: any name, upright, and none that is not whole."""

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import InputError
from core.pictures import read_bgr, write_bgr

# A TIFF header and one entry: 0x0112, orientation, is 6, to be turned by a quarter.
TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"


def picture(height: int = 60, width: int = 40) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def jpeg(*how: int) -> bytes:
    return cv2.imencode(".jpg", picture(), how)[1].tobytes()


def png_that_claims(width: int, height: int) -> bytes:
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
        (b"IEND", b""),
    )
    framed = (struct.pack(">I", len(b)) + a + b + struct.pack(">I", zlib.crc32(a + b)) for a, b in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    write_bgr(path, picture())
    np.testing.assert_array_equal(read_bgr(path), picture())
    assert os.listdir(tmp_path) == [path.name]


def test_pictures_are_turned_upright(tmp_path: Path) -> None:
    content = jpeg()
    segment = b"\xff\xe1" + struct.pack(">H", len(TURNED) + 2) + TURNED
    (tmp_path / "a.jpg").write_bytes(content[:2] + segment + content[2:])
    assert read_bgr(tmp_path / "a.jpg").shape == (40, 60, 3)


@pytest.mark.parametrize("how", [(), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)])
def test_a_jpeg_that_is_cut_off_is_refused_and_what_follows_a_whole_one_is_not(
    tmp_path: Path, how: tuple[int, ...]
) -> None:
    path, content = tmp_path / "a.jpg", jpeg(*how)
    for length in (len(content) // 4, len(content) // 2, len(content) - 10):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match=r"a\.jpg: cannot be read as a picture; is the file complete"):
            read_bgr(path)
    path.write_bytes(content + b"\0" * 500 + content)
    assert read_bgr(path).shape == (60, 40, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read as a picture; is the file complete"),
        (b"text", "cannot be read as a picture; is the file complete"),
        (png_that_claims(60_000, 60_000), "cannot be read as a picture: OpenCV expects pixels <= .*damaged"),
    ],
)
def test_what_is_no_picture(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_bgr(tmp_path / "a.png")


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    for name, reason in (("none.png", "No such file"), ("folder.png", "Is a directory")):
        with pytest.raises(InputError, match=rf"{name}: cannot be read: {reason}"):
            read_bgr(tmp_path / name)
