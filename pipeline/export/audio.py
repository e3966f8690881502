"""The source's sound, packet by packet as it is: nothing is decoded, nothing is lost."""

from collections.abc import Iterator
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

# What MP4 can hold and players expect in it.
COPYABLE = frozenset(("aac", "mp3", "opus", "flac", "alac", "ac3", "eac3"))


class AudioCopy:
    """Copies the first audio stream of `source` into `output`. `warning` says why there is none, or not all of it."""

    def __init__(self, source: InputContainer, output: OutputContainer, origin_s: Fraction) -> None:
        """origin_s: what the output's clock begins at, on the source's clock."""
        self.warning: str | None = None
        self._output = output
        self._packets: Iterator[av.Packet] = iter(())
        self._ahead: av.Packet | None = None
        if not source.streams.audio:
            return
        stream = source.streams.audio[0]
        codec = stream.codec_context.name
        if codec not in COPYABLE:
            self.warning = f"the sound ({codec}) was left out: MP4 cannot hold it"
            return
        self._stream: AudioStream = output.add_stream_from_template(stream)
        self._packets = source.demux(stream)
        self._shift = round(origin_s / stream.time_base) if stream.time_base else 0

    def until(self, time_s: Fraction | None) -> None:
        """Write what sounds up to `time_s` on the source's clock; None: all that is left."""
        while (packet := self._next()) is not None:
            pts = packet.pts or 0
            if time_s is not None and pts * packet.time_base > time_s:
                return
            self._ahead = None
            packet.dts = (pts if packet.dts is None else packet.dts) - self._shift
            packet.pts = pts - self._shift
            packet.stream = self._stream
            self._output.mux(packet)

    def _next(self) -> av.Packet | None:
        """The packet to write next, kept until it is written."""
        while self._ahead is None:
            try:
                packet = next(self._packets, None)
            except av.error.FFmpegError as error:
                self.warning = f"the sound ends early: {error.strerror}"
                self._packets = iter(())
                return None
            if packet is None:
                return None
            if packet.pts is not None:  # the flushing packet at the end has none
                self._ahead = packet
        return self._ahead
