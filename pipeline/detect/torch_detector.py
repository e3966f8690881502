"""Run a detector under PyTorch, or TensorRT through Ultralytics, on a GPU: batches of fixed size, half precision."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic

import numpy as np
import torch

from core.letterbox import GREY, Letterbox
from core.types import Detections
from pipeline.detect.config import DetectConfig
from pipeline.detect.decode_output import decode_output
from pipeline.detect.layout import InputLayout, OutputLayout
from pipeline.detect.protocol import Tag

AHEAD = 4  # batches of images that may wait for others of their size
NO_INPUT = Letterbox(0, 0, 0, 0)  # of an image without pixels


class TorchDetector:
    """`network`: called with (N, 3, H, W) RGB in [0, 1] gives YOLO's raw output, or a sequence that begins so."""

    def __init__(
        self,
        network: Any,
        takes: InputLayout,
        layout: OutputLayout,
        identifier: str,
        config: DetectConfig,
        device: str,
    ) -> None:
        self.identifier = identifier
        self._network, self._takes, self._layout, self._config = network, takes, layout, config
        self._device = torch.device(device)
        self._batch = takes.batch or config.batch

    @property
    def has_keypoints(self) -> bool:
        """Whether the network gives keypoints."""
        return self._layout.keypoints

    def stream(self, images: Iterable[tuple[Tag, np.ndarray]]) -> Iterator[tuple[Tag, np.ndarray, Detections]]:
        """See `Detector.stream`. A batch holds inputs of one size; a shorter one is filled up with grey.

        Images of several sizes, from cameras that take turns, wait in a batch each. No more than AHEAD batches of them
        are held: then the one in which the oldest waits goes as it is.
        """
        held: deque[_Image[Tag]] = deque()
        waiting: dict[tuple[int, int], list[_Image[Tag]]] = {}
        for tag, image in images:
            one = self._prepared(tag, image)
            held.append(one)
            if one.found is None:
                batch = waiting.setdefault(one.size, [])
                batch.append(one)
                if len(batch) == self._batch:
                    self._run(waiting.pop(one.size))
            yield from self._oldest(held, waiting, AHEAD * self._batch)
        yield from self._oldest(held, waiting, 0)

    def _prepared(self, tag: Tag, image: np.ndarray) -> "_Image[Tag]":
        height, width = image.shape[:2]
        if not image.size:
            return _Image(tag, image, NO_INPUT, Detections.empty(with_keypoints=self.has_keypoints))
        return _Image(tag, image, self._takes.letterbox(width, height, self._config))

    def _oldest(
        self, held: "deque[_Image[Tag]]", waiting: "dict[tuple[int, int], list[_Image[Tag]]]", most: int
    ) -> Iterator[tuple[Tag, np.ndarray, Detections]]:
        """Give back the oldest that were looked at; they are looked at now where more than `most` are held."""
        while held and (held[0].found is not None or len(held) > most):
            if held[0].found is None:
                self._run(waiting.pop(held[0].size))
            one = held.popleft()
            assert one.found is not None
            yield one.tag, one.image, one.found

    @torch.inference_mode()
    def _run(self, batch: "list[_Image[Tag]]") -> None:
        # The batch never changes its size: kernels, and with them the last bits of the result, are chosen by size.
        pixels = np.full((self._batch, *batch[0].size, 3), GREY, np.uint8)
        for row, one in enumerate(batch):
            pixels[row] = one.box.apply(one.image)
        inputs = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2).flip(1)
        output = raw_output(self._network, inputs.to(torch.float16 if self._takes.half else torch.float32) / 255)
        for one, raw in zip(batch, output.float().cpu().numpy(), strict=False):
            one.found = decode_output(raw, self._layout, one.box, self._config)


@dataclass
class _Image(Generic[Tag]):
    """An image on its way, and what was found in it once it was looked at."""

    tag: Tag
    image: np.ndarray
    box: Letterbox
    found: Detections | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of its input, px."""
        return self.box.input_height, self.box.input_width


def raw_output(network: Any, inputs: torch.Tensor) -> torch.Tensor:
    """The first output of `network`, whether it gives one or several."""
    output = network(inputs)
    first: torch.Tensor = output[0] if isinstance(output, (list, tuple)) else output
    return first
