"""What runs the network: OpenVINO on a CPU, PyTorch elsewhere. Both take and give NumPy arrays."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from filelock import FileLock

from core.errors import SettingError, WeightsError
from core.quiet import cache_dir, hush
from reid.card import Card

IR, IR_WEIGHTS, SAFETENSORS = "reid.xml", "reid.bin", "reid.safetensors"
# Always so many rows in one go, the last ones zeros: kernels are chosen by shape, and a row must not depend on others.
_OPENVINO_BATCH, _TORCH_BATCH = 8, 16
_LOCK = "compiling.lock"
_LOCK_S = 60.0  # compiling takes a second or two; whoever holds the lock for longer was stopped

Vectors = tuple[np.ndarray, np.ndarray, np.ndarray]


class Backend(Protocol):
    """Runs pictures (N, h, w, 3) uint8 BGR, masks (N, K, rows, columns) and owned (N, rows, columns) float32; gives
    global (N, D), parts (N, K, d), stripes (N, H, d) float32 of unit length. A row never depends on the others.
    Threads may share one."""

    def run(self, pictures: np.ndarray, masks: np.ndarray, owned: np.ndarray) -> Vectors:
        """All rows, in order."""
        ...


def open_backend(folder: Path, card: Card, device: str, threads: int) -> Backend:
    """The backend for `device`: auto, cpu, cuda, cuda:N or mps. Raises WeightsError, SettingError."""
    chosen = chosen_device(device)
    if chosen == "cpu":
        return OpenVINOBackend(card.checked(folder, IR), card.checked(folder, IR_WEIGHTS), threads)
    return TorchBackend(card.checked(folder, SAFETENSORS), card, chosen)


def chosen_device(device: str) -> str:
    """What PyTorch calls `device`: auto is cuda, else mps, else cpu. Raises SettingError for one that is not there."""
    if device == "cpu":
        return device
    import torch

    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    if device.startswith("cuda") and torch.cuda.is_available():
        return device
    if device == "mps" and torch.backends.mps.is_available():
        return device
    raise SettingError(f"device: expected auto, cpu, or a cuda or mps device of this machine, got {device!r}")


class OpenVINOBackend:
    """Batches of one fixed size, several at a time: the same bytes whatever the company or the number of threads.

    A batch of eight costs little more than half of eight batches of one: the network is many small operations. A
    network without parts takes no masks and gives no parts.
    """

    def __init__(self, model: Path, weights: Path, threads: int) -> None:
        hush()
        import openvino

        core = openvino.Core()
        properties: dict[str, object] = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"}
        if threads > 0:
            properties["INFERENCE_NUM_THREADS"] = threads
        try:
            network = core.read_model(model, weights)
            network.reshape({port: [_OPENVINO_BATCH, *list(port.shape)[1:]] for port in network.inputs})
            with _compiled_cache(core):
                compiled = core.compile_model(network, "CPU", properties)
        except RuntimeError as error:
            raise WeightsError(f"{model}: OpenVINO cannot load it: {error}") from error
        if (len(compiled.inputs), len(compiled.outputs)) not in {(3, 3), (2, 2)}:
            raise WeightsError(
                f"{model}: expected 3 inputs and 3 outputs of a ReID network, or 2 and 2 of one without parts, got "
                f"{len(compiled.inputs)} and {len(compiled.outputs)}; is it another network, or one exported before "
                "others' bodies were an input? Export it again"
            )
        self._has_parts = len(compiled.inputs) == 3
        self._compiled = compiled
        self._queue = openvino.AsyncInferQueue(compiled)
        self._turn = threading.Lock()  # the queue has one callback, and waits for all there is

    def run(self, pictures: np.ndarray, masks: np.ndarray, owned: np.ndarray) -> Vectors:
        """See Backend."""
        shapes = [tuple(output.shape)[1:] for output in self._compiled.outputs]
        results = tuple(np.empty((len(pictures), *shape), np.float32) for shape in shapes)
        given = (pictures, masks, owned) if self._has_parts else (pictures, owned)

        def keep(request: object, rows: slice) -> None:
            for result, output in zip(results, request.output_tensors, strict=True):  # type: ignore[attr-defined]
                result[rows] = output.data[: rows.stop - rows.start]

        with self._turn:
            self._queue.set_callback(keep)
            for rows in _batches(len(pictures), _OPENVINO_BATCH):
                inputs = [_padded(array[rows], _OPENVINO_BATCH) for array in given]
                self._queue.start_async(inputs, rows)
            self._queue.wait_all()
        global_, *parts, stripes = results
        return global_, parts[0] if parts else stripes[:, :0], stripes


class TorchBackend:
    """PyTorch on an accelerator, in batches of one fixed size."""

    def __init__(self, weights: Path, card: Card, device: str) -> None:
        import torch

        from reid.network.model import Inference
        from reid.weights import load_network

        self._torch = torch
        self._device = torch.device(device)
        self._network = Inference(load_network(weights, card.network)).eval().to(self._device)

    def run(self, pictures: np.ndarray, masks: np.ndarray, owned: np.ndarray) -> Vectors:
        """See Backend."""
        torch, config = self._torch, self._network.network.config
        global_ = np.empty((len(pictures), config.embedding), np.float32)
        parts = np.empty((len(pictures), config.parts, config.part_embedding), np.float32)
        stripes = np.empty((len(pictures), config.stripes, config.part_embedding), np.float32)
        for rows in _batches(len(pictures), _TORCH_BATCH):
            inputs = [_padded(array[rows], _TORCH_BATCH) for array in (pictures, masks, owned)]
            batch, mask_batch, owned_batch = (torch.from_numpy(array).to(self._device) for array in inputs)
            with torch.inference_mode():
                vectors = self._network(batch.permute(0, 3, 1, 2).float(), mask_batch, owned_batch)
            for result, vector in zip((global_, parts, stripes), vectors, strict=True):
                result[rows] = vector[: rows.stop - rows.start].cpu().numpy()
        return global_, parts, stripes


@contextmanager
def _compiled_cache(core: Any) -> Iterator[None]:
    """Let `core` keep compiled networks in our cache folder, one process at a time; do without where that cannot be.

    OpenVINO writes a compiled network in place and maps it into memory: a second process that reads the file while the
    first one writes it dies of a bus error.
    """
    folder = cache_dir() / "openvino"
    lock = FileLock(folder / _LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_LOCK_S)
    except (OSError, NotImplementedError):  # not writable, held for too long, or (filelock's word) without locks
        yield
        return
    try:
        core.set_property({"CACHE_DIR": str(folder)})
        yield
    finally:
        lock.release()


def _batches(rows: int, size: int) -> list[slice]:
    return [slice(first, min(first + size, rows)) for first in range(0, rows, size)]


def _padded(rows: np.ndarray, size: int) -> np.ndarray:
    full = np.zeros((size, *rows.shape[1:]), rows.dtype)
    full[: len(rows)] = rows
    return full
