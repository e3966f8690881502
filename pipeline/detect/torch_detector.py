"""Run a detector under PyTorch, or TensorRT through Ultralytics, on a GPU: batches of fixed size, half precision."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch

from core.types import Detections
from pipeline.detect.config import DetectConfig
from pipeline.detect.decode_output import OutputLayout, decode_output
from pipeline.detect.letterbox import Letterbox
from pipeline.detect.protocol import Tag


class TorchDetector:
    """`network`: called with (N, 3, H, W) RGB in [0, 1] gives YOLO's raw output, or a sequence that begins so."""

    def __init__(self, network: Any, layout: OutputLayout, identifier: str, config: DetectConfig, device: str) -> None:
        self.identifier = identifier
        self._network, self._layout, self._config = network, layout, config
        self._device = torch.device(device)
        self._dtype = torch.float16 if self._device.type == "cuda" else torch.float32

    @property
    def has_keypoints(self) -> bool:
        """Whether the network gives keypoints."""
        return self._layout.keypoints

    def stream(self, images: Iterable[tuple[Tag, np.ndarray]]) -> Iterator[tuple[Tag, np.ndarray, Detections]]:
        """See `Detector.stream`. A batch holds images of one size; a shorter one is filled up with grey."""
        waiting: list[tuple[Tag, np.ndarray]] = []
        for item in images:
            if waiting and (len(waiting) == self._config.batch or waiting[0][1].shape != item[1].shape):
                yield from self._run(waiting)
                waiting = []
            waiting.append(item)
        if waiting:
            yield from self._run(waiting)

    @torch.inference_mode()
    def _run(self, batch: list[tuple[Tag, np.ndarray]]) -> Iterator[tuple[Tag, np.ndarray, Detections]]:
        height, width = batch[0][1].shape[:2]
        if not height:
            for tag, image in batch:
                yield tag, image, Detections.empty(with_keypoints=self.has_keypoints)
            return
        box = Letterbox.rectangular(width, height, self._config.image_size, self._config.enlarge)
        # The batch never changes its size: kernels, and with them the last bits of the result, are chosen by size.
        pixels = np.full((self._config.batch, box.input_height, box.input_width, 3), 114, np.uint8)
        for row, (_, image) in enumerate(batch):
            pixels[row] = box.apply(image)
        inputs = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2).flip(1).to(self._dtype) / 255
        output = self._network(inputs)
        raw = output[0] if isinstance(output, (list, tuple)) else output
        for (tag, image), one in zip(batch, raw.float().cpu().numpy(), strict=False):
            yield tag, image, decode_output(one, self._layout, box, self._config)
