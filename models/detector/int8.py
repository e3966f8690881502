"""The detector in 8-bit integers: NNCF calibrates the ranges of its activations on rendered frames.

What turns features into boxes, scores and keypoints behind the last convolutions stays in floating point, since an
eighth bit of a coordinate is several pixels (`core.int8`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.boxes import iou
from core.errors import InputError, WeightsError
from core.int8 import quantized
from core.quiet import hush
from evaluation.reliability import match_people
from models.detector.calibrate import people_of, read_frame

hush()

import openvino as ov  # noqa: E402

SURE = 0.3  # people that the full network is this sure of are compared


@dataclass(frozen=True)
class Parity:
    """How far the integer network is from the full one, over `people` it is sure of.

    found: share of them found again (IoU of one half). overlap: their mean IoU. score: mean distance of scores.
    joints: mean distance of joints over the height of the box.
    """

    people: int
    found: float
    overlap: float
    score: float
    joints: float

    def __str__(self) -> str:
        return (
            f"{self.people} people of score {SURE} and more: {self.found:.3f} found again, IoU {self.overlap:.3f}, "
            f"scores {self.score:.3f} apart, joints {self.joints:.3f} of the height apart"
        )


def quantize(source: Path, frames: list[Path], image_size: int, output: Path) -> Parity:
    """Write the integer form of the IR `source` to `output` (.xml, .bin beside it); how far it is from the full one.

    frames: rendered pictures with labels beside them; half of them calibrate, half compare. InputError without frames
    or without nncf; WeightsError where `source` cannot be read.
    """
    if len(frames) < 2:
        raise InputError(f"--int8: expected --calibration FRAMES, a folder of pictures, got {len(frames)}.")
    try:
        full = ov.Core().read_model(source)
    except RuntimeError as error:
        raise WeightsError(f"{source}: OpenVINO cannot read it. Export the network first.") from error
    pictures = [_tensor(path, image_size) for path in frames]
    small = quantized(full, pictures[::2])
    output.parent.mkdir(parents=True, exist_ok=True)
    ov.save_model(small, output, compress_to_fp16=True)
    return compare(source, output, pictures[1::2])


def compare(full: Path, small: Path, pictures: list[np.ndarray]) -> Parity:
    """What both networks say on `pictures` (1, 3, H, W) float32 RGB in [0, 1]."""
    core, options = ov.Core(), {"INFERENCE_PRECISION_HINT": "f32"}
    networks = [core.compile_model(path, "CPU", options) for path in (full, small)]
    rows: list[tuple[float, float, float]] = []
    asked = 0
    for picture in pictures:
        (boxes, scores, joints), other = (people_of(network(picture)[0][0]) for network in networks)
        sure = scores >= SURE
        boxes, scores, joints = boxes[sure], scores[sure], joints[sure]
        asked += len(boxes)
        for row, of in enumerate(match_people(other[0], other[1], boxes)):
            if of >= 0:
                height = boxes[of, 3] - boxes[of, 1]
                away = np.linalg.norm(joints[of, :, :2] - other[2][row, :, :2], axis=1).mean() / height
                overlap = iou(boxes[of : of + 1], other[0][row : row + 1])[0, 0]
                rows.append((float(overlap), float(abs(scores[of] - other[1][row])), float(away)))
    if not rows:
        return Parity(asked, 0.0, 0.0, 1.0, 1.0)
    means = np.mean(rows, 0)
    return Parity(asked, len(rows) / asked, *(float(value) for value in means))


def _tensor(path: Path, image_size: int) -> np.ndarray:
    picture, _, _ = read_frame(path, image_size)
    return picture.transpose(2, 0, 1)[None].astype(np.float32) / 255
