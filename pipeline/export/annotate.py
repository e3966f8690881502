"""Write an MP4 that every browser plays, with the timing of the video it was drawn from.

H.264, 8-bit 4:2:0, index in front. 4:2:0 has no odd sizes: an odd width or height gains one repeated column or row.
Pictures are converted with the BT.601 matrix in limited range, which is what OpenCV does, and labelled so.
"""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from core.errors import ShapeError
from pipeline.export.audio import AudioCopy
from pipeline.export.config import ExportConfig

_CONTAINER_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}
_MICROSECONDS = 1_000_000
_BROADCAST_FORMATS = frozenset(("mpegts", "mpeg"))


class AnnotatedVideo:
    """An MP4 being written. Use `open`, then `write` each picture, in a `with` block.

    `warnings`, complete after closing, says what of the source could not be kept.
    """

    def __init__(
        self, path: Path, source: Path, width: int, height: int, fps: float = 0.0, config: ExportConfig | None = None
    ) -> None:
        """See `open`."""
        self._config = config or ExportConfig()
        self._size = (width, height)
        self._padding = (height % 2, width % 2)
        self.frames = 0
        self._last_pts: int | None = None
        self._source: InputContainer | None = None if Path(source).is_dir() else av.open(str(source))
        self._origin_s = _origin_s(self._source)
        self._output = av.open(str(path), "w", format="mp4", options=_CONTAINER_OPTIONS)
        self._stream = self._video_stream(_rate(self._source, fps))
        self._audio: AudioCopy | None = None
        if self._config.audio and self._source is not None:
            self._audio = AudioCopy(self._source, self._output, self._origin_s)

    @classmethod
    def open(
        cls,
        path: Path,
        source: Path,
        width: int,
        height: int,
        *,
        fps: float = 0.0,
        config: ExportConfig | None = None,
    ) -> Self:
        """Begin the MP4 at `path`; `source` is the video, whose clock and sound are kept, or a folder of images.

        width, height: px of the upright pictures to come; fps: of a folder of images, or where the video names none.
        Raises av.error.FFmpegError where `source` cannot be read or `path` not be written.
        """
        return cls(path, source, width, height, fps, config)

    @property
    def warnings(self) -> list[str]:
        """What could not be kept of the source."""
        return [self._audio.warning] if self._audio is not None and self._audio.warning else []

    def write(self, image_bgr: np.ndarray, pts_s: Fraction) -> None:
        """Add one picture (H, W, 3) uint8, shown from `pts_s` on the source's clock. Raises ShapeError."""
        width, height = self._size
        if image_bgr.shape != (height, width, 3) or image_bgr.dtype != np.uint8:
            raise ShapeError(
                f"frame {self.frames} of {self._output.name}: expected ({height}, {width}, 3) uint8, "
                f"got {image_bgr.shape} {image_bgr.dtype}"
            )
        frame = av.VideoFrame.from_numpy_buffer(_yuv420(image_bgr, self._padding), "yuv420p")
        time_base = self._stream.codec_context.time_base
        pts = round((pts_s - self._origin_s) / time_base)
        if self._last_pts is not None:
            # A clock that stands still would be refused; the least step keeps every picture.
            pts = max(pts, self._last_pts + 1)
            frame.duration = pts - self._last_pts
        else:
            frame.duration = max(1, round(1 / (self._stream.codec_context.framerate * time_base)))
        frame.pts, frame.time_base = pts, time_base
        self._last_pts = pts
        self._output.mux(self._stream.encode(frame))
        self.frames += 1
        if self._audio is not None:
            self._audio.until(pts_s)

    def close(self) -> None:
        """Write what is left, the index, and close. Raises av.error.FFmpegError, as on a full disk."""
        try:
            self._output.mux(self._stream.encode(None))
            if self._audio is not None:
                self._audio.until(None)
        finally:
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        try:
            self._release()
        except av.error.FFmpegError as second:
            error.add_note(f"closing {self._output.name} failed as well: {second}")

    def _release(self) -> None:
        try:
            self._output.close()
        finally:
            if self._source is not None:
                self._source.close()

    def _video_stream(self, rate: Fraction) -> VideoStream:
        config = self._config
        stream = self._output.add_stream("libx264", rate=rate)
        stream.width, stream.height = (length + length % 2 for length in self._size)
        stream.pix_fmt = "yuv420p"
        time_base = _time_base(self._source, rate)
        stream.time_base = time_base
        context = stream.codec_context
        context.time_base = time_base
        context.thread_count = config.encoder_threads
        context.gop_size = max(1, round(config.keyframe_s * rate))
        context.max_b_frames = 0  # pictures leave in the order they come: exact times, and no edit list
        context.color_range = ColorRange.MPEG
        context.colorspace = Colorspace.SMPTE170M
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        context.options = {"crf": str(config.crf), "preset": config.preset, "deblock": "0:0"}
        return stream


def _rate(source: InputContainer | None, fps: float) -> Fraction:
    """The mean frame rate as a fraction with small numbers (30000/1001, not 29.97)."""
    known = source.streams.video[0].average_rate if source is not None else None
    return Fraction(known or fps or 25).limit_denominator(1001)


def _time_base(source: InputContainer | None, rate: Fraction) -> Fraction:
    """The source's tick where it is one n-th of a second, else the n-th that contains it."""
    tick = source.streams.video[0].time_base if source is not None else 1 / rate
    return Fraction(1, (tick or 1 / rate).denominator)


def _origin_s(source: InputContainer | None) -> Fraction:
    """Where the output's clock starts. A broadcast stream's starts anywhere; players would wait for hours."""
    if source is None or source.start_time is None or source.format.name not in _BROADCAST_FORMATS:
        return Fraction(0)
    return Fraction(source.start_time, _MICROSECONDS)


def _yuv420(image_bgr: np.ndarray, padding: tuple[int, int]) -> np.ndarray:
    """The picture as (H * 3 / 2, W) uint8: Y, then U and V at half size."""
    if any(padding):
        image_bgr = cv2.copyMakeBorder(image_bgr, 0, padding[0], 0, padding[1], cv2.BORDER_REPLICATE)
    return cv2.cvtColor(image_bgr, cv2.COLOR_BGR2YUV_I420)
