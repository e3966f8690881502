"""The mean of the weights of trainings that went on from the same ones: two cores train one network without talking.

    python -m models.detector.average build/detector/runA/weights/last.pt build/detector/runB/weights/last.pt \\
        --output build/detector/mean.safetensors

Statistics of batch normalisation are averaged with the rest. Source: Wortsman et al., "Model soups", ICML 2022.
"""

from pathlib import Path
from typing import Annotated

import typer

from core.errors import InputError
from core.quiet import hush

hush()

import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from ultralytics import YOLO  # noqa: E402

State = dict[str, torch.Tensor]


def mean(states: list[State]) -> State:
    """The mean of `states`, which have the same names and shapes; counters are the first one's.

    InputError where a name or a shape differs.
    """
    first = states[0]
    shapes = [{name: tuple(tensor.shape) for name, tensor in state.items()} for state in states]
    if any(other != shapes[0] for other in shapes):
        raise InputError("the checkpoints are of different networks; give trainings of the same one.")
    return {
        name: torch.stack([state[name].float() for state in states]).mean(0) if tensor.is_floating_point() else tensor
        for name, tensor in first.items()
    }


def read_state(path: Path) -> State:
    """The weights of a .pt of `models.detector.train`, or of a .safetensors of `models.detector.export`."""
    if path.suffix == ".safetensors":
        return load_file(path)
    return dict(YOLO(path).model.state_dict())  # type: ignore[union-attr]  # a module once it is loaded


def main(
    checkpoints: Annotated[list[Path], typer.Argument(help="Trainings from the same weights.")],
    output: Annotated[Path, typer.Option(help="The .safetensors to write.")],
) -> None:
    """Write the mean of the checkpoints' weights, for models.detector.train or models.detector.export."""
    state = mean([read_state(path) for path in checkpoints])
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, output)
    typer.echo(f"{output}: the mean of {len(checkpoints)} trainings")


if __name__ == "__main__":
    typer.run(main)
