"""Networks of others, as small as they get: ONNX files that say the same of every picture."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_network(
    path: Path, output: np.ndarray, names: dict[int, str] | None = None, size: tuple[int, int] | None = (64, 64)
) -> Path:
    """An ONNX network that gives `output` (1, …), whatever it is shown.

    names: its classes, as Ultralytics writes them; None: as other tools leave it. size: (height, width) px of its
    input, None for any.
    """
    height, width = size or ("height", "width")
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
            helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
            helper.make_node("Add", ["nothing", "answer"], ["output0"]),
        ],
        "constant",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, height, width])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, list(output.shape))],
        [
            numpy_helper.from_array(output.astype(np.float32), "answer"),
            numpy_helper.from_array(np.array(0, np.float32), "zero"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    if names is not None:
        for key, value in {"names": str(names), "task": "detect", "stride": "32", "batch": "1"}.items():
            model.metadata_props.add(key=key, value=value)
    onnx.save(model, path)
    return path
