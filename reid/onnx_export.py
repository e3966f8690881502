"""A trained network as an ONNX file, for machines without OpenVINO or PyTorch; the pipeline itself does not read it."""

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

from core.errors import WeightsError
from core.weights import sha256_of
from core.whole import whole_file
from reid.export import INPUTS, LEAST_COSINE, noise
from reid.network.model import Inference, ReIDNetwork, UnitVectors

ONNX = "reid.onnx"
OPSET = 17
_OUTPUTS = ("global", "parts", "stripes")


def export_onnx(network: ReIDNetwork, folder: Path) -> dict[str, float | str]:
    """Write `folder`/reid.onnx (made where missing); gives its parity and checksum, for the card.

    Inputs: pictures (rows, h, w, 3) uint8 BGR as OpenCV has them, masks (rows, K, h/16, w/16) and owned (rows, h/16,
    w/16) float32; outputs: global, parts and stripes as `Backend.run` has them; any number of rows, weights in float32.
    Raises WeightsError where ONNX Runtime and PyTorch disagree, OutputError.
    """
    path = folder / ONNX
    module = _FromPictures(network).eval()
    example = tuple(torch.from_numpy(array) for array in noise(network.config, 2))
    with whole_file(path) as temporary:
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")  # that this exporter is the older one: the newer needs onnxscript
            torch.onnx.export(
                module,
                example,
                temporary,
                dynamo=False,
                opset_version=OPSET,
                input_names=list(INPUTS),
                output_names=list(_OUTPUTS),
                dynamic_axes={name: {0: "rows"} for name in (*INPUTS, *_OUTPUTS)},
            )
        cosine = _least_cosine(module, temporary, network)
        if cosine < LEAST_COSINE:
            raise WeightsError(f"{path}: expected cosine ≥ {LEAST_COSINE} with PyTorch, got {cosine:.6f}")
        return {"onnx_least_cosine": cosine, "onnx_sha256": sha256_of(temporary)}


class _FromPictures(nn.Module):
    """Inference on pictures as OpenCV has them."""

    def __init__(self, network: ReIDNetwork) -> None:
        super().__init__()
        self.inference = Inference(network)

    def forward(self, pictures: torch.Tensor, masks: torch.Tensor, owned: torch.Tensor) -> UnitVectors:
        """Pictures (N, h, w, 3) uint8."""
        vectors: UnitVectors = self.inference(pictures.permute(0, 3, 1, 2).float(), masks, owned)
        return vectors


def _least_cosine(module: nn.Module, path: Path, network: ReIDNetwork) -> float:
    """The worst agreement of ONNX Runtime with PyTorch, on another number of rows than the file was traced with."""
    import onnxruntime

    arrays = noise(network.config, 5)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = {one.name for one in session.get_inputs()}  # without parts, masks are no input
    given = {name: array for name, array in zip(INPUTS, arrays, strict=True) if name in expected}
    found = session.run(None, given)
    with torch.inference_mode():
        ours = module(*(torch.from_numpy(array) for array in arrays))
    cosines = [
        float((a.numpy() * np.asarray(b)).sum(axis=-1).min()) for a, b in zip(ours, found, strict=True) if b.size
    ]
    return min(cosines)
