"""From a training checkpoint to the bundled files: OpenVINO IR for CPUs, safetensors for GPUs, and the card.

    python -m models.detector.export build/detector/run/weights/last.pt --calibration FRAMES --calibration FRAMES
    python -m models.detector.export models/detector/detector.xml --int8 build/int8.xml --calibration FRAMES

The confidences are calibrated on the frames given, which must not be among those trained on. The exported network is
compared with PyTorch on random pictures before anything replaces the bundled files.
"""

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import onnx
import typer

from core.errors import WeightsError
from core.keypoints import COUNT
from core.quiet import hush
from core.weights import CARD, sha256_of

hush()

import openvino as ov  # noqa: E402
import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from ultralytics import YOLO  # noqa: E402

from models.detector.calibrate import NO_CHANGE, fit_joints, fit_line, fold, outcomes  # noqa: E402
from models.detector.network import ARCHITECTURE, SlimPoseModel, build  # noqa: E402

NAME = "throughline-pose-slim"
FILES = ("detector.xml", "detector.bin", "detector.safetensors")
HERE = Path(__file__).parent
PARITY = 0.01  # FP16 weights move boxes by less than this share of their size, and of SMALLEST_PX
SMALLEST_PX = 100.0
PARITY_SIZES = ((384, 640), (640, 384))


def export(checkpoint: Path, folder: Path, frames: list[Path], image_size: int, scores: dict[str, Any]) -> None:
    """Write detector.xml, .bin, .safetensors and weights.json into `folder`; WeightsError where parity fails.

    frames: images to calibrate on, none for a network that is left as it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        scratch = Path(temporary)
        trained = _load(checkpoint, scratch)
        if frames:
            scores = scores | {"calibration": calibrate(trained.model, frames, image_size)}
        state = {name: tensor.float().contiguous() for name, tensor in trained.model.state_dict().items()}
        save_file({name: tensor.half() if tensor.dim() > 1 else tensor for name, tensor in state.items()},
                  scratch / "detector.safetensors")  # fmt: skip
        onnx_file = trained.export(format="onnx", dynamic=True, simplify=True, verbose=False)
        _forget_machine(Path(onnx_file))
        model = ov.convert_model(onnx_file)
        ov.save_model(model, scratch / "detector.xml", compress_to_fp16=True)
        check_parity(scratch)
        files = {name: sha256_of(scratch / name) for name in FILES}
        card = {"name": NAME, "task": "pose", "files": files, "scores": scores}
        (scratch / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        for file in (*FILES, CARD):
            (scratch / file).replace(folder / file)


def _load(checkpoint: Path, scratch: Path) -> Any:
    """The network of a .pt, or of a .safetensors written here; WeightsError where it is another."""
    if checkpoint.suffix == ".safetensors":  # Ultralytics cannot read these, but exports what it is given
        trained: Any = YOLO(ARCHITECTURE, task="pose")
        network: Any = build({name: tensor.float() for name, tensor in load_file(checkpoint).items()})
        # What its trainer would have left on the network.
        network.names, network.task, network.args = {0: "person"}, "pose", trained.model.args
        network.pt_path = str(scratch / "detector.pt")
        trained.model = network
        return trained
    # Ultralytics writes the export beside the checkpoint.
    copy = scratch / "detector.pt"
    shutil.copyfile(checkpoint, copy)
    trained = YOLO(copy)
    if not isinstance(trained.model, SlimPoseModel):
        raise WeightsError(f"{checkpoint}: expected a {SlimPoseModel.__name__}, got {type(trained.model).__name__}")
    return trained


def _forget_machine(onnx_file: Path) -> None:
    """Take out the description, in which Ultralytics writes where on this machine the training set lies."""
    model = onnx.load(onnx_file)
    kept = [entry for entry in model.metadata_props if entry.key != "description"]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    onnx.save(model, onnx_file)


def calibrate(network: SlimPoseModel, frames: list[Path], image_size: int) -> dict[str, Any]:
    """Calibrate `network` in place; what was fitted, for the card."""
    boxes, _ = outcomes(network.float().eval(), frames, image_size)
    box_line = fit_line(boxes)
    fold(network, box_line, [NO_CHANGE] * COUNT)
    # Only now: a joint is the mean of what several boxes say, weighted by their scores.
    _, joints = outcomes(network, frames, image_size)
    joint_lines = fit_joints(joints)
    fold(network, NO_CHANGE, joint_lines)
    return {"boxes": asdict(box_line), "joints": [asdict(line) for line in joint_lines], "frames": len(frames)}


def check_parity(folder: Path) -> None:
    """Compare boxes of the IR with those of PyTorch on random pictures; WeightsError where they differ."""
    network = build({name: tensor.float() for name, tensor in load_file(folder / "detector.safetensors").items()})
    generator = np.random.default_rng(0)
    for height, width in PARITY_SIZES:
        picture = generator.random((1, 3, height, width), np.float32)
        with torch.inference_mode():
            output = network(torch.from_numpy(picture))
        expected = (output[0] if isinstance(output, (list, tuple)) else output).numpy()
        got = ov.Core().compile_model(folder / "detector.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(picture)[0]
        size = np.maximum(expected[:, 2:4].max(axis=1, keepdims=True), SMALLEST_PX)
        worst = float((np.abs(got - expected)[:, :4] / size).max())
        if worst > PARITY:
            raise WeightsError(
                f"the exported network: OpenVINO's boxes are {worst:.2%} off PyTorch's at {width}×{height}, expected "
                f"{PARITY:.0%} at most. Nothing was replaced."
            )


def main(
    checkpoint: Annotated[Path, typer.Argument(help="A .pt of models.detector.train, or .safetensors of this.")],
    output: Annotated[Path, typer.Option(help="Folder of the bundled weights.")] = HERE,
    calibration: Annotated[list[Path] | None, typer.Option(help="Folder of images with labels; repeatable.")] = None,
    image_size: Annotated[int, typer.Option(help="Longer side in px for calibration.")] = 512,
    int8: Annotated[
        Path | None,
        typer.Option(help="Write the exported network CHECKPOINT (.xml) to this .xml in integers, and nothing else."),
    ] = None,
    scores: Annotated[Path | None, typer.Option(help="JSON of measured scores, copied into the card.")] = None,
) -> None:
    """Export a checkpoint as the bundled detector, or an exported network in 8-bit integers."""
    frames = [path for folder in calibration or [] for path in sorted(folder.iterdir())]
    if int8 is not None:
        from models.detector.int8 import quantize

        typer.echo(f"{int8}: {quantize(checkpoint, frames, image_size, int8)}")
        return
    export(checkpoint, output, frames, image_size, json.loads(scores.read_text()) if scores else {})
    typer.echo(f"{output}: exported {checkpoint}")


if __name__ == "__main__":
    typer.run(main)
