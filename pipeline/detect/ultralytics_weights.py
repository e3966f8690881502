"""Weights in Ultralytics' own forms: fetch a checkpoint, export it once for the CPU, open it on a GPU."""

import ast
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from core.errors import OutputError, WeightsError
from core.quiet import cache_dir, hush
from core.weights import sha256_of
from pipeline.detect.config import DetectConfig
from pipeline.detect.layout import InputLayout, read_output_layout
from pipeline.detect.torch_detector import TorchDetector, raw_output

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
    except (OSError, MemoryError) as error:  # ConnectionError and requests' own; MemoryError where the disk is full
        raise WeightsError(_how_to_place(file, path, _first_line(error))) from error
    if not path.is_file():
        raise WeightsError(_how_to_place(file, path, "Ultralytics has no checkpoint of that name"))
    return path


def _how_to_place(file: str, path: Path, reason: str) -> str:
    return (
        f"--detector {file}: the checkpoint is not here and could not be fetched ({reason}). On "
        f"a machine with a network get {file} from https://github.com/ultralytics/assets/releases, put it at {path}, "
        "or give the path to your copy. --detector bundled needs no download."
    )


def _first_line(error: Exception) -> str:
    """What `error` says, or its kind where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def export_to_openvino(checkpoint: Path) -> Path:
    """The OpenVINO IR of a .pt checkpoint, exported the first time and kept in the cache under the file's sha256.

    Raises WeightsError where it is no such checkpoint, OutputError where the cache cannot be written.
    """
    folder = cache_dir() / "detectors" / f"{checkpoint.stem}-{sha256_of(checkpoint)[:16]}"
    ready = folder / f"{checkpoint.stem}.xml"
    if ready.is_file():
        return ready
    model: Any = _load(checkpoint)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch, warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`torch.jit", FutureWarning)  # how OpenVINO does it
            model.model.pt_path = str(Path(scratch) / checkpoint.name)  # Ultralytics writes beside it
            exported = Path(str(model.export(format="openvino", dynamic=True, half=False, verbose=False)))
            if not folder.exists():
                exported.rename(folder)
    except OSError as error:
        raise OutputError(
            f"cannot write {folder}, where the export of {checkpoint.name} for the CPU is kept ({_first_line(error)}). "
            "Set the environment variable THROUGHLINE_CACHE to a folder that you may write to, with some space left."
        ) from error
    return ready


def _load(checkpoint: Path) -> "YOLO":
    from ultralytics import YOLO

    with tempfile.TemporaryDirectory() as scratch:
        # Ultralytics goes by the name: for some it fetches another file, and a damaged one of its own it replaces.
        copy = Path(scratch) / "checkpoint.pt"
        try:
            shutil.copyfile(checkpoint, copy)
        except OSError as error:
            raise WeightsError(f"{checkpoint}: cannot be copied to {scratch} to open it ({error.strerror})") from error
        try:
            model = YOLO(copy)
        # A pickle raises what the classes in it raise, of no common kind; each means the same to the user.
        except Exception as error:
            raise WeightsError(
                f"{checkpoint}: not an Ultralytics checkpoint, or damaged "
                f"({_first_line(error).replace(str(copy), checkpoint.name)}). Expected a .pt of a detect or pose "
                "network. Download it again, or use --detector bundled."
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
    """Any of Ultralytics' formats on `device`, through its own backend.

    Raises WeightsError where it is no detector of people or cannot be run there, SettingError where it cannot have the
    size asked for.
    """
    from ultralytics.nn.autobackend import AutoBackend

    model: Any = _load(path).model if path.suffix == ".pt" else str(path)
    try:
        network = AutoBackend(model=model, device=torch.device(device), fp16=device.startswith("cuda"))
        takes = _input_layout(network, config)
        shape = _output_shape(network, takes, config)
    # ONNX Runtime's errors have no base but Exception, and every other runtime has some of its own.
    except Exception as error:
        raise WeightsError(
            f"{path}: cannot be run on {device} ({_first_line(error)}). Export it again on this machine, or use "
            "--device cpu, or --detector bundled."
        ) from error
    takes.check(path, config)
    told = path.suffix == ".pt" or network.metadata.get("names")  # otherwise Ultralytics makes names up
    names = {int(number): str(name) for number, name in network.names.items()} if told else {}
    return TorchDetector(network, takes, read_output_layout(path, shape, names), identifier, config, device)


def _input_layout(network: Any, config: DetectConfig) -> InputLayout:
    """What a backend of Ultralytics takes."""
    if network.format == "onnx":
        batch, _, *size = network.session.get_inputs()[0].shape
    elif network.format == "engine":
        batch, _, *size = network.bindings["images"].shape
        if network.dynamic:  # what it tells is the most that it takes
            batch, size = min(batch, config.batch), []
    else:
        batch, size = None, []
    fixed = (size[0], size[1]) if size and all(isinstance(side, int) for side in size) else None
    return InputLayout(fixed, batch if isinstance(batch, int) else None, network.fp16)


def _output_shape(network: Any, takes: InputLayout, config: DetectConfig) -> tuple[int, ...]:
    """The shape of what the network says to a black picture."""
    box = takes.letterbox(config.image_size, config.image_size, config)
    inputs = torch.zeros(takes.batch or 1, 3, box.input_height, box.input_width, device=network.device)
    with torch.inference_mode():
        return tuple(raw_output(network, inputs.half() if takes.half else inputs).shape)
