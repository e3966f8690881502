from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.types import FILLED, Evidence, Identity, Tracklet, TrackletKey
from pipeline.result import CameraResult, RunResult


def make_tracklet(camera: str, local_id: int, frames: Sequence[int], seed: int = 0, fps: float = 25.0) -> Tracklet:
    rng = np.random.default_rng([seed, local_id, len(camera)])
    frames_array = np.array(frames, np.int32)
    corner = rng.uniform(0, 300, (len(frames_array), 2))
    boxes = np.concatenate([corner, corner + rng.uniform(20, 200, (len(frames_array), 2))], axis=1)
    source = (rng.random(len(frames_array)) < 0.2) * FILLED
    scores = np.where(source == FILLED, 0, rng.uniform(0.3, 1, len(frames_array)))
    return Tracklet(TrackletKey(camera, local_id), frames_array, frames_array / fps, boxes, scores, source)


def make_camera(name: str, frames: int = 10, fps: float = 25.0) -> CameraResult:
    return CameraResult(name, name.title(), Path("/somewhere/private") / f"{name}.mp4", 640, 480, fps,
                        np.arange(frames) / fps)  # fmt: skip


@pytest.fixture
def result() -> RunResult:
    """Three cameras, one of them broken; two people, one of them in two cameras and twice in one."""
    cameras = [make_camera("<script>'\" é"), make_camera("a"), CameraResult(
        "broken", "broken", Path("broken.avi"), 0, 0, 0.0, np.zeros(0), error="no video stream")]  # fmt: skip
    tracklets = {t.key: t for t in (
        make_tracklet("a", 1, [0, 1, 2, 5]), make_tracklet("a", 2, [1, 2, 3]), make_tracklet("a", 7, [6, 7]),
        make_tracklet("<script>'\" é", 1, [3, 4, 9]))}  # fmt: skip
    first, second, third, fourth = tracklets
    evidence = {first: Evidence(0.8123456789, 0.25, 0.75, fourth, (2, 9)), second: Evidence(unknown=True)}
    identities = [Identity(1, (first, third, fourth), evidence), Identity(2, (second,), evidence)]
    metadata = {"version": "1.2.3", "settings_digest": "ab" * 8, "stride": 2}
    return RunResult(cameras, tracklets, identities, metadata)


@pytest.fixture
def make_video() -> Callable[..., Path]:
    """Writes a video of given presentation times; each frame is flat, of brightness 10 * index + 20."""
    return _make_video


def _make_video(
    path: Path,
    pts: Sequence[int],
    time_base: Fraction = Fraction(1, 1000),
    size: tuple[int, int] = (64, 48),
    audio: str | None = None,
    codec: str = "libx264",
    sound_from_s: int = 0,
) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        stream.width, stream.height = size[0] + size[0] % 2, size[1] + size[1] % 2
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = time_base
        stream.codec_context.max_b_frames = 0
        stream.codec_context.thread_count = 1
        sound = container.add_stream(audio, rate=48000, layout="mono") if audio else None
        for index, tick in enumerate(pts):
            frame = av.VideoFrame.from_ndarray(
                np.full((stream.height, stream.width, 3), 10 * index + 20, np.uint8), "bgr24"
            )
            frame.pts, frame.time_base = tick, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            _add_tone(container, sound, sound_from_s)
    return path


def _add_tone(container: av.container.OutputContainer, sound: av.AudioStream, from_s: int) -> None:
    """Half a second of 440 Hz."""
    wave = (np.sin(np.arange(24000) * 2 * np.pi * 440 / 48000) * 9000).astype(np.int16)[None]
    frame = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
    fifo = av.AudioFifo()
    resampler = av.AudioResampler(format=sound.codec_context.format, layout="mono", rate=48000)
    for piece in resampler.resample(frame):
        fifo.write(piece)
    size = sound.codec_context.frame_size or 1024
    packets = [packet for piece in fifo.read_many(size, partial=False) for packet in sound.encode(piece)]
    for packet in [*packets, *sound.encode(None)]:
        packet.pts = packet.dts = packet.pts + round(from_s / packet.time_base)
        container.mux(packet)
