"""Run a detector under OpenVINO on the CPU: one single-threaded request per core, several frames in flight.

Single-threaded requests give more frames per second than one request over all cores, and the same bytes whatever the
number of cores, which several workers rely on.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import WeightsError
from core.letterbox import Letterbox
from core.quiet import hush
from core.types import Detections
from pipeline.detect.config import DetectConfig
from pipeline.detect.decode_output import decode_output
from pipeline.detect.layout import InputLayout, read_output_layout, shape_text, wrong_task
from pipeline.detect.protocol import Tag

hush()

import openvino as ov  # noqa: E402
from openvino.preprocess import ColorFormat, PrePostProcessor  # noqa: E402

KEPT_SIZES = 8  # compiled networks, each for one input size: tens of megabytes, and half a second to make again


class OpenVinoDetector:
    """A YOLO network from OpenVINO IR or ONNX. `names`: the class names, where the weights tell them.

    Raises WeightsError where it is no such network, SettingError where it cannot have the size asked for.
    """

    def __init__(self, path: Path, identifier: str, names: dict[int, str], config: DetectConfig, requests: int) -> None:
        self.identifier = identifier
        self._config = config
        self._requests = max(1, requests)
        self._core = ov.Core()
        self._model = _read(self._core, path)
        inputs = [_lengths(port) for port in self._model.inputs]
        if len(inputs) != 1 or len(inputs[0]) != 4:
            raise WeightsError(wrong_task(path, f"inputs of shape {', '.join(map(shape_text, inputs))}"))
        _, _, height, width = inputs[0]
        self._takes = InputLayout(size=(height, width) if height and width else None)
        self._takes.check(path, config)
        self._layout = read_output_layout(path, _lengths(self._model.output(0)), names)
        self._idle: OrderedDict[tuple[int, int], list[Any]] = OrderedDict()

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
        box = self._takes.letterbox(image.shape[1], image.shape[0], self._config)
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
        self._forget_old_sizes()
        return tag, image, found

    def _idle_requests(self, box: Letterbox) -> list[Any]:
        """The requests for one input size that nobody waits for.

        Made once for each of the last few sizes: making a request takes as long as running it.
        """
        size = (box.input_height, box.input_width)
        if size not in self._idle:
            network = self._compile(size)
            # One more than run at a time: `stream` submits the next before it collects the first.
            self._idle[size] = [network.create_infer_request() for _ in range(self._requests + 1)]
        self._idle.move_to_end(size)
        return self._idle[size]

    def _forget_old_sizes(self) -> None:
        """Let go of sizes that were not met for the longest, but of none that somebody waits for."""
        unused = [size for size, idle in self._idle.items() if len(idle) > self._requests]
        for size in unused[: max(0, len(self._idle) - KEPT_SIZES)]:
            del self._idle[size]

    def _compile(self, size: tuple[int, int]) -> Any:
        """The network for inputs of `size` (height, width); pictures go in as they are, conversion happens inside."""
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
        return self._core.compile_model(steps.build(), "CPU", settings)


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


def _lengths(port: Any) -> list[int | None]:
    """The shape of an input or output; None where a length depends on the picture."""
    return [length.get_length() if length.is_static else None for length in port.partial_shape]
