"""Videos for tests: small files of every kind, made on the spot."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def pictures(count: int, width: int = 160, height: int = 96, seed: int = 0) -> list[np.ndarray]:
    """Frames (height, width, 3) uint8 BGR: a bright square that moves over a still, textured ground."""
    generator = np.random.default_rng(seed)
    ground = generator.integers(60, 120, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    ground = ground.repeat(8, 0).repeat(8, 1)[:height, :width]
    frames = []
    for index in range(count):
        frame = ground.copy()
        left = (index * 3) % max(1, width - 16)
        frame[height // 3 : height // 3 + 16, left : left + 16] = (40, 200, 240)
        frames.append(frame)
    return frames


def write_video(
    path: Path,
    frames: Iterable[np.ndarray],
    fps: int = 10,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    ticks: Sequence[int] | None = None,
    audio: bool = False,
    live: bool = False,
) -> Path:
    """Write `frames` with `codec`; `ticks`: timestamps in milliseconds, for a variable frame rate.

    live: as a recorder writes that never goes back to fill in how long the video is; only of Matroska.
    """
    frames = list(frames)
    with av.open(str(path), "w", options={"live": "1"} if live else {}) as container:
        stream = container.add_stream(codec, rate=fps)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixel_format
        if ticks is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        sound = container.add_stream("aac", rate=48000) if audio else None
        for index, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            if ticks is not None:
                frame.pts, frame.time_base = ticks[index], Fraction(1, 1000)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
        if sound is not None:
            _write_sound(container, sound, len(frames) / fps)
    return path


def write_sound_only(path: Path, seconds: float = 0.5) -> Path:
    """A file with an audio stream and nothing to see."""
    with av.open(str(path), "w") as container:
        _write_sound(container, container.add_stream("aac", rate=48000), seconds)
    return path


def _write_sound(container: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    for index in range(max(1, int(seconds * 48000 / 1024))):
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48000, index * 1024
        for packet in stream.encode(frame):
            container.mux(packet)
    for packet in stream.encode(None):
        container.mux(packet)


def turn_header(path: Path, degrees: int) -> Path:
    """Write a rotation into the display matrix of an MP4's video track, as phones do."""
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]

    def fixed(value: int) -> bytes:
        return int(value * 0x10000).to_bytes(4, "big", signed=True)

    upright = fixed(1) + bytes(4) * 3 + fixed(1) + bytes(4) * 3 + (0x40000000).to_bytes(4, "big")
    turned = fixed(cosine) + fixed(sine) + bytes(4) + fixed(-sine) + fixed(cosine) + bytes(4) * 3
    turned += (0x40000000).to_bytes(4, "big")
    data = path.read_bytes()
    track = data.index(b"tkhd")
    at = data.index(upright, track)
    path.write_bytes(data[:at] + turned + data[at + len(upright) :])
    return path
