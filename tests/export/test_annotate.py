from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.errors import ShapeError
from pipeline.export.annotate import AnnotatedVideo
from pipeline.export.config import ExportConfig
from pipeline.video.picture import Picture

MakeVideo = Callable[..., Path]


def decoded(path: Path) -> list[tuple[np.ndarray, Fraction]]:
    with av.open(str(path)) as container:
        return [(f.to_ndarray(format="bgr24"), f.pts * f.time_base) for f in container.decode(video=0)]


def times(path: Path) -> list[Fraction]:
    return [pts for _, pts in decoded(path)]


def since_first(path: Path) -> list[Fraction]:
    first, *_ = all_of = times(path)
    return [time - first for time in all_of]


def copy(source: Path, out: Path, config: ExportConfig | None = None) -> list[str]:
    frames = decoded(source)
    first_s = frames[0][1]
    height, width = frames[0][0].shape[:2]
    with AnnotatedVideo.open(out, source, width, height, config=config) as video:
        for image, pts in frames:
            video.write(Picture.from_bgr(image), pts - first_s)
    assert video.frames == len(frames)
    return video.warnings


def sound_packets(path: Path) -> list[tuple[bytes, Fraction]]:
    with av.open(str(path)) as container:
        return [(bytes(p), p.pts * p.time_base) for p in container.demux(audio=0) if p.pts is not None]


@pytest.mark.parametrize(
    ("suffix", "pts", "time_base"),
    [
        ("mp4", [0, 512, 1024, 1536], Fraction(1, 12800)),
        ("mp4", [0, 40, 43, 120, 333, 1500], Fraction(1, 1000)),
        ("mp4", [1001 * i for i in range(6)], Fraction(1, 30000)),
        ("mp4", [250, 290, 330], Fraction(1, 1000)),
        ("mkv", [0, 33, 67, 100, 133, 500], Fraction(1, 1000)),
        ("avi", [0, 1, 2, 3, 4], Fraction(1, 25)),
    ],
)
def test_timing_and_frame_count_are_the_sources(
    make_video: MakeVideo, tmp_path: Path, suffix: str, pts: list[int], time_base: Fraction
) -> None:
    codec = "mpeg4" if suffix == "avi" else "libx264"
    source = make_video(tmp_path / f"source.{suffix}", pts, time_base, codec=codec)
    assert copy(source, tmp_path / "out.mp4") == []
    assert times(tmp_path / "out.mp4") == since_first(source) == [(tick - pts[0]) * time_base for tick in pts]


@pytest.mark.parametrize(("suffix", "start_s"), [("ts", 3600), ("mp4", 0), ("mp4", 2), ("mkv", 5)])
@pytest.mark.parametrize("lead_ms", [0, 100])
def test_the_clock_starts_at_zero_and_sound_stays_with_its_pictures(
    make_video: MakeVideo, tmp_path: Path, suffix: str, start_s: int, lead_ms: int
) -> None:
    ticks = [1000 * start_s + lead_ms + tick for tick in (0, 40, 80, 200)]
    source = make_video(tmp_path / f"source.{suffix}", ticks, audio="aac", sound_from_s=start_s)
    copy(source, tmp_path / "out.mp4")
    assert times(source)[0] >= start_s
    assert times(tmp_path / "out.mp4") == since_first(source)
    sound_was, sound_is = sound_packets(source), sound_packets(tmp_path / "out.mp4")
    assert abs(sound_is[-1][1] - (sound_was[-1][1] - times(source)[0])) < Fraction(1, 900)
    assert len(sound_is) == len(sound_was)


def test_what_browsers_play(make_video: MakeVideo, tmp_path: Path) -> None:
    copy(make_video(tmp_path / "source.mp4", range(0, 400, 40)), tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt, context.width, context.height) == ("h264", "yuv420p", 64, 48)
    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # faststart
    assert b"yuv" not in data[:40]


@pytest.mark.parametrize(("width", "height"), [(63, 48), (64, 47), (63, 47), (17, 15), (770, 434)])
def test_odd_sizes_gain_one_repeated_line(tmp_path: Path, width: int, height: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    image[:] = image.mean(axis=(0, 1))
    with AnnotatedVideo.open(tmp_path / "out.mp4", tmp_path, width, height, fps=10) as video:
        video.write(Picture.from_bgr(image), Fraction(0))
    ((got, _),) = decoded(tmp_path / "out.mp4")
    assert got.shape == (height + height % 2, width + width % 2, 3)
    assert np.abs(got.astype(int) - image[0, 0]).max() <= 6


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (40, 90, 200)])
def test_colours_survive(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    with AnnotatedVideo.open(tmp_path / "out.mp4", tmp_path, 64, 48, fps=10) as video:
        video.write(Picture.from_bgr(np.full((48, 64, 3), colour, np.uint8)), Fraction(0))
    ((got, _),) = decoded(tmp_path / "out.mp4")
    assert np.abs(got.astype(int) - colour).max() <= 5
    with av.open(str(tmp_path / "out.mp4")) as container:  # and players are told the matrix and range
        context = container.streams.video[0].codec_context
        next(container.decode(video=0))
        assert context.colorspace in (5, 6)  # both mean BT.601
        assert context.color_range == 1


@pytest.mark.parametrize(("suffix", "codec"), [("mp4", "aac"), ("mkv", "libopus"), ("mkv", "flac")])
def test_sound_is_copied_untouched(make_video: MakeVideo, tmp_path: Path, suffix: str, codec: str) -> None:
    source = make_video(tmp_path / f"source.{suffix}", range(0, 500, 40), audio=codec)
    assert copy(source, tmp_path / "out.mp4") == []
    was, is_ = sound_packets(source), sound_packets(tmp_path / "out.mp4")
    assert [data for data, _ in is_] == [data for data, _ in was]
    assert len(was) >= 5
    assert max(abs(a - b) for (_, a), (_, b) in zip(was, is_, strict=True)) < Fraction(1, 1000)
    assert times(tmp_path / "out.mp4") == times(source)


def test_sound_that_mp4_cannot_hold_is_left_out_with_a_warning(make_video: MakeVideo, tmp_path: Path) -> None:
    source = make_video(tmp_path / "source.mkv", range(0, 400, 40), audio="pcm_s16le")
    (warning,) = copy(source, tmp_path / "out.mp4")
    assert "pcm_s16le" in warning
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert not container.streams.audio


def test_sound_can_be_left_out(make_video: MakeVideo, tmp_path: Path) -> None:
    source = make_video(tmp_path / "source.mp4", range(0, 400, 40), audio="aac")
    assert copy(source, tmp_path / "out.mp4", ExportConfig(audio=False)) == []
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert not container.streams.audio


def test_same_input_gives_the_same_bytes(make_video: MakeVideo, tmp_path: Path) -> None:
    source = make_video(tmp_path / "source.mp4", range(0, 800, 40), audio="aac")
    copy(source, tmp_path / "one.mp4")
    copy(source, tmp_path / "two.mp4")
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


@pytest.mark.parametrize("fps", [7, 10, 14, 29.97, 30, 59.94])
def test_a_folder_of_images_keeps_its_rate(tmp_path: Path, fps: float) -> None:
    rate = Fraction(fps).limit_denominator(1001)
    with AnnotatedVideo.open(tmp_path / "out.mp4", tmp_path, 32, 32, fps=fps) as video:
        for index in range(8):
            video.write(Picture.from_bgr(np.full((32, 32, 3), 9 * index, np.uint8)), index / rate)
    assert times(tmp_path / "out.mp4") == [index / rate for index in range(8)]
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.duration / 1e6 == pytest.approx(8 / rate, abs=2e-3)


def test_a_clock_that_stands_still_loses_no_picture(tmp_path: Path) -> None:
    with AnnotatedVideo.open(tmp_path / "out.mp4", tmp_path, 32, 32, fps=25) as video:
        for pts in (0, 1, 1, 1, 5):
            video.write(Picture.from_bgr(np.zeros((32, 32, 3), np.uint8)), Fraction(pts, 25))
    assert len(times(tmp_path / "out.mp4")) == 5


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ShapeError, match=r"frame 0 .*expected 48 × 32 px, got 32 × 48"),
        AnnotatedVideo.open(tmp_path / "out.mp4", tmp_path, 48, 32, fps=25) as video,
    ):
        video.write(Picture.from_bgr(np.zeros((48, 32, 3), np.uint8)), Fraction(0))


def test_pixels_that_are_not_square_stay_so(make_video: MakeVideo, tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode(None))
    copy(source, tmp_path / "out.mp4")
    with AnnotatedVideo.open(tmp_path / "turned.mp4", source, 48, 64) as video:
        video.write(Picture.from_bgr(np.zeros((64, 48, 3), np.uint8)), Fraction(0))
    for name, expected in (("out", Fraction(4, 3)), ("turned", Fraction(3, 4))):
        with av.open(str(tmp_path / f"{name}.mp4")) as container:
            assert container.streams.video[0].codec_context.sample_aspect_ratio == expected
