"""Write an MP4 that every browser plays, with the timing of the video it was drawn from.

H.264, 8-bit 4:2:0, index in front. 4:2:0 has no odd sizes: an odd width or height has gained one column or row.
What the numbers mean as colours is stated as it was in the source.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.video.stream import VideoStream

from core.errors import ShapeError
from pipeline.export.audio import AudioCopy
from pipeline.export.config import ExportConfig
from pipeline.video.picture import Encoding, Picture

_CONTAINER_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}
_FALLBACK_FPS = 25.0


@dataclass(frozen=True)
class Rhythm:
    """What the new video takes over from the source: mean rate, seconds per tick, and width over height of a pixel."""

    rate: Fraction
    time_base: Fraction
    pixel_shape: Fraction = Fraction(1)

    @classmethod
    def of(cls, source: Path, size: tuple[int, int], fps: float = 0.0) -> Self:
        """Of a video shown upright at `size` (width, height), or of a folder of images shown at `fps`."""
        fallback = Fraction(fps or _FALLBACK_FPS).limit_denominator(1001)  # 30000/1001, not 29.97
        if Path(source).is_dir():
            return cls(fallback, _tick(1 / fallback))
        with av.open(str(source), metadata_errors="ignore") as container:
            stream = container.streams.video[0]
            context = stream.codec_context
            rate = Fraction(stream.average_rate or fallback).limit_denominator(1001)
            shape = Fraction(context.sample_aspect_ratio or 1)
            turned = size == (context.height, context.width) and context.width != context.height
            return cls(rate or fallback, _tick(stream.time_base or 1 / rate), 1 / shape if turned else shape)


def _tick(time_base: Fraction) -> Fraction:
    """MP4 counts in n-ths of a second: the coarsest that holds every multiple of `time_base`."""
    return Fraction(1, time_base.denominator)


class AnnotatedVideo:
    """An MP4 being written. Use `open` in a `with` block, and `write` each picture.

    `frames`: pictures written so far. `warnings`, complete after the block, says what of the source could not be kept.
    """

    def __init__(self, path: Path, source: Path, size: tuple[int, int], rhythm: Rhythm, config: ExportConfig) -> None:
        """See `open`."""
        self.frames = 0
        self._rhythm = rhythm
        self._last_pts: int | None = None
        self._audio: AudioCopy | None = None
        with ExitStack() as opened:
            self._output = opened.enter_context(av.open(str(path), "w", format="mp4", options=_CONTAINER_OPTIONS))
            self._stream = self._add_stream(size, config)
            if config.audio and not Path(source).is_dir():
                self._audio = opened.enter_context(AudioCopy(source, self._output))
            self._opened = opened.pop_all()

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
        """Begin the MP4 at `path`; `source` is the video, whose ticks and sound are kept, or a folder of images.

        width, height: px of the upright pictures to come; fps: of a folder of images, or where the video names none.
        Raises av.error.FFmpegError where `source` cannot be read or `path` not be written.
        """
        size = (width, height)
        return cls(path, source, size, Rhythm.of(source, size, fps), config or ExportConfig())

    @property
    def warnings(self) -> list[str]:
        """What could not be kept of the source."""
        return [self._audio.warning] if self._audio is not None and self._audio.warning else []

    def write(self, picture: Picture, pts_s: Fraction) -> None:
        """Add one picture, shown from `pts_s` after the source's first picture; it belongs to the video from then on.

        All must mean colours as the first does. Raises ShapeError.
        """
        expected = (self._stream.width, self._stream.height)
        if picture.size != expected:
            raise ShapeError(
                f"frame {self.frames} of {self._output.name}: expected {expected[0]} × {expected[1]} px, "
                f"got {picture.size[0]} × {picture.size[1]}"
            )
        if not self.frames:
            self._state(picture.encoding)
        frame = av.VideoFrame.from_numpy_buffer(picture.i420, "yuv420p")
        frame.pts, frame.duration = self._next_pts(pts_s)
        frame.time_base = self._rhythm.time_base
        self._output.mux(self._stream.encode(frame))
        self.frames += 1
        if self._audio is not None:
            self._audio.until(pts_s)

    def _state(self, encoding: Encoding) -> None:
        """Tell players what the numbers mean: before the first picture is encoded, never after."""
        context = self._stream.codec_context
        context.color_range, context.colorspace = encoding.range_, encoding.matrix
        context.color_primaries, context.color_trc = encoding.primaries, encoding.transfer

    def _next_pts(self, pts_s: Fraction) -> tuple[int, int]:
        """Tick and duration of a picture. A clock that stands still would be refused; the least step keeps it all.

        The duration counts for the last picture only, which is shown as long as the one before.
        """
        pts, before = round(pts_s / self._rhythm.time_base), self._last_pts
        if before is None:
            duration = max(1, round(1 / (self._rhythm.rate * self._rhythm.time_base)))
        else:
            pts = max(pts, before + 1)
            duration = pts - before
        self._last_pts = pts
        return pts, duration

    def close(self) -> None:
        """Write what is left and the index, and close. Raises av.error.FFmpegError, as on a full disk."""
        with self._opened:
            self._output.mux(self._stream.encode(None))
            if self._audio is not None:
                self._audio.until(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        try:
            self._opened.close()
        except av.error.FFmpegError as second:
            error.add_note(f"closing {self._output.name} failed as well: {second}")

    def _add_stream(self, size: tuple[int, int], config: ExportConfig) -> VideoStream:
        rate, time_base = self._rhythm.rate, self._rhythm.time_base
        stream = self._output.add_stream("libx264", rate=rate)
        stream.width, stream.height = (length + length % 2 for length in size)
        stream.pix_fmt = "yuv420p"
        stream.time_base = time_base
        context = stream.codec_context
        context.time_base = time_base
        context.thread_count = config.encoder_threads
        context.gop_size = max(1, round(config.keyframe_s * rate))
        context.max_b_frames = 0  # pictures leave in the order they come: exact times, and no edit list
        context.sample_aspect_ratio = self._rhythm.pixel_shape
        # One quantiser for all: to choose one for each picture (crf), x264 looks at it twice, a fifth of its time.
        # x264's ultrafast leaves blocks unsmoothed; smoothing them costs 1 ms at 1080p and makes the file smaller.
        context.options = {"qp": str(config.qp), "preset": config.preset, "deblock": "0:0"}
        return stream
