"""Pictures as videos hold them: planes, what numbers mean, and that nothing but the drawing changes a pixel."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace
from hypothesis import given
from hypothesis import strategies as st

from pipeline.video import open_frames
from pipeline.video.picture import Encoding, Picture
from pipeline.video.source import CameraSource
from tests.support.videos import pictures, turn_header, write_video

MATRICES = {"bt601": Colorspace.SMPTE170M, "bt709": Colorspace.ITU709}
RANGES = {"limited": ColorRange.MPEG, "full": ColorRange.JPEG}


def read(path: Path) -> list[Picture]:
    with open_frames(CameraSource(path.stem, path)) as reader:
        return list(reader.pictures())


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("range_", RANGES)
@given(colour=st.tuples(*[st.integers(0, 255)] * 3))
def test_colours_are_what_swscale_makes_of_them(matrix: str, range_: str, colour: tuple[int, int, int]) -> None:
    flat = av.VideoFrame.from_ndarray(np.full((16, 16, 3), colour, np.uint8), "bgr24")
    converted = flat.reformat(
        format="yuv444p",
        dst_colorspace=MATRICES[matrix],
        src_color_range=ColorRange.JPEG,
        dst_color_range=RANGES[range_],
    )
    expected = converted.to_ndarray()[:, 8, 8]
    got = Encoding(MATRICES[matrix].value, RANGES[range_].value).yuv(colour)
    assert np.abs(got.astype(int) - expected).max() <= 2


def test_planes_are_views_and_lie_where_opencv_looks_for_them() -> None:
    picture = Picture.from_bgr(np.zeros((6, 10, 3), np.uint8))
    for plane, value in zip(picture.planes, Encoding().yuv((40, 90, 200)).tolist(), strict=True):
        plane[:] = value
    bgr = cv2.cvtColor(picture.i420, cv2.COLOR_YUV2BGR_I420)
    assert bgr.shape == (6, 10, 3)
    assert np.abs(bgr.astype(int) - (40, 90, 200)).max() <= 3


@pytest.mark.parametrize("size", [(7, 9), (6, 9), (7, 8)])
def test_odd_sizes_gain_a_repeated_line(size: tuple[int, int]) -> None:
    picture = Picture.from_bgr(np.full((*size, 3), 90, np.uint8))
    assert picture.size == (size[1] + size[1] % 2, size[0] + size[0] % 2)
    assert np.ptp(picture.planes[0]) == 0


def test_what_the_decoder_gave_is_what_is_encoded_again(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", pictures(4))
    with av.open(str(path)) as container:
        stored = [frame.to_ndarray() for frame in container.decode(video=0)]
    for picture, expected in zip(read(path), stored, strict=True):
        assert (picture.i420 == expected).all()


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_pictures_stand_upright_as_frames_do(tmp_path: Path, degrees: int) -> None:
    path = turn_header(write_video(tmp_path / "a.mp4", pictures(2)), degrees)
    with open_frames(CameraSource("a", path)) as reader:
        frames = list(reader)
    for picture, frame in zip(read(path), frames, strict=True):
        turned = cv2.cvtColor(picture.i420, cv2.COLOR_YUV2BGR_I420)
        assert (turned == frame.image).all()


@pytest.mark.parametrize(("codec", "pixel_format", "width"), [("ffv1", "yuv444p", 161), ("ffv1", "gray", 160)])
def test_any_format_becomes_a_picture(tmp_path: Path, codec: str, pixel_format: str, width: int) -> None:
    path = write_video(tmp_path / "a.mkv", pictures(2, width, 96), codec=codec, pixel_format=pixel_format)
    assert [picture.size for picture in read(path)] == [(width + width % 2, 96)] * 2
