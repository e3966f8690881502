"""Decode a camera: upright BGR frames with the true times of the stream, one after another, never all at once."""

import configparser
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from core.errors import CameraError, InputError
from core.pictures import read_bgr
from core.types import Frame
from pipeline.video.clock import Clock
from pipeline.video.picture import Encoding, Picture
from pipeline.video.source import SEQUENCE_FILE, CameraSource

FALLBACK_FPS = 25.0
# swscale is exact but slow; OpenCV converts this one layout, by far the most common, several times faster: it takes
# every brightness to lie between 16 and 235.
FAST_FORMATS = {"yuv420p", "yuvj420p"}
MISSING_S, MISSING_SHARE = 1.0, 0.05  # of what the header promises; a little is always missing
UPRIGHT = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


@dataclass(frozen=True)
class VideoInfo:
    """What the header says. width and height are those of the upright picture; the frame count is a mere promise.

    expected_frames, duration_s: 0 where it does not say; time_base: seconds per tick of the stream's timestamps;
    rotation_deg: how far the stored picture must be turned counter-clockwise to stand upright.
    """

    width: int
    height: int
    fps: float
    expected_frames: int
    duration_s: float
    time_base: Fraction
    rotation_deg: int = 0


class FrameReader:
    """Frames of one camera, in order: iterate over it, or over its `pictures`, once. Use it as a context manager.

    `info` is known from the start. After the last frame `damage` says what could not be decoded, or is None, and
    `warnings` what may be wrong. `ticks` is the timestamp of the last frame given, in units of `info.time_base`,
    counted from the first frame.
    """

    info: VideoInfo
    damage: str | None = None
    warnings: tuple[str, ...] = ()
    ticks: int = 0

    def __iter__(self) -> Iterator[Frame]:
        raise TypeError("a FrameReader is made by open_frames")

    def pictures(self) -> Iterator[Picture]:
        """Every frame as the video holds it, upright, whatever the stride: to be drawn on and encoded again."""
        raise TypeError("a FrameReader is made by open_frames")

    def close(self) -> None:
        """Free the file."""

    def __enter__(self) -> "FrameReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_frames(camera: CameraSource, offset_s: float = 0.0, stride: int = 1, threads: int = 2) -> FrameReader:
    """A reader of `camera`; every `stride`-th frame carries its picture, the others an empty one (0, 0, 3).

    threads: of the decoder. Raises CameraError where nothing can be read.
    """
    if camera.images:
        return _ImageReader(camera, offset_s, stride)
    return _VideoReader(camera, offset_s, stride, threads)


NO_PICTURE = np.zeros((0, 0, 3), np.uint8)


class _VideoReader(FrameReader):
    def __init__(self, camera: CameraSource, offset_s: float, stride: int, threads: int) -> None:
        self._camera, self._offset_s, self._stride = camera.id, offset_s, stride
        self._container = _open_container(camera)
        videos = self._container.streams.video
        if not videos:
            kinds = ", ".join(sorted({s.type for s in self._container.streams})) or "nothing"
            self._container.close()
            raise CameraError(camera.id, f"{camera.path.name} has no video stream, only {kinds}. Leave the file out.")
        self._stream: VideoStream = videos[0]
        self._stream.thread_type = "AUTO"
        self._stream.thread_count = threads
        self._waiting = self._first_frame(camera.path)
        self.info = _describe(self._stream, self._waiting[0], self._container.duration)

    def _first_frame(self, path: Path) -> list[VideoFrame]:
        """Decode up to the first frame: only then are size and rotation certain."""
        self._packets = self._container.demux(self._stream)
        frames = self._next_frames(0)
        if frames is None:
            self._container.close()
            reason = self.damage or "its header is there, but no frame"
            raise CameraError(self._camera, f"{path.name}: no frame could be decoded ({reason}). Is the file complete?")
        return frames

    def _next_frames(self, index: int) -> list[VideoFrame] | None:
        """The frames of the next packets that hold any, None at the end. What is damaged is noted and stepped over."""
        while True:
            try:
                packet = next(self._packets, None)
            except av.error.FFmpegError as error:
                self._note_damage(index, f"the file breaks off or is damaged ({error.strerror})")
                return None
            if packet is None:
                return None
            try:
                frames = packet.decode()
            except av.error.FFmpegError as error:
                self._note_damage(index, f"damaged data was stepped over ({error.strerror})")
                continue
            if frames:
                return frames

    def _note_damage(self, index: int, what: str) -> None:
        self.damage = self.damage or f"from frame {index} on {what}"

    def __iter__(self) -> Iterator[Frame]:
        for index, (time_s, frame) in enumerate(self._decoded()):
            image = self._upright(frame) if index % self._stride == 0 else NO_PICTURE
            yield Frame(self._camera, index, time_s + self._offset_s, image)

    def pictures(self) -> Iterator[Picture]:
        for _, frame in self._decoded():
            yield self._upright_planes(frame)

    def _decoded(self) -> Iterator[tuple[float, VideoFrame]]:
        """Every frame with its time from the first one on."""
        clock = Clock(self.info.fps, self.info.time_base)
        frames = self._stored()
        frame, count, time_s = next(frames, None), 0, 0.0
        while frame is not None:
            following = next(frames, None)
            self.ticks, time_s = clock.tick(frame.pts, following.pts if following else None)
            yield time_s, frame
            frame, count = following, count + 1
        missing = None if self.damage else self._missing(count, time_s + 1 / self.info.fps)
        self.warnings = tuple(warning for warning in (clock.trouble, missing) if warning)

    def _stored(self) -> Iterator[VideoFrame]:
        index = 0
        batch: list[VideoFrame] | None = self._waiting
        while batch is not None:
            yield from batch
            index += len(batch)
            batch = self._next_frames(index)
        promised = self.info.expected_frames
        if index == 1 < promised and not self.damage:
            self._note_damage(1, f"nothing is there (the header promises {promised} frames); is the copy complete?")

    def _missing(self, frames: int, read_s: float) -> str | None:
        """That much less was read than the header promises, None where it is little.

        A header that lies cannot be told from a file that was cut off.
        """
        too_few = max(0, self._stream.frames - frames) / self.info.fps
        missing_s = max(self.info.duration_s - read_s, too_few)
        promised_s = read_s + missing_s
        if missing_s <= max(MISSING_S, MISSING_SHARE * promised_s):
            return None
        return (
            f"the header promises {self.info.expected_frames} frames / {promised_s:.1f} s, {frames} / {read_s:.1f} s "
            "were read; is the copy complete?"
        )

    def _upright(self, frame: VideoFrame) -> np.ndarray:
        image: np.ndarray = to_bgr(frame)
        turn = self.info.rotation_deg
        if turn in UPRIGHT:
            image = cv2.rotate(image, UPRIGHT[turn])
        if image.shape[:2] != (self.info.height, self.info.width):  # a stream may change its size half-way
            image = cv2.resize(image, (self.info.width, self.info.height), interpolation=cv2.INTER_AREA)
        return image

    def _upright_planes(self, frame: VideoFrame) -> Picture:
        turn = self.info.rotation_deg
        stored = (frame.height, frame.width) if turn in (90, 270) else (frame.width, frame.height)
        if not _is_plain(frame) or stored != (self.info.width, self.info.height):
            return Picture.from_bgr(self._upright(frame))
        picture = Picture(frame.to_ndarray(), Encoding.of(frame))
        return picture.turned(UPRIGHT[turn]) if turn in UPRIGHT else picture

    def close(self) -> None:
        self._container.close()


class _ImageReader(FrameReader):
    def __init__(self, camera: CameraSource, offset_s: float, stride: int) -> None:
        self._camera, self._offset_s, self._stride = camera, offset_s, stride
        first = next((image for path in camera.images if (image := _read(path)) is not None), None)
        if first is None:
            raise CameraError(camera.id, f"none of the {len(camera.images)} images in {camera.path} can be read.")
        fps = _sequence_fps(camera)
        height, width = first.shape[:2]
        count = len(camera.images)
        time_base = Fraction(1) / Fraction(fps).limit_denominator(1001)
        self.info = VideoInfo(width, height, fps, count, count / fps, time_base)

    def __iter__(self) -> Iterator[Frame]:
        for index, image in enumerate(self._images(self._stride)):
            yield Frame(self._camera.id, index, float(index * self.info.time_base) + self._offset_s, image)

    def pictures(self) -> Iterator[Picture]:
        return (Picture.from_bgr(image) for image in self._images(1))

    def _images(self, stride: int) -> Iterator[np.ndarray]:
        """Every image, those between the strides empty; where one cannot be read, the one before."""
        image: np.ndarray = np.zeros((self.info.height, self.info.width, 3), np.uint8)
        for index, path in enumerate(self._camera.images):
            self.ticks = index
            if index % stride:
                yield NO_PICTURE
                continue
            read = _read(path)
            if read is None:
                self.damage = self.damage or f"from frame {index} on images cannot be read (first: {path.name})"
            elif read.shape != image.shape:
                image = cv2.resize(read, (self.info.width, self.info.height), interpolation=cv2.INTER_AREA)
            else:
                image = read
            yield image


def _read(path: Path) -> np.ndarray | None:
    """The image, None where it cannot be read."""
    try:
        return read_bgr(path)
    except InputError:
        return None


def to_bgr(frame: VideoFrame) -> np.ndarray:
    """The stored picture (H, W, 3) uint8 BGR of any pixel format, not yet turned upright."""
    if _is_plain(frame) and not Encoding.of(frame).is_full_range:
        return cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420)
    return frame.to_ndarray(format="bgr24")


def _is_plain(frame: VideoFrame) -> bool:
    return frame.format.name in FAST_FORMATS and frame.width % 2 == 0 and frame.height % 2 == 0


def _open_container(camera: CameraSource) -> av.container.InputContainer:
    path = camera.path
    try:
        if path.stat().st_size == 0:
            raise CameraError(camera.id, f"{path.name} is empty (0 bytes). Copy it again from the camera.")
        return av.open(str(path), metadata_errors="ignore")
    except PermissionError as error:
        raise CameraError(camera.id, f"{path.name} cannot be read ({error.strerror}). Allow reading it.") from error
    except (av.error.FFmpegError, OSError) as error:
        raise CameraError(
            camera.id,
            f"{path.name} cannot be opened as a video ({error.strerror or error}). It is no video, or it was cut off "
            "while it was written: copy or record it again, or convert it with ffmpeg.",
        ) from error


def _describe(stream: VideoStream, first: VideoFrame, container_duration: int | None) -> VideoInfo:
    rotation = round(first.rotation / 90) * 90 % 360
    width, height = first.width, first.height
    if rotation in (90, 270):
        width, height = height, width
    time_base = stream.time_base or Fraction(1, 90_000)
    rate = stream.average_rate or stream.guessed_rate
    fps = float(rate) if rate and 0.1 <= rate <= 1000 else FALLBACK_FPS
    in_ticks = stream.duration * time_base if stream.duration else None
    duration_s = float(in_ticks) if in_ticks else (container_duration or 0) / av.time_base
    expected = stream.frames or round(duration_s * fps)
    return VideoInfo(width, height, fps, expected, duration_s, time_base, rotation)


def _sequence_fps(camera: CameraSource) -> float:
    """The frame rate that MOTChallenge's seqinfo.ini states, else FALLBACK_FPS."""
    path = camera.path / SEQUENCE_FILE
    if not path.is_file():
        return FALLBACK_FPS
    parser = configparser.ConfigParser()
    try:
        parser.read(path, encoding="utf-8")
        fps = parser.getfloat("Sequence", "frameRate", fallback=FALLBACK_FPS)
    except (configparser.Error, ValueError, UnicodeDecodeError) as error:
        raise CameraError(
            camera.id, f"{path} cannot be read ({error}). Expected frameRate=… below [Sequence]."
        ) from error
    if not 0.1 <= fps <= 1000:
        raise CameraError(camera.id, f"{path}: frameRate must lie between 0.1 and 1000, got {fps}.")
    return fps
