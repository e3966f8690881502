"""From what a user names with --detector to a detector that runs on the device asked for."""

import math
import os
import re
from dataclasses import replace
from pathlib import Path

from core.errors import UsageError, WeightsError
from core.weights import open_card, sha256_of
from pipeline.detect.config import DetectConfig
from pipeline.detect.pose import open_pose
from pipeline.detect.posed import PosedDetector
from pipeline.detect.protocol import Detector
from pipeline.detect.tiled import TiledDetector

BUNDLED = Path(__file__).resolve().parents[2] / "models" / "detector"
CHECKPOINT_NAME = re.compile(r"yolo[a-z0-9._-]*", re.IGNORECASE)
PERSON_ONLY = {0: "person"}


def open_detector(name: str, config: DetectConfig, device: str = "cpu", threads: int = 0) -> Detector:
    """The detector called `name`: `bundled`, an Ultralytics checkpoint by name, or a path to weights.

    Paths may be .pt, .onnx, OpenVINO IR (.xml or its folder) or TensorRT (.engine). device: cpu, cuda, cuda:N or mps;
    threads: requests in flight on the CPU, 0 for one per core. A checkpoint that is not here is fetched by Ultralytics,
    which is the only use of a network. Raises WeightsError (missing, corrupt, of another task), UsageError, or
    OutputError (the export of a .pt for the CPU cannot be kept).
    """
    requests = threads or os.cpu_count() or 1
    detector: Detector
    if config.tiles > 1:  # a tile is small, and there to be enlarged
        detector = TiledDetector(_open_whole(name, replace(config, enlarge=math.inf), device, requests), config)
    else:
        detector = _open_whole(name, config, device, requests)
    crops = config.pose == "crop" or (config.pose == "auto" and (name == "bundled" or not detector.has_keypoints))
    return PosedDetector(detector, open_pose(device, requests)) if crops else detector


def _open_whole(name: str, config: DetectConfig, device: str, requests: int) -> Detector:
    """The detector that looks at one picture at a time."""
    if name == "bundled":
        return _open_bundled(config, device, requests)
    path = _find(name)
    identifier = f"{path.name}@{_fingerprint(path)}"
    if path.is_dir():
        path = _ir_in(path)
    if path.suffix == ".pt" and device == "cpu":
        from pipeline.detect.ultralytics_weights import export_to_openvino

        path = export_to_openvino(path)
    if path.suffix in {".xml", ".onnx"} and device == "cpu":
        from pipeline.detect.openvino_detector import OpenVinoDetector
        from pipeline.detect.ultralytics_weights import class_names

        return OpenVinoDetector(path, identifier, class_names(path), config, requests)
    if path.suffix == ".xml":
        raise UsageError(
            f"--detector {name}: OpenVINO networks run on the CPU here, and the device is {device}. Add --device cpu, "
            "or export the network to ONNX."
        )
    if path.suffix in {".pt", ".onnx", ".engine"}:
        from pipeline.detect.ultralytics_weights import open_with_ultralytics

        return open_with_ultralytics(path, identifier, config, device)
    raise UsageError(
        f"--detector {name}: expected .pt, .onnx, .engine or an OpenVINO export, got {path.suffix or 'no ending'}. "
        "Use --detector bundled, or export the network to ONNX."
    )


def _open_bundled(config: DetectConfig, device: str, requests: int) -> Detector:
    card = open_card(BUNDLED)
    if device == "cpu":
        from pipeline.detect.openvino_detector import OpenVinoDetector

        return OpenVinoDetector(card.path(".xml"), card.identifier, PERSON_ONLY, config, requests)
    from safetensors.torch import load_file

    from core.quiet import hush

    hush()
    from models.detector.network import build
    from pipeline.detect.layout import InputLayout, OutputLayout
    from pipeline.detect.torch_detector import TorchDetector

    network = build(load_file(card.path(".safetensors"))).fuse(verbose=False).to(device)
    half = device.startswith("cuda")
    if half:
        network = network.half()
    layout = OutputLayout(classes=1, person_class=0, keypoints=True, end_to_end=False)
    return TorchDetector(network, InputLayout(half=half), layout, card.identifier, config, device)


def _find(name: str) -> Path:
    path = Path(name).expanduser()
    if path.exists():
        return path
    # A bare name such as yolo26n-pose is a checkpoint of Ultralytics; anything with a folder in it is a path.
    if path.parent == Path() and CHECKPOINT_NAME.fullmatch(path.stem) and path.suffix in {"", ".pt"}:
        from pipeline.detect.ultralytics_weights import fetch_checkpoint

        return fetch_checkpoint(path.stem + ".pt")
    raise WeightsError(
        f"--detector {name}: there is no such file. Expected a path to weights, the name of an Ultralytics checkpoint "
        "such as yolo26n-pose, or bundled, which is always there."
    )


def _ir_in(folder: Path) -> Path:
    found = sorted(folder.glob("*.xml"))
    if len(found) != 1:
        raise WeightsError(f"{folder}: expected a folder with one OpenVINO .xml file, got {len(found)}.")
    return found[0]


def _fingerprint(path: Path) -> str:
    if path.is_dir():
        return "+".join(sha256_of(file) for file in sorted(path.glob("*.bin")))
    weights = path.with_suffix(".bin") if path.suffix == ".xml" else path
    if not weights.is_file():
        raise WeightsError(f"{weights}: missing; an OpenVINO .xml needs the .bin of the same name beside it.")
    return sha256_of(weights)
