"""A ReID network in 8-bit integers, calibrated on crops: its convolutions run twice as fast on a CPU.

The palette stays in floating point: its colour shares are an exponential of what its one convolution gives.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.int8 import quantized
from core.quiet import hush
from core.weights import CARD, sha256_of
from core.whole import whole_files
from reid.backends import IR, IR_WEIGHTS, OpenVINOBackend
from reid.card import Card
from reid.data.shards import ShardSet
from reid.network.config import NetworkConfig
from reid.parts import part_masks
from reid.training.augmentation import plain

SAMPLES = 300  # crops to calibrate on, and as many others to compare on


@dataclass(frozen=True)
class Parity:
    """Cosine between the vectors of the integer network and the full one: mean and worst, of the global vectors."""

    mean: float
    worst: float


def quantize(folder: Path, crops: ShardSet) -> Parity:
    """Replace the IR in `folder` by its integer form and its sums in the card; the safetensors stay as they are.

    InputError with fewer than two crops, or without nncf; WeightsError where `folder` is not whole; OutputError.
    """
    if len(crops) < 2:
        raise InputError(f"expected two crops or more to calibrate on, got {len(crops)}")
    hush()
    import openvino

    card = Card.read(folder)
    files = card.checked(folder, IR), card.checked(folder, IR_WEIGHTS)
    rows = np.unique(np.linspace(0, len(crops) - 1, 2 * SAMPLES).round().astype(int))
    inputs = [_input(crops, int(row), card.network) for row in rows]
    model = openvino.Core().read_model(*files)
    full = _vectors(folder, inputs[1::2])
    members = card.network.trunk.split("+")
    keep = [rf".*trunks\.{members.index('palette')}.*"] if len(members) > 1 and "palette" in members else []
    small = quantized(model, [[array for array in one if array.size] for one in inputs[::2]], keep)
    with whole_files(folder, last=CARD) as temporary:
        openvino.save_model(small, temporary / IR, compress_to_fp16=True)
        cosine = (full * _vectors(temporary, inputs[1::2])).sum(1)
        parity = Parity(float(cosine.mean()), float(cosine.min()))
        sums = {name: sha256_of(temporary / name) for name in (IR, IR_WEIGHTS)}
        scores = dict(card.scores) | {"int8_mean_cosine": parity.mean, "int8_least_cosine": parity.worst}
        replace(card, files={**card.files, **sums}, scores=scores).write(temporary)
    return parity


def _input(crops: ShardSet, row: int, network: NetworkConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One crop as the IR takes it: (1, h, w, 3) uint8, its masks and what is owned."""
    sample = plain(crops[row], network.input_height, network.input_width)
    size = np.array([[network.input_height, network.input_width]])
    found = part_masks(sample.keypoints_xyc[None], [sample.others_xyc[None]], size, network.parts, network.grid)
    return sample.image[None], found.masks, found.owned


def _vectors(folder: Path, inputs: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> np.ndarray:
    pictures, masks, owned = (np.concatenate(column) for column in zip(*inputs, strict=True))
    return OpenVINOBackend(folder / IR, folder / IR_WEIGHTS, threads=1).run(pictures, masks, owned)[0]
