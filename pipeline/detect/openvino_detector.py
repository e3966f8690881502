"""Run a detector under OpenVINO on the CPU: one single-threaded request per core, several frames in flight.

Single-threaded requests give more frames per second than one request over all cores, and the same bytes whatever the
number of cores, which several workers rely on.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import WeightsError
from core.quiet import hush
from core.types import Detections
from pipeline.detect.config import DetectConfig
from pipeline.detect.decode_output import KEYPOINT_VALUES, OutputLayout, decode_output
from pipeline.detect.letterbox import Letterbox
from pipeline.detect.protocol import Tag

hush()

import openvino as ov  # noqa: E402
from openvino.preprocess import ColorFormat, PrePostProcessor  # noqa: E402


class OpenVinoDetector:
    """A YOLO network from OpenVINO IR or ONNX. `names`: the class names, where the weights tell them."""

    def __init__(self, path: Path, identifier: str, names: dict[int, str], config: DetectConfig, requests: int) -> None:
        self.identifier = identifier
        self._config = config
        self._requests = max(1, requests)
        self._core = ov.Core()
        self._model = _read(self._core, path)
        self._layout = read_layout(self._model, path, names)
        self._idle: dict[tuple[int, int], list[Any]] = {}

    @property
    def has_keypoints(self) -> bool:
        """Whether the network gives keypoints."""
        return self._layout.keypoints

    def stream(self, images: Iterable[tuple[Tag, np.ndarray]]) -> Iterator[tuple[Tag, np.ndarray, Detections]]:
        """See `Detector.stream`."""
        in_flight: deque[tuple[Tag, np.ndarray, _Request | None]] = deque()
        try:
            for tag, image in images:
                in_flight.append((tag, image, self._submit(image) if image.size else None))
                if len(in_flight) > self._requests:
                    yield self._collect(*in_flight.popleft())
            while in_flight:
                yield self._collect(*in_flight.popleft())
        finally:  # whoever stops half-way leaves the requests to the next
            for tag, image, request in in_flight:
                self._collect(tag, image, request)

    def _submit(self, image: np.ndarray) -> "_Request":
        box = self._letterbox(image.shape[1], image.shape[0])
        infer = self._idle_requests(box).pop()
        infer.start_async({0: box.apply(image)[None]}, share_inputs=False)
        return _Request(infer, box)

    def _collect(self, tag: Tag, image: np.ndarray, request: "_Request | None") -> tuple[Tag, np.ndarray, Detections]:
        if request is None:
            return tag, image, Detections.empty(with_keypoints=self.has_keypoints)
        request.infer.wait()
        raw = request.infer.get_output_tensor(0).data[0]
        found = decode_output(raw, self._layout, request.box, self._config)
        self._idle_requests(request.box).append(request.infer)
        return tag, image, found

    def _letterbox(self, width: int, height: int) -> Letterbox:
        shape = self._model.input(0).partial_shape
        if shape[2].is_static and shape[3].is_static:
            return Letterbox(width, height, shape[3].get_length(), shape[2].get_length())
        return Letterbox.rectangular(width, height, self._config.image_size, self._config.enlarge)

    def _idle_requests(self, box: Letterbox) -> list[Any]:
        """The requests for one input size that nobody waits for; pictures go in as they are, conversion happens inside.

        Made once: making a request takes as long as running it.
        """
        size = (box.input_height, box.input_width)
        if size not in self._idle:
            model = self._model.clone()
            model.reshape([1, 3, *size])
            steps = PrePostProcessor(model)
            steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
            steps.input().tensor().set_color_format(ColorFormat.BGR)
            steps.input().model().set_layout(ov.Layout("NCHW"))
            steps.input().preprocess().convert_element_type(ov.Type.f32).convert_color(ColorFormat.RGB).scale(255.0)
            settings = {
                "NUM_STREAMS": self._requests,
                "INFERENCE_NUM_THREADS": self._requests,
                "INFERENCE_PRECISION_HINT": "f32",
            }
            network = self._core.compile_model(steps.build(), "CPU", settings)
            # One more than run at a time: `stream` submits the next before it collects the first.
            self._idle[size] = [network.create_infer_request() for _ in range(self._requests + 1)]
        return self._idle[size]


class _Request:
    def __init__(self, infer: Any, box: Letterbox) -> None:
        self.infer, self.box = infer, box


def _read(core: Any, path: Path) -> Any:
    try:
        return core.read_model(path)
    except RuntimeError as error:
        first_line = str(error).strip().splitlines()[-1]
        raise WeightsError(
            f"{path}: OpenVINO cannot read it ({first_line}). Expected an OpenVINO IR (.xml with its .bin beside it) "
            "or an ONNX file of a YOLO detector. Export it again, or use --detector bundled."
        ) from error


def read_layout(model: Any, path: Path, names: dict[int, str]) -> OutputLayout:
    """How to read the output of `model`; WeightsError where it is no YOLO detector with a person class."""
    shape = model.output(0).partial_shape
    if len(model.inputs) != 1 or len(shape) != 3:
        raise WeightsError(_wrong_task(path, f"{len(model.inputs)} inputs and an output of shape {shape}"))
    rows, columns = (length.get_length() if length.is_static else 0 for length in (shape[1], shape[2]))
    person = next(
        (number for number, name in names.items() if name.lower() in {"person", "people", "pedestrian"}), None
    )
    if person is None and names:
        raise WeightsError(
            _wrong_task(path, f"the classes {', '.join(list(names.values())[:8])}, no 'person' among them")
        )
    if columns in (6, 6 + KEYPOINT_VALUES):
        return OutputLayout(len(names) or 1, person or 0, columns > 6, end_to_end=True)
    extra = rows - 4 - (len(names) or 1)
    if not names:
        extra = KEYPOINT_VALUES if rows - 4 > KEYPOINT_VALUES else 0
    if rows < 5 or extra not in (0, KEYPOINT_VALUES):
        raise WeightsError(_wrong_task(path, f"an output of shape {shape} for {len(names)} classes"))
    return OutputLayout(rows - 4 - extra, person or 0, extra > 0, end_to_end=False)


def _wrong_task(path: Path, got: str) -> str:
    return (
        f"{path}: not a detector of people. Expected a YOLO detect or pose network (boxes, with or without 17 COCO "
        f"keypoints), got {got}. Name another file, or use --detector bundled."
    )
