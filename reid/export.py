"""A trained network as it is shipped: OpenVINO IR and safetensors with their card, parity checked."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.errors import WeightsError
from core.quiet import hush
from core.weights import sha256_of
from reid.backends import IR, IR_WEIGHTS, SAFETENSORS, OpenVINOBackend
from reid.card import Card
from reid.network.config import NetworkConfig
from reid.network.model import Inference, ReIDNetwork
from reid.weights import save_network

INPUTS = ("pictures", "masks", "owned")
LEAST_COSINE = 0.999  # between PyTorch's vector and OpenVINO's; float16 weights cost about 1e-5


def export_network(
    network: ReIDNetwork,
    folder: Path,
    name: str,
    recipe: Mapping[str, Any] | None = None,
    scores: Mapping[str, Any] | None = None,
) -> Card:
    """Write reid.xml, reid.bin (float16), reid.safetensors and weights.json into `folder` (made where missing).

    Raises WeightsError where OpenVINO and PyTorch disagree.
    """
    hush()
    import openvino

    folder.mkdir(parents=True, exist_ok=True)
    network = network.eval()
    model = _converted(network)
    openvino.save_model(model, folder / IR, compress_to_fp16=True)
    save_network(network, folder / SAFETENSORS)
    cosine = least_cosine(network, folder)
    if cosine < LEAST_COSINE:
        raise WeightsError(f"{folder / IR}: expected cosine ≥ {LEAST_COSINE} with PyTorch, got {cosine:.6f}")
    files = {file: sha256_of(folder / file) for file in (IR, IR_WEIGHTS, SAFETENSORS)}
    card = Card(name, network.config, files, dict(recipe or {}), dict(scores or {}) | {"parity_least_cosine": cosine})
    card.write(folder)
    return card


def least_cosine(network: ReIDNetwork, folder: Path, count: int = 4) -> float:
    """The worst agreement between PyTorch and the IR of `folder` on noise pictures."""
    pictures, *rest = noise(network.config, count)
    shipped = OpenVINOBackend(folder / IR, folder / IR_WEIGHTS, threads=1).run(pictures, *rest)
    with torch.inference_mode():
        batch = torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
        ours = Inference(network).eval()(batch, *(torch.from_numpy(array) for array in rest))
    cosines = [float((a.numpy() * b).sum(axis=-1).min()) for a, b in zip(ours, shipped, strict=True) if b.size]
    return min(cosines)


def _converted(network: ReIDNetwork) -> Any:
    """An OpenVINO model that takes one picture as OpenCV has it: (1, h, w, 3) uint8, its masks and what is owned."""
    import openvino
    from openvino.preprocess import PrePostProcessor

    pictures, *rest = noise(network.config, 1)
    example = (torch.from_numpy(pictures).permute(0, 3, 1, 2).float(), *(torch.from_numpy(array) for array in rest))
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # shapes become constants: they are fixed here
        warnings.filterwarnings("ignore", "`torch.jit", FutureWarning)  # how OpenVINO does it
        model = openvino.convert_model(
            Inference(network).eval(),
            example_input=example,
            input=[(name, list(one.shape)) for name, one in zip(INPUTS, example, strict=True)],
        )
    steps = PrePostProcessor(model)
    steps.input(0).tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    steps.input(0).model().set_layout(openvino.Layout("NCHW"))
    return steps.build()


def noise(config: NetworkConfig, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Input to compare with, always the same: pictures (count, h, w, 3) uint8; masks (count, K, h/16, w/16) and owned
    (count, h/16, w/16) float32."""
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (count, config.input_height, config.input_width, 3), np.uint8)
    masks = generator.random((count, config.parts, *config.grid), np.float32)
    return pictures, masks, generator.random((count, *config.grid), np.float32)
