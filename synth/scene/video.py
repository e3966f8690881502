"""H.264 files whose bytes depend on the pictures alone."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def write_video(path: Path, frames_bgr: Iterable[np.ndarray], fps: float, size: tuple[int, int], crf: int) -> int:
    """Encode pictures (H, W, 3) uint8 BGR at a constant rate; gives how many there were.

    One thread and no B-frames: the same pictures give the same bytes, and the first frame is at time 0. `size` is
    (width, height), both even (yuv420p halves the colour planes).
    """
    rate = Fraction(fps).limit_denominator(1001)
    count = 0
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf), "preset": "medium", "bf": "0", "threads": "1", "g": str(round(4 * fps))}
        stream.codec_context.thread_count = 1
        for picture in frames_bgr:
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = count
            frame.time_base = 1 / rate
            file.mux(stream.encode(frame))
            count += 1
        file.mux(stream.encode(None))
    return count
