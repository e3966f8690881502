"""The joints of people whose boxes are known, from a second network that looks at each of them alone and near."""

from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from core.keypoints import COUNT
from core.pose_crop import HEIGHT_PX, MAP_COLUMNS, MAP_ROWS, WIDTH_PX, cut, read_maps, to_frame, windows
from core.quiet import hush
from core.weights import open_card

BUNDLED = Path(__file__).resolve().parents[2] / "models" / "pose"
TOGETHER = 4  # crops in one go under OpenVINO: a fifth faster than one by one, more gain nothing
TORCH_BATCH = 32


class PoseFinder(Protocol):
    """Made by `open_pose`; one per process."""

    @property
    def identifier(self) -> str:
        """Name and sha256 of the weights."""
        ...

    def look(self, image_bgr: np.ndarray, boxes_xyxy: np.ndarray) -> np.ndarray:
        """Joints (N, 17, 3) float32, px and visibility, of those in boxes (N, 4) px of an image (H, W, 3) uint8."""
        ...


def open_pose(device: str, requests: int) -> PoseFinder:
    """The bundled network on `device`: cpu, cuda, cuda:N or mps; with so many requests at a time on the CPU.

    Raises WeightsError where it is missing or damaged.
    """
    card = open_card(BUNDLED)
    if device == "cpu":
        return OpenVinoPose(card.path(".xml"), card.identifier, requests)
    return TorchPose(card.path(".safetensors"), card.identifier, device)


class OpenVinoPose:
    """Single-threaded requests over TOGETHER people each, and over one each of those left over.

    Who is looked at with whom depends on nothing but the image, so that the bytes are the same however many run.
    """

    def __init__(self, path: Path, identifier: str, requests: int) -> None:
        hush()
        import openvino

        self.identifier = identifier
        core = openvino.Core()
        network = core.read_model(path)
        self._queues = {
            size: openvino.AsyncInferQueue(_compiled(core, network, size, requests), requests) for size in (TOGETHER, 1)
        }

    def look(self, image_bgr: np.ndarray, boxes_xyxy: np.ndarray) -> np.ndarray:
        """See PoseFinder."""
        seen_in = windows(boxes_xyxy.astype(np.float64))
        maps = np.empty((len(boxes_xyxy), COUNT, MAP_ROWS * MAP_COLUMNS), np.float32)
        visible = np.empty((len(boxes_xyxy), COUNT), np.float32)

        def keep(request: Any, rows: slice) -> None:
            maps[rows], visible[rows] = (output.data for output in request.output_tensors)

        whole = len(boxes_xyxy) - len(boxes_xyxy) % TOGETHER
        for size, first, last in ((TOGETHER, 0, whole), (1, whole, len(boxes_xyxy))):
            queue = self._queues[size]
            queue.set_callback(keep)
            for start, stop in pairwise(range(first, last + 1, size)):
                crops = np.stack([cut(image_bgr, window) for window in seen_in[start:stop]])
                queue.start_async({0: crops}, slice(start, stop))
        for queue in self._queues.values():
            queue.wait_all()
        return _joints(maps, visible, seen_in)


class TorchPose:
    """PyTorch on an accelerator, in batches of one fixed size."""

    def __init__(self, weights: Path, identifier: str, device: str) -> None:
        import torch

        from models.pose.weights import read_network

        self.identifier = identifier
        self._torch, self._device = torch, torch.device(device)
        self._network = read_network(weights).to(self._device)

    def look(self, image_bgr: np.ndarray, boxes_xyxy: np.ndarray) -> np.ndarray:
        """See PoseFinder."""
        seen_in = windows(boxes_xyxy.astype(np.float64))
        maps = [np.zeros((0, COUNT, MAP_ROWS * MAP_COLUMNS), np.float32)]
        visible = [np.zeros((0, COUNT), np.float32)]
        for first in range(0, len(boxes_xyxy), TORCH_BATCH):
            crops = np.zeros((TORCH_BATCH, HEIGHT_PX, WIDTH_PX, 3), np.uint8)
            rows = seen_in[first : first + TORCH_BATCH]
            for row, window in enumerate(rows):
                crops[row] = cut(image_bgr, window)
            with self._torch.inference_mode():
                found = self._network(self._torch.from_numpy(crops).to(self._device).permute(0, 3, 1, 2))
            maps.append(found[0][: len(rows)].cpu().numpy())
            visible.append(found[1][: len(rows)].cpu().numpy())
        return _joints(np.concatenate(maps), np.concatenate(visible), seen_in)


def _compiled(core: Any, network: Any, size: int, requests: int) -> Any:
    network = network.clone()
    network.reshape([size, 3, HEIGHT_PX, WIDTH_PX])
    import openvino
    from openvino.preprocess import PrePostProcessor

    steps = PrePostProcessor(network)
    steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    steps.input().model().set_layout(openvino.Layout("NCHW"))
    steps.input().preprocess().convert_element_type(openvino.Type.f32)
    settings = {
        "NUM_STREAMS": requests,
        "INFERENCE_NUM_THREADS": requests,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    return core.compile_model(steps.build(), "CPU", settings)


def _joints(maps: np.ndarray, visible: np.ndarray, seen_in: np.ndarray) -> np.ndarray:
    places = to_frame(read_maps(maps), seen_in)
    return np.concatenate([places, visible[..., None]], 2).astype(np.float32)
