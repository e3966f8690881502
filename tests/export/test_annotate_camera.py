import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.errors import CameraError, OutputError, SettingError
from core.types import DETECTED, FILLED, Tracklet, TrackletKey
from pipeline.export.annotate_camera import Cast, annotate_camera, bridged
from pipeline.export.config import ExportConfig
from pipeline.export.palette import colour_bgr
from pipeline.result import CameraResult
from pipeline.video.picture import Picture


def camera_of(source: Path, frames: int = 8) -> CameraResult:
    return CameraResult("cam", "cam", source, 192, 160, 25.0, np.arange(frames) / 25, offset_s=100.0)


def walk(local_id: int, frames: list[int], x: float = 20, seed_joints: bool = False) -> Tracklet:
    index = np.array(frames)
    boxes = np.stack([x + index, 40 + 0 * index, x + 60 + index, 140 + 0 * index], axis=1)
    joints = np.full((len(index), 17, 3), 50.0) if seed_joints else None
    return Tracklet(
        TrackletKey("cam", local_id), index, 100 + index / 25, boxes, np.full(len(index), 0.9),
        np.zeros(len(index)), joints,
    )  # fmt: skip


def grey(count: int) -> Iterator[tuple[Picture, Fraction]]:
    for index in range(count):
        yield Picture.from_bgr(np.full((160, 192, 3), 100, np.uint8)), Fraction(index, 25)


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def test_people_are_drawn_where_and_when_they_are(tmp_path: Path) -> None:
    tracklets = [walk(1, [2, 3, 4, 5]), walk(2, [0, 1], x=100), walk(9, [0, 7], x=100)]
    identity_of = {TrackletKey("cam", 1): 4, TrackletKey("cam", 2): 1}
    report = annotate_camera(
        camera_of(tmp_path),
        tracklets,
        identity_of,
        grey(8),
        tmp_path / "out.mp4",
        ExportConfig(qp=5),
    )
    assert (report.path, report.frames, report.warnings) == (tmp_path / "out.mp4", 8, ())
    images = pictures(tmp_path / "out.mp4")
    assert len(images) == 8
    for index, image in enumerate(images):
        assert image.shape == (160, 192, 3)
        if index in (2, 3, 4, 5):
            assert np.abs(image[90, 20 + index].astype(int) - colour_bgr(4)).max() < 40
        if index in (0, 1):
            assert np.abs(image[90, 100 + index].astype(int) - colour_bgr(1)).max() < 40
        if index in (6, 7):  # tracklet 9 has no identity
            assert np.abs(image.astype(int) - 100).max() < 8


def test_sound_and_clock_come_from_the_source(make_video: Callable[..., Path], tmp_path: Path) -> None:
    ticks = [0, 40, 95, 200, 240, 500]
    source = make_video(tmp_path / "a.mp4", ticks, size=(192, 160), audio="aac")
    frames = [(picture, Fraction(tick, 1000)) for (picture, _), tick in zip(grey(6), ticks, strict=True)]
    annotate_camera(camera_of(source), [], {}, frames, tmp_path / "out.mp4", ExportConfig())
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        assert [frame.pts * frame.time_base * 1000 for frame in container.decode(video=0)] == ticks


def test_without_frames_there_is_no_file(tmp_path: Path) -> None:
    report = annotate_camera(camera_of(tmp_path), [], {}, [], tmp_path / "out.mp4", ExportConfig())
    assert (report.path, report.frames) == (None, 0)
    assert "no frames" in report.warnings[0]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("error", [CameraError("cam", "broken", 3), KeyboardInterrupt()])
def test_an_error_of_the_decoder_passes_and_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    def failing() -> Iterator[tuple[Picture, Fraction]]:
        yield from grey(3)
        raise error

    with pytest.raises(type(error)):
        annotate_camera(camera_of(tmp_path), [], {}, failing(), tmp_path / "out.mp4", ExportConfig())
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("limit", [0, 20, 4000, 60000])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, limit: int) -> None:
    import resource

    rng = np.random.default_rng(0)
    noise = [
        (Picture.from_bgr(rng.integers(0, 256, (160, 192, 3), np.uint8)), Fraction(index, 25)) for index in range(20)
    ]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(OutputError, match=r"out\.mp4: File too large; .* choose another --output"):
            annotate_camera(camera_of(tmp_path), [], {}, noise, tmp_path / "out.mp4", ExportConfig())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert os.listdir(tmp_path) == []


def test_an_identity_is_drawn_once_and_rather_as_it_was_seen() -> None:
    seen, crossing = walk(1, [5], x=20), bridged(walk(2, [4, 6], x=100), 1.0)
    assert crossing.frames.tolist() == [4, 5, 6]
    identity_of = {seen.key: 1, crossing.key: 1}
    for order in ([seen, crossing], [crossing, seen]):
        (only,) = Cast(order, identity_of, ExportConfig()).at(5)
        assert not only.filled
        assert only.box_xyxy[0] == 25


def test_a_trail_is_as_long_as_it_says_and_belongs_to_the_tracklet() -> None:
    tracklet = walk(1, list(range(100)))
    cast = Cast([tracklet], {tracklet.key: 1}, ExportConfig(trail_s=1.0))
    (late,) = cast.at(80)
    assert 10 <= len(late.trail_px) <= 15
    assert late.trail_px[-1].tolist() == [20 + 30 + 80, 140]
    assert late.trail_age[-1] == 0
    assert 0.9 <= late.trail_age[0] <= 1.0
    assert (np.diff(late.trail_age) < 0).all()
    (first,) = cast.at(0)
    assert len(first.trail_px) == 1
    (none,) = Cast([tracklet], {tracklet.key: 1}, ExportConfig(trail_s=0)).at(80)
    assert len(none.trail_px) == 1
    assert cast.at(100) == []


def test_corners_of_a_trail_stay_where_they_are() -> None:
    tracklet = walk(1, list(range(200)))
    cast = Cast([tracklet], {tracklet.key: 1}, ExportConfig(trail_s=2.0))
    one, two = cast.at(150)[0].trail_px[:-1].tolist(), cast.at(151)[0].trail_px[:-1].tolist()
    assert len([corner for corner in one if corner in two]) >= len(one) - 1


def test_short_gaps_are_bridged_straight_and_marked() -> None:
    tracklet = walk(1, [0, 4, 5, 50], seed_joints=True)
    whole = bridged(tracklet, 0.25)
    assert whole.frames.tolist() == [0, 1, 2, 3, 4, 5, 50]
    assert whole.source.tolist() == [DETECTED, FILLED, FILLED, FILLED, DETECTED, DETECTED, DETECTED]
    assert whole.boxes_xyxy[:, 0].tolist() == [20, 21, 22, 23, 24, 25, 70]
    assert whole.times_s[2] == pytest.approx(100 + 2 / 25)
    assert whole.keypoints_xyc is not None
    assert whole.keypoints_xyc[:, 0, 2].tolist() == [50, 0, 0, 0, 50, 50, 50]  # no joint is invented
    assert bridged(tracklet, 0.0) is tracklet


def test_the_skeleton_is_drawn_on_request_only() -> None:
    tracklet = walk(1, [0], seed_joints=True)
    assert Cast([tracklet], {tracklet.key: 1}, ExportConfig()).at(0)[0].keypoints_xyc is None
    assert Cast([tracklet], {tracklet.key: 1}, ExportConfig(skeleton=True)).at(0)[0].keypoints_xyc is not None


@pytest.mark.parametrize(
    ("key", "value"),
    [("qp", 52), ("preset", "fastest"), ("encoder_threads", 0), ("keyframe_s", 0.0), ("keyframe_s", 1e9),
     ("trail_s", -1.0), ("bridge_s", -0.1), ("joint_confidence", 1.5)],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(key: str, value: object) -> None:
    with pytest.raises(SettingError, match=rf"export\.{key}: expected"):
        ExportConfig(**{key: value})  # type: ignore[arg-type]
