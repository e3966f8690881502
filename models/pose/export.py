"""From a training checkpoint to the bundled files: OpenVINO IR for CPUs, safetensors for GPUs, and the card.

    python -m models.pose.export build/pose/run/last.pt --calibration build/pose/val

A joint's confidence is made the probability that it is visible and near where it is said to be, on crops that must not
be among those trained on; their boxes are moved a little, as a detector's are. The exported network is compared with
PyTorch before anything replaces the bundled files.
"""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from core.errors import WeightsError
from core.pose_crop import HEIGHT_PX, WIDTH_PX, read_maps, windows
from core.quiet import hush
from core.weights import CARD, sha256_of
from evaluation.reliability import joint_outcomes
from models.detector.calibrate import Line, Outcomes, fit_joints
from models.pose.augmentation import Augmentation
from models.pose.crops import Crops
from models.pose.network import Inference, PoseNetwork
from models.pose.scores import scores
from models.pose.weights import read_network, write_network

hush()

import openvino as ov  # noqa: E402

NAME = "throughline-pose-crop"
FILES = ("pose.xml", "pose.bin", "pose.safetensors")
HERE = Path(__file__).parent
PARITY = 0.02  # FP16 weights move a cell's share of a map, and the probability that a joint shows, by less
LIKE_FOUND = Augmentation(plain=0, turned=0, zoom=0.06, shift=0.02, part=0, covered=0, coarse=0, grey=0, camera=0)


def export(checkpoint: Path, folder: Path, calibration: Path) -> dict[str, Any]:
    """Write the files into `folder`; the card's content. WeightsError where parity fails."""
    network, crops = trained(checkpoint), Crops(calibration)
    lines = fit_lines(network, crops)
    inference = Inference(network, torch.tensor([[line.scale, line.shift] for line in lines])).eval()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        scratch = Path(temporary)
        write_network(inference, scratch / "pose.safetensors")
        example = torch.zeros(1, 3, HEIGHT_PX, WIDTH_PX)
        model = ov.convert_model(inference, example_input=example, input=[-1, 3, HEIGHT_PX, WIDTH_PX])
        ov.save_model(model, scratch / "pose.xml", compress_to_fp16=True)
        inputs, _, _ = crops.batch(np.arange(min(8, len(crops))), LIKE_FOUND, np.random.default_rng(0))
        check_parity(scratch, inputs.flip(1) * 255)
        card = {
            "name": NAME,
            "task": "pose of one person",
            "files": {name: sha256_of(scratch / name) for name in FILES},
            "scores": {
                "calibration": {"joints": [asdict(line) for line in lines], "people": len(crops)},
                **{name: round(float(value), 4) for name, value in scores(network, crops).items()},
            },
        }
        (scratch / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        for file in (*FILES, CARD):
            (scratch / file).replace(folder / file)
    return card


def trained(checkpoint: Path) -> PoseNetwork:
    """The running mean of the weights of a .pt of models.pose.train, or the network of a .safetensors written here."""
    if checkpoint.suffix == ".safetensors":
        return read_network(checkpoint).network
    network = PoseNetwork()
    mean = torch.load(checkpoint, weights_only=True)["mean"]
    network.load_state_dict({name.removeprefix("module."): mean[name] for name in mean if name.startswith("module.")})
    return network.eval()


def fit_lines(network: PoseNetwork, crops: Crops) -> list[Line]:
    """The line of each joint's logit that makes it mean visible and near."""
    inputs, joints, _ = crops.batch(np.arange(len(crops)), LIKE_FOUND, np.random.default_rng(0))
    with torch.inference_mode():
        maps, visible = network(inputs)
    places, heights = read_maps(maps.numpy()), crops.boxes[:, 3] - crops.boxes[:, 1]
    heights = heights * HEIGHT_PX / windows(crops.boxes)[:, 2]
    right = [
        joint_outcomes(body, true, height)[1]
        for body, true, height in zip(places, joints.numpy(), heights, strict=True)
    ]
    return fit_joints(Outcomes(visible.numpy().astype(float), np.array(right)))


def check_parity(folder: Path, pictures: torch.Tensor) -> None:
    """Compare the IR with PyTorch on pictures (N, 3, 128, 96) BGR in [0, 255]; WeightsError where they differ."""
    network = read_network(folder / "pose.safetensors")
    with torch.inference_mode():
        expected = network(pictures)
    compiled = ov.Core().compile_model(folder / "pose.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    got = [torch.from_numpy(output) for output in compiled(pictures.numpy()).values()]
    worst = max(
        float((got[0].softmax(2) - expected[0].softmax(2)).abs().max()), float((got[1] - expected[1]).abs().max())
    )
    if worst > PARITY:
        raise WeightsError(
            f"the exported network: OpenVINO is {worst:.2%} off PyTorch, expected {PARITY:.0%} at most. Nothing was "
            "replaced."
        )


def main(
    checkpoint: Annotated[Path, typer.Argument(help="A .pt of models.pose.train, or .safetensors of this.")],
    calibration: Annotated[Path, typer.Option(help="A set that models.pose.dataset wrote and nothing trained on.")],
    output: Annotated[Path, typer.Option(help="Folder of the bundled weights.")] = HERE,
) -> None:
    """Export a checkpoint as the bundled pose network."""
    card = export(checkpoint, output, calibration)
    told = ", ".join(f"{name} {value}" for name, value in card["scores"].items() if name != "calibration")
    typer.echo(f"{output}: exported {checkpoint} ({told})")


if __name__ == "__main__":
    typer.run(main)
