"""The source's sound, packet by packet as it is: nothing is decoded, nothing is lost."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.container import InputContainer, OutputContainer

# What MP4 can hold and players expect in it.
COPYABLE = frozenset(("aac", "mp3", "opus", "flac", "alac", "ac3", "eac3"))


class AudioCopy:
    """Copies the first audio stream of a video into an MP4, so that it sounds with the same pictures as before.

    `warning` says why there is none, or not all of it; None where all is copied or the source is silent. Use it in a
    `with` block.
    """

    def __init__(self, source: Path, output: OutputContainer) -> None:
        """Adds a stream to `output`, whose clock begins with the first picture of `source`."""
        self.warning: str | None = None
        self._output = output
        self._source = av.open(str(source), metadata_errors="ignore")
        self._packets: Iterator[av.Packet] = iter(())
        self._ahead: av.Packet | None = None
        if not self._source.streams.audio:
            return
        stream = self._source.streams.audio[0]
        codec = stream.codec_context.name
        if codec not in COPYABLE:
            self.warning = f"the sound ({codec}) was left out of the annotated video: MP4 cannot hold it"
            return
        self._stream = output.add_stream_from_template(stream)
        self._origin_s = first_picture_s(source)
        self._packets = self._source.demux(stream)

    def until(self, time_s: Fraction | None) -> None:
        """Write what sounds up to `time_s` after the first picture; None: all that is left."""
        while (packet := self._next()) is not None:
            pts = packet.pts or 0
            if time_s is not None and pts * packet.time_base - self._origin_s > time_s:
                return
            self._ahead = None
            origin = round(self._origin_s / packet.time_base)
            packet.dts = (pts if packet.dts is None else packet.dts) - origin
            packet.pts = pts - origin
            packet.stream = self._stream
            self._output.mux(packet)

    def _next(self) -> av.Packet | None:
        """The packet to write next, kept until it is written."""
        while self._ahead is None:
            try:
                packet = next(self._packets, None)
            except av.error.FFmpegError as error:
                self.warning = f"the sound of the annotated video ends early, as the source's does ({error.strerror})"
                self._packets = iter(())
                return None
            if packet is None:
                return None
            if packet.pts is not None:  # the flushing packet at the end has none
                self._ahead = packet
        return self._ahead

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()


def first_picture_s(source: Path) -> Fraction:
    """When the first picture that can be decoded is shown, on the source's own clock; 0 where no picture says.

    Not what the header says: a recording of a broadcast begins with pictures that miss what they build upon.
    """
    with av.open(str(source), metadata_errors="ignore") as container:
        for frame in _pictures(container):
            if frame.pts is not None and frame.time_base is not None:
                return frame.pts * frame.time_base
    return Fraction(0)


def _pictures(container: InputContainer) -> Iterator[av.VideoFrame]:
    """The pictures of a video; damaged ones are stepped over, and it ends where no more can be read."""
    packets = container.demux(container.streams.video[0])
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            continue
        yield from frames
