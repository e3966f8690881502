"""Train the bundled detector through Ultralytics, on the CPU or a GPU; stop and start it as you like.

python -m models.detector.dataset …          # once: the training set
python -m models.detector.train --epochs 60  # goes on from the last checkpoint where there is one
"""

from copy import copy
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from core.quiet import hush

hush()

import torch  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from ultralytics.models.yolo.pose import PoseTrainer, PoseValidator  # noqa: E402
from ultralytics.utils import torch_utils  # noqa: E402

from models.detector.network import ARCHITECTURE, SlimPoseModel, multiply_pointwise  # noqa: E402

# Wide colour jitter for the casts of cheap cameras.
AUGMENTATION = {
    "hsv_h": 0.06,
    "hsv_s": 0.7,
    "hsv_v": 0.5,
    "scale": 0.6,
    "translate": 0.15,
    "fliplr": 0.5,
}
# Weights of the losses where the stock ones are others: whether somebody is there matters more than the last pixel of a
# joint, and with a single class the stock weights leave three quarters of the loss to the joints.
GAINS = {"cls": 1.0, "rle": 0.5}


class SlimPoseTrainer(PoseTrainer):
    """Ultralytics' pose trainer for `SlimPoseModel`."""

    begin_with: Path | None = None  # safetensors to start from where there is no checkpoint
    half = False  # see SlimPoseModel

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> SlimPoseModel:
        """A new network, with `weights` loaded where given."""
        model = SlimPoseModel(
            str(ARCHITECTURE), nc=self.data["nc"], data_kpt_shape=self.data["kpt_shape"], verbose=verbose
        )
        if weights:
            model.load(weights)
        elif self.begin_with is not None:
            state = load_file(self.begin_with)
            model.load_state_dict({name: tensor.float() for name, tensor in state.items()}, strict=True)
        model.sixteen_bits = self.half
        return model

    def get_dataloader(self, dataset_path: str, batch_size: int = 16, rank: int = 0, mode: str = "train") -> Any:
        """The stock loader in a process of its own; Ultralytics loads between the steps when it trains on a CPU."""
        self.args.workers = 1
        return super().get_dataloader(dataset_path, batch_size, rank, mode)

    def set_model_attributes(self) -> None:
        """The stock attributes; weights in channels-last order, in which a step on two cores takes half the time."""
        super().set_model_attributes()
        model = cast(torch.nn.Module, self.model).to(memory_format=torch.channels_last)
        if self.device.type == "cpu" and not self.half:
            multiply_pointwise(model)

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The stock batch, images in channels-last order as the weights are."""
        batch = super().preprocess_batch(batch)
        batch["img"] = batch["img"].contiguous(memory_format=torch.channels_last)
        return batch

    def get_validator(self) -> PoseValidator:
        """The stock validator, with the names of the losses it prints."""
        names = ("box_loss", "pose_loss", "kobj_loss", "cls_loss", "dfl_loss", "rle_loss")
        self.loss_names = names  # type: ignore[assignment]  # declared as an empty tuple
        return PoseValidator(self.test_loader, save_dir=self.save_dir, args=copy(self.args), _callbacks=self.callbacks)


def main(
    data: Annotated[Path, typer.Option(help="data.yaml written by models.detector.dataset.")] = Path(
        "build/detector/data/data.yaml"
    ),
    output: Annotated[Path, typer.Option(help="Where checkpoints go.")] = Path("build/detector/run"),
    weights: Annotated[
        Path | None, typer.Option(help="Start from this .pt or .safetensors instead of from nothing.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1)] = 60,
    image_size: Annotated[int, typer.Option(help="Longer side in px.")] = 320,
    batch: Annotated[int, typer.Option(min=1)] = 16,
    learning_rate: Annotated[float, typer.Option()] = 0.002,
    close_mosaic: Annotated[int, typer.Option(help="Epochs without mosaic at the end.")] = 4,
    validate: Annotated[bool, typer.Option(help="Score on the validation split after every epoch.")] = True,
    warmup: Annotated[float, typer.Option(help="Epochs of warming up; less when going on from trained weights.")] = 1.0,
    mosaic: Annotated[float, typer.Option(help="Share of training pictures that are mosaics of four.")] = 1.0,
    rotation: Annotated[float, typer.Option(help="Degrees by which pictures are turned at most.")] = 6.0,
    half: Annotated[
        bool, typer.Option(help="Convolutions in bfloat16: faster on CPUs with AVX512-BF16 or AMX, slower on others.")
    ] = False,
    threads: Annotated[int, typer.Option(help="Cores to use; 0: all but one, as Ultralytics does.")] = 0,
    cache: Annotated[bool, typer.Option(help="Keep all pictures in memory, about 1 MB each.")] = True,
    device: Annotated[str, typer.Option()] = "cpu",
    seed: Annotated[int, typer.Option()] = 0,
) -> None:
    """Train, or go on with the run in `output` where it was stopped."""
    last = output / "weights" / "last.pt"
    begin_with = weights if weights is not None and weights.suffix == ".safetensors" else None
    checkpoint = weights if begin_with is None else None
    overrides = {
        "model": str(last if last.exists() else checkpoint or ARCHITECTURE),
        "resume": str(last) if last.exists() else False,
        "data": str(data.resolve()),
        "project": str(output.parent.resolve()),
        "name": output.name,
        "exist_ok": True,
        "epochs": epochs,
        "imgsz": image_size,
        "batch": batch,
        "device": device,
        "seed": seed,
        "workers": 1,
        "cache": "ram" if cache else False,
        "optimizer": "AdamW",
        "lr0": learning_rate,
        "lrf": 0.02,
        "cos_lr": True,
        "warmup_epochs": warmup,
        "warmup_bias_lr": 0.0,  # the stock 0.1 is for SGD; under AdamW it undoes what biases have learnt
        "close_mosaic": close_mosaic,
        "nbs": batch,
        "amp": device != "cpu",
        "plots": False,
        "val": validate,
        "save_period": -1,
        "mosaic": mosaic,
        "degrees": rotation,
        **AUGMENTATION,
        **GAINS,
    }
    if threads:
        torch_utils.NUM_THREADS = threads
    trainer = SlimPoseTrainer(overrides=overrides)
    trainer.begin_with = begin_with
    trainer.half = half
    trainer.train()


if __name__ == "__main__":
    typer.run(main)
