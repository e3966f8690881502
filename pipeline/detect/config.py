"""Every default of detection."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DetectConfig:
    """How people are looked for.

    score: boxes below are dropped; low on purpose, since the tracker makes use of unsure boxes. overlap: of two boxes
    that share more than this (intersection over union), the surer stays. image_size: the frame's longer side is brought
    to this many pixels, a multiple of 32, before it is looked at. max_people: most boxes of a frame. batch: frames
    looked at in one go on a GPU (on the CPU each frame is its own request).
    """

    score: float = 0.1
    overlap: float = 0.5
    image_size: int = 512
    max_people: int = 300
    batch: int = 8
