"""A trained network as it is shipped: OpenVINO IR and safetensors with their card, parity checked."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from core.errors import WeightsError
from core.quiet import hush
from core.weights import CARD, sha256_of
from core.whole import whole_files
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

    Raises WeightsError where OpenVINO and PyTorch disagree, OutputError; then `folder` is as it was.
    """
    hush()
    import openvino

    network = network.eval()
    model = _converted(network)
    with whole_files(folder, last=CARD) as temporary:
        openvino.save_model(model, temporary / IR, compress_to_fp16=True)
        save_network(network, temporary / SAFETENSORS)
        cosine = least_cosine(network, temporary)
        if cosine < LEAST_COSINE:
            raise WeightsError(f"{folder / IR}: expected cosine ≥ {LEAST_COSINE} with PyTorch, got {cosine:.6f}")
        files = {file: sha256_of(temporary / file) for file in (IR, IR_WEIGHTS, SAFETENSORS)}
        scores = dict(scores or {}) | {"parity_least_cosine": cosine}
        card = Card(name, network.config, files, dict(recipe or {}), scores)
        card.write(temporary)
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
    """An OpenVINO model that takes one picture as OpenCV has it: (1, h, w, 3) uint8, its masks and what is owned.

    Of a network without parts it takes no masks and gives no parts: OpenVINO has no arrays without elements.
    """
    import openvino
    from openvino.preprocess import PrePostProcessor

    arrays = dict(zip(INPUTS, noise(network.config, 1), strict=True))
    example = {name: torch.from_numpy(array) for name, array in arrays.items() if array.size}
    example["pictures"] = example["pictures"].permute(0, 3, 1, 2).float()
    module = Inference(network) if network.config.parts else _WithoutParts(network)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # shapes become constants: they are fixed here
        warnings.filterwarnings("ignore", "`torch.jit", FutureWarning)  # how OpenVINO does it
        model = openvino.convert_model(
            module.eval(),
            example_input=tuple(example.values()),
            input=[(name, list(one.shape)) for name, one in example.items()],
        )
    steps = PrePostProcessor(model)
    steps.input(0).tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    steps.input(0).model().set_layout(openvino.Layout("NCHW"))
    return steps.build()


class _WithoutParts(nn.Module):
    """Inference of a network without parts: global vectors and stripes alone."""

    def __init__(self, network: ReIDNetwork) -> None:
        super().__init__()
        self.inference = Inference(network)

    def forward(self, pictures: torch.Tensor, owned: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Input as in ReIDNetwork."""
        no_masks = owned[:, None][:, :0]
        vectors = self.inference(pictures, no_masks, owned)
        return vectors.global_, vectors.stripes


def noise(config: NetworkConfig, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Input to compare with, always the same: pictures (count, h, w, 3) uint8; masks (count, K, h/16, w/16) and owned
    (count, h/16, w/16) float32."""
    generator = np.random.default_rng(0)
    pictures = generator.integers(0, 256, (count, config.input_height, config.input_width, 3), np.uint8)
    masks = generator.random((count, config.parts, *config.grid), np.float32)
    return pictures, masks, generator.random((count, *config.grid), np.float32)
