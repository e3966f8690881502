"""Decoding: true times, upright pictures, damage reported and stepped over."""

import os
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from core.errors import CameraError, InputError
from pipeline.people.stored_run import StoredRun, pictures_of
from pipeline.video import find_cameras, left_out, open_frames
from pipeline.video.source import CameraSource
from tests.support.videos import pictures, turn_header, write_sound_only, write_video


def read(path: Path, **options):
    with open_frames(CameraSource(path.stem, path), **options) as reader:
        return list(reader), reader


def test_frames_come_with_their_times_and_the_offset(tmp_path):
    path = write_video(tmp_path / "a.mp4", pictures(12), fps=10)
    frames, reader = read(path, offset_s=5.0)
    assert [frame.index for frame in frames] == list(range(12))
    np.testing.assert_allclose([frame.time_s for frame in frames], 5 + np.arange(12) / 10, atol=1e-6)
    assert reader.damage is None
    assert (reader.info.width, reader.info.height) == (160, 96)


def test_pictures_survive_the_round_trip(tmp_path):
    original = pictures(3)
    frames, _ = read(write_video(tmp_path / "a.mp4", original))
    difference = np.abs(frames[0].image.astype(int) - original[0]).mean()
    assert difference < 6


def test_variable_frame_rate_keeps_its_timestamps(tmp_path):
    ticks = [0, 40, 200, 240, 700, 1500]
    path = write_video(tmp_path / "a.mkv", pictures(6), ticks=ticks)
    frames, _ = read(path)
    np.testing.assert_allclose([frame.time_s for frame in frames], np.array(ticks) / 1000, atol=2e-3)


def test_stride_decodes_all_times_but_only_some_pictures(tmp_path):
    frames, _ = read(write_video(tmp_path / "a.mp4", pictures(7)), stride=3)
    assert [bool(frame.image.size) for frame in frames] == [True, False, False, True, False, False, True]


@pytest.mark.parametrize(("degrees", "shape"), [(90, (160, 96)), (180, (96, 160)), (270, (160, 96))])
def test_rotation_metadata_turns_the_picture_upright(tmp_path, degrees, shape):
    upright = pictures(2)
    path = turn_header(write_video(tmp_path / "a.mp4", upright), degrees)
    frames, reader = read(path)
    assert frames[0].image.shape[:2] == shape == (reader.info.height, reader.info.width)
    # A player turns the stored picture clockwise by the angle in the display matrix.
    turned = np.rot90(upright[0], -degrees // 90)
    assert np.abs(frames[0].image.astype(int) - turned).mean() < 6


@pytest.mark.parametrize(
    ("codec", "pixel_format", "width", "height"),
    [
        ("ffv1", "yuv444p", 161, 97),
        ("ffv1", "gray", 160, 96),
        ("libx264", "yuv420p10le", 160, 96),
        ("mpeg4", "yuv420p", 160, 96),
        ("libvpx-vp9", "yuv420p", 161, 97),
    ],
)
def test_formats(tmp_path, codec, pixel_format, width, height):
    original = pictures(3, width, height)
    frames, reader = read(write_video(tmp_path / "a.mkv", original, codec=codec, pixel_format=pixel_format))
    assert len(frames) == 3
    assert reader.damage is None
    assert frames[0].image.shape == (height, width, 3)
    grey = [cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(int) for picture in (frames[0].image, original[0])]
    assert np.abs(grey[0] - grey[1]).mean() < 8


def test_a_file_cut_in_the_middle_gives_what_is_there_and_says_so(tmp_path):
    whole = write_video(tmp_path / "whole.mp4", pictures(60, seed=1), fps=10)
    # Move the index to the front, as cameras that stream do, so that the cut file still opens.
    front = tmp_path / "front.mp4"
    with av.open(str(whole)) as source, av.open(str(front), "w", options={"movflags": "faststart"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    data = front.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: len(data) * 6 // 10])
    frames, reader = read(cut)
    assert 0 < len(frames) < 60
    assert "from frame" in reader.damage


def test_a_header_that_lies_about_count_and_rate_is_not_believed(tmp_path):
    path = write_video(tmp_path / "a.avi", pictures(9), codec="mpeg4", fps=10)
    data = bytearray(path.read_bytes())
    total = data.index(b"avih") + 8 + 16  # dwTotalFrames
    data[total : total + 4] = (99_999).to_bytes(4, "little")
    length = data.index(b"strh") + 8 + 32  # dwLength of the stream
    data[length : length + 4] = (99_999).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    frames, reader = read(path)
    assert reader.info.expected_frames > 9
    assert len(frames) == 9
    assert reader.damage is None
    assert "the header promises 99999 frames" in reader.warnings[0]


@pytest.mark.parametrize(("name", "codec", "tenths"), [("cut.mkv", "libx264", 6), ("cut.avi", "mpeg4", 9)])
def test_a_file_that_ends_before_its_header_says_is_told(tmp_path, name, codec, tenths):
    generator = np.random.default_rng(0)
    noisy = [np.clip(p.astype(int) + generator.integers(-20, 20, p.shape), 0, 255) for p in pictures(60)]
    path = write_video(tmp_path / name, [frame.astype(np.uint8) for frame in noisy], fps=10, codec=codec)
    whole, reader = read(path)
    assert (len(whole), reader.damage, reader.warnings) == (60, None, ())
    path.write_bytes(path.read_bytes()[: path.stat().st_size * tenths // 10])
    frames, reader = read(path)
    assert 0 < len(frames) < 60
    (said,) = reader.warnings
    assert said.startswith(f"the header promises 60 frames / 6.0 s, {len(frames)} / ")


def test_of_a_video_without_more_than_its_first_frame_that_is_said(tmp_path):
    path = write_video(tmp_path / "a.avi", pictures(60), fps=10, codec="mpeg4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    frames, reader = read(path)
    assert len(frames) == 1
    assert reader.damage == "from frame 1 on nothing is there (the header promises 60 frames); is the copy complete?"


def test_timestamps_that_run_back_are_told(tmp_path):
    parts = [write_video(tmp_path / f"{name}.ts", pictures(9), codec="mpeg4", fps=10) for name in "ab"]
    (tmp_path / "joined.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    frames, reader = read(tmp_path / "joined.ts")
    assert len(frames) == 18
    np.testing.assert_allclose(np.diff([frame.time_s for frame in frames]), 0.1, atol=1e-3)
    assert "its timestamps jump by -0.80 s at frame 9" in reader.warnings[0]


def write_ramp(path: Path, full: bool) -> np.ndarray:
    """A video of one picture, black to white from left to right, in full or limited range; the picture."""
    ramp = np.tile(np.linspace(0, 255, 160).astype(np.uint8)[None, :, None], (96, 1, 3))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg" if full else "libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuvj420p" if full else "yuv420p"
        for packet in [*stream.encode(av.VideoFrame.from_ndarray(ramp, "bgr24")), *stream.encode(None)]:
            container.mux(packet)
    return ramp


def test_full_range_keeps_its_black_and_white(tmp_path):
    ramp = write_ramp(tmp_path / "a.avi", full=True)
    frames, _ = read(tmp_path / "a.avi")
    assert np.abs(frames[0].image.astype(int) - ramp).max() <= 4


def test_limited_range_is_what_opencv_makes_of_the_planes(tmp_path):
    write_ramp(tmp_path / "a.mp4", full=False)
    frames, _ = read(tmp_path / "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as container:
        planes = next(container.decode(video=0)).to_ndarray()
    np.testing.assert_array_equal(frames[0].image, cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420))


@pytest.mark.parametrize("content", [b"", b"this is no video at all" * 50, bytes(4000)])
def test_what_is_no_video_is_a_camera_error_with_file_and_remedy(tmp_path, content):
    path = tmp_path / "cam.mp4"
    path.write_bytes(content)
    with pytest.raises(CameraError, match=r"camera 'cam'.*cam\.mp4"):
        open_frames(CameraSource("cam", path))


def test_sound_alone_is_a_camera_error(tmp_path):
    path = write_sound_only(tmp_path / "cam.mp4")
    with pytest.raises(CameraError, match="no video stream, only audio"):
        open_frames(CameraSource("cam", path))


def test_image_folders_in_motchallenge_layout(tmp_path):
    folder = tmp_path / "seq"
    (folder / "img1").mkdir(parents=True)
    for index, picture in enumerate(pictures(4)):
        cv2.imwrite(str(folder / "img1" / f"{index + 1:06d}.png"), picture)
    (folder / "img1" / "000003.png").write_bytes(b"broken")
    (folder / "seqinfo.ini").write_text("[Sequence]\nframeRate=5\n")
    (camera,) = find_cameras(tmp_path)
    with open_frames(camera) as reader:
        frames = list(reader)
    assert camera.id == "seq"
    np.testing.assert_allclose([frame.time_s for frame in frames], [0, 0.2, 0.4, 0.6])
    assert "000003.png" in reader.damage
    np.testing.assert_array_equal(frames[2].image, frames[1].image)


def test_an_image_that_is_cut_off_is_damage(tmp_path):
    (tmp_path / "seq").mkdir()
    for index, picture in enumerate(pictures(2)):
        content = cv2.imencode(".jpg", picture)[1].tobytes()
        (tmp_path / "seq" / f"{index}.jpg").write_bytes(content[: len(content) // (index + 1)])
    with open_frames(find_cameras(tmp_path)[0]) as reader:
        frames = list(reader)
    assert "first: 1.jpg" in reader.damage
    np.testing.assert_array_equal(frames[1].image, frames[0].image)


def test_images_come_by_number_without_those_macos_hides(tmp_path):
    (tmp_path / "cam").mkdir()
    for number in (10, 2, 1, 11):
        cv2.imwrite(str(tmp_path / "cam" / f"shot{number}.png"), np.full((32, 32, 3), number, np.uint8))
        (tmp_path / "cam" / f"._shot{number}.png").write_bytes(b"\0\5\x16\7")
    (camera,) = find_cameras(tmp_path)
    with open_frames(camera) as reader:
        assert [int(frame.image[0, 0, 0]) for frame in reader] == [1, 2, 10, 11]
    assert reader.damage is None
    run = StoredRun(tmp_path, "", {"cam": camera.path}, {}, {}, {})
    assert [int(image[0, 0, 0]) for *_, image in pictures_of(run, {"cam": {0, 1, 2, 3}})] == [1, 2, 10, 11]


def test_an_image_of_senseless_size_is_one_that_cannot_be_read(tmp_path):
    (tmp_path / "cam").mkdir()
    for name in ("1.jpg", "2.jpg"):
        cv2.imwrite(str(tmp_path / "cam" / name), pictures(1)[0])
    data = bytearray((tmp_path / "cam" / "2.jpg").read_bytes())
    size = data.index(b"\xff\xc0") + 5
    data[size : size + 4] = (65_000).to_bytes(2, "big") * 2
    (tmp_path / "cam" / "2.jpg").write_bytes(bytes(data))
    with open_frames(find_cameras(tmp_path)[0]) as reader:
        assert len(list(reader)) == 2
    assert reader.damage == "from frame 1 on images cannot be read (first: 2.jpg)"


def test_a_sequence_with_a_senseless_rate_is_refused(tmp_path):
    (tmp_path / "seq").mkdir()
    cv2.imwrite(str(tmp_path / "seq" / "1.png"), pictures(1)[0])
    (tmp_path / "seq" / "seqinfo.ini").write_text("[Sequence]\nframeRate=0\n")
    with pytest.raises(CameraError, match="frameRate"):
        open_frames(find_cameras(tmp_path)[0])


def test_find_cameras_takes_videos_and_folders_by_id(tmp_path):
    for name in ("b cam.mp4", "ünï 'q\".mkv", "<script>.webm", "notes.txt", ".hidden.mp4"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "annotated").mkdir()
    assert [camera.id for camera in find_cameras(tmp_path)] == sorted(["b cam", "ünï 'q\"", "<script>"])


def test_every_usual_ending_is_a_video(tmp_path):
    names = ["a.m4v", "b.MTS", "c.mpg", "d.wmv", "e.3gp", "f.flv", "g.m2ts", "h.mpeg"]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    assert [camera.path.name for camera in find_cameras(tmp_path)] == names


def test_what_looks_like_a_camera_and_is_none_is_named(tmp_path):
    (tmp_path / "good.mp4").write_bytes(b"x")
    (tmp_path / "notes.txt").write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "hall").mkdir()
    (tmp_path / "hall" / "monday.mp4").write_bytes(b"x")
    assert [camera.id for camera in find_cameras(tmp_path)] == ["good"]
    assert left_out(tmp_path) == [
        "hall was left out: it is a sub-folder of videos (monday.mp4): move them up, or give it to --videos"
    ]
    with pytest.raises(InputError, match=r"got rec was left out: it is a sub-folder of videos \(a\.avi\)"):
        (tmp_path / "deep" / "rec").mkdir(parents=True)
        (tmp_path / "deep" / "rec" / "a.avi").write_bytes(b"x")
        find_cameras(tmp_path / "deep")


def test_names_of_other_encodings_are_named_and_left_out(tmp_path):
    (tmp_path / "good.mp4").write_bytes(b"x")
    (tmp_path / "cam").mkdir()
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.mp4")).write_bytes(b"x")
        (tmp_path / "cam" / os.fsdecode(b"\xfc1.png")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes no such names")
    assert [camera.id for camera in find_cameras(tmp_path)] == ["good"]
    assert left_out(tmp_path) == [
        r"caf\xe9.mp4 was left out: the name caf\xe9.mp4 is not in UTF-8: rename it",
        r"cam was left out: the name \xfc1.png is not in UTF-8: rename it",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_sub_folder_that_cannot_be_read_is_named_and_left_out(tmp_path):
    (tmp_path / "good.mp4").write_bytes(b"x")
    (tmp_path / "cam").mkdir(0)
    assert [camera.id for camera in find_cameras(tmp_path)] == ["good"]
    assert left_out(tmp_path) == ["cam was left out: it cannot be read (Permission denied); allow reading it"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: None, "no such folder"),
        (lambda folder: folder.mkdir(), "an empty folder"),
        (lambda folder: folder.write_text("x"), "got a file"),
        (lambda folder: (folder.mkdir(), (folder / "readme.txt").write_text("x")), "readme.txt"),
    ],
)
def test_a_folder_without_cameras_is_an_input_error(tmp_path, make, message):
    folder = tmp_path / "videos"
    make(folder)
    with pytest.raises(InputError, match=message):
        find_cameras(folder)


def test_two_files_of_one_stem_are_refused_by_name(tmp_path):
    for name in ("cam.mp4", "CAM.mkv"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=r"'CAM.mkv' and 'cam.mp4'"):
        find_cameras(tmp_path)
