"""Weights in Ultralytics' own forms: fetch a checkpoint, export it once for the CPU, open it on a GPU."""

import ast
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from core.errors import WeightsError
from core.quiet import cache_dir, hush
from core.weights import sha256_of
from pipeline.detect.config import DetectConfig
from pipeline.detect.decode_output import KEYPOINT_VALUES, OutputLayout
from pipeline.detect.torch_detector import TorchDetector

if TYPE_CHECKING:
    from ultralytics import YOLO

hush()

TASKS = {"detect", "pose"}


def fetch_checkpoint(file: str) -> Path:
    """The checkpoint `file` (such as yolo26n-pose.pt) from our cache, fetched by Ultralytics the first time."""
    folder = cache_dir() / "checkpoints"
    path = folder / file
    if path.is_file():
        return path
    from ultralytics.utils.downloads import attempt_download_asset

    try:
        folder.mkdir(parents=True, exist_ok=True)
        attempt_download_asset(path)
    # Ultralytics raises whatever its transport raised, most often ConnectionError or a bare Exception.
    except Exception as error:
        raise WeightsError(_how_to_place(file, path, str(error))) from error
    if not path.is_file():
        raise WeightsError(_how_to_place(file, path, "Ultralytics has no checkpoint of that name"))
    return path


def _how_to_place(file: str, path: Path, reason: str) -> str:
    return (
        f"--detector {file}: the checkpoint is not here and could not be fetched ({reason.splitlines()[0][:200]}). On "
        f"a machine with a network get {file} from https://github.com/ultralytics/assets/releases, put it at {path}, "
        "or give the path to your copy. --detector bundled needs no download."
    )


def export_to_openvino(checkpoint: Path) -> Path:
    """The OpenVINO IR of a .pt checkpoint, exported the first time and kept in the cache under the file's sha256."""
    folder = cache_dir() / "detectors" / f"{checkpoint.stem}-{sha256_of(checkpoint)[:16]}"
    ready = folder / f"{checkpoint.stem}.xml"
    if ready.is_file():
        return ready
    model = _load(checkpoint)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        # Ultralytics writes beside the checkpoint, which may be a place we must not write to.
        copy = Path(scratch) / checkpoint.name
        shutil.copyfile(checkpoint, copy)
        model = _load(copy)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`torch.jit", FutureWarning)  # how OpenVINO does it
            exported = Path(str(model.export(format="openvino", dynamic=True, half=False, verbose=False)))
        if not folder.exists():
            exported.rename(folder)
    return ready


def _load(checkpoint: Path) -> "YOLO":
    import pickle

    from ultralytics import YOLO

    try:
        model = YOLO(checkpoint)
    # A damaged or foreign pickle fails in many ways; each means the same to the user.
    except (RuntimeError, pickle.UnpicklingError, EOFError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{checkpoint}: not an Ultralytics checkpoint, or damaged ({str(error).splitlines()[0][:200]}). Expected a "
            ".pt of a detect or pose network. Download it again, or use --detector bundled."
        ) from error
    if model.task not in TASKS:
        raise WeightsError(
            f"{checkpoint}: a network for the task {model.task!r}; people are found by 'detect' or 'pose' networks. "
            "Name such a checkpoint, for example yolo26n-pose, or use --detector bundled."
        )
    return model


def class_names(path: Path) -> dict[int, str]:
    """The class names of an export, from metadata.yaml beside it or from ONNX metadata; {} where there are none."""
    beside = path.with_name("metadata.yaml")
    if path.suffix == ".xml" and beside.is_file():
        import yaml

        return dict(yaml.safe_load(beside.read_text(encoding="utf-8")).get("names") or {})
    if path.suffix == ".onnx":
        import onnx
        from google.protobuf.message import DecodeError

        try:
            entries = {entry.key: entry.value for entry in onnx.load(path, load_external_data=False).metadata_props}
            return dict(ast.literal_eval(entries.get("names", "{}")))
        except (DecodeError, OSError, ValueError, SyntaxError) as error:
            raise WeightsError(
                f"{path}: not an ONNX file, or damaged ({error}). Export it again, or use --detector bundled."
            ) from error
    return {}


def open_with_ultralytics(path: Path, identifier: str, config: DetectConfig, device: str) -> TorchDetector:
    """Any of Ultralytics' formats on `device`, through its own backend."""
    from ultralytics.nn.autobackend import AutoBackend

    if path.suffix == ".pt":
        model: Any = _load(path).model
        model = model.to(device).eval()
        network = AutoBackend(model=model, device=torch.device(device), fp16=device.startswith("cuda"))
        keypoints, end_to_end = hasattr(model.model[-1], "nk"), bool(getattr(model.model[-1], "end2end", False))
    else:
        network = AutoBackend(model=str(path), device=torch.device(device), fp16=device.startswith("cuda"))
        keypoints, end_to_end = network.task == "pose", bool(getattr(network, "end2end", False))
    names = {int(number): str(name) for number, name in network.names.items()}
    person = next((number for number, name in names.items() if name.lower() == "person"), None)
    if person is None:
        raise WeightsError(f"{path}: none of its classes is 'person'. Name another file, or use --detector bundled.")
    if keypoints and tuple(getattr(network, "kpt_shape", (17, 3))) != (KEYPOINT_VALUES // 3, 3):
        raise WeightsError(f"{path}: expected the 17 COCO keypoints, got shape {network.kpt_shape}.")
    return TorchDetector(network, OutputLayout(len(names), person, keypoints, end_to_end), identifier, config, device)
