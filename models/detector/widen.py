"""Make a trained network wider without changing what it says; it goes on learning from there, with room to spare.

    python -m models.detector.widen build/detector/runF/weights/last.pt --output build/detector/wide.safetensors

Net2Net (Chen, Goodfellow and Shlens 2016), with new channels of random weights in place of copies: what the old
channels read from the new ones is zero at first, so that the outputs stay the same, and the new ones have something of
their own to say from the first step.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from core.quiet import hush

hush()

import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch import nn  # noqa: E402
from ultralytics import YOLO  # noqa: E402
from ultralytics.nn.modules import C2PSA, C2f  # noqa: E402
from ultralytics.nn.modules.block import Attention  # noqa: E402

from models.detector.network import SlimPoseModel  # noqa: E402

PROBE_PX = 64


def widen(old: SlimPoseModel, wide: SlimPoseModel) -> None:
    """Give `wide` the weights of `old`, in place, both in eval mode; ValueError where a layer of `wide` is narrower.

    Attention must be as wide in both: its channels are queries, keys and values, each with a place of its own.
    """
    olds = dict(old.named_modules())
    with torch.no_grad():
        for name, module in wide.named_modules():
            if isinstance(module, Attention) and module.qkv.conv.out_channels != olds[name].qkv.conv.out_channels:
                raise ValueError(f"{name}: attention cannot be made wider")
        kept = wide.state_dict()
        kept.update({name: value for name, value in old.state_dict().items() if kept[name].shape == value.shape})
        wide.load_state_dict(kept)
        _Marker(olds, wide).run()


class _Marker:
    """Sends marks through the wide network, 1 in channels that the old one has, and copies weights as they pass.

    Concatenations, halvings and sums carry the marks to where the old channels lie in the wide network.
    """

    def __init__(self, olds: dict[str, nn.Module], wide: SlimPoseModel) -> None:
        self.olds, self.wide = olds, wide
        modules = dict(wide.named_modules())
        self.halved = {f"{name}.cv1.conv" for name, module in modules.items() if isinstance(module, (C2f, C2PSA))}
        self.hooks = [
            module.register_forward_hook(self._hook(name))
            for name, module in modules.items()
            if isinstance(module, (nn.Conv2d, nn.BatchNorm2d))
        ]

    def run(self) -> None:
        self.wide(torch.ones(1, 3, PROBE_PX, PROBE_PX))
        for hook in self.hooks:
            hook.remove()

    def _hook(self, name: str) -> Any:
        def hook(module: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor:
            read = inputs[0][0].amax((1, 2)) > 0
            old: Any = self.olds.get(name)
            if isinstance(module, nn.BatchNorm2d):
                if old is not None:
                    for values, old_values in zip(_per_channel(module), _per_channel(old), strict=True):
                        values[read] = old_values
                return inputs[0]
            written = self._written(name, module, old, read)
            if old is not None:
                _copy(old, module, read, written)
            return written.to(output.dtype)[None, :, None, None].expand_as(output).clone()

        return hook

    def _written(self, name: str, module: nn.Conv2d, old: nn.Conv2d | None, read: torch.Tensor) -> torch.Tensor:
        """Which output channels of `module` are channels of the old network."""
        if module.groups > 1:  # depthwise: each channel stays what it is
            return read
        written = torch.zeros(module.out_channels, dtype=torch.bool)
        if old is None:
            return written
        if module.out_channels < old.out_channels:
            raise ValueError(f"{name}: {module.out_channels} channels are fewer than {old.out_channels}")
        parts = 2 if name in self.halved else 1
        written.view(parts, -1)[:, : old.out_channels // parts] = True
        return written


def _per_channel(norm: nn.BatchNorm2d) -> tuple[Any, Any, Any, Any]:
    return norm.weight, norm.bias, norm.running_mean, norm.running_var


def _copy(old: nn.Conv2d, module: nn.Conv2d, read: torch.Tensor, written: torch.Tensor) -> None:
    rows = torch.zeros_like(module.weight[written])
    if module.groups > 1:
        rows[:] = old.weight
    else:
        rows[:, read] = old.weight
    module.weight[written] = rows
    if module.bias is not None and old.bias is not None:
        module.bias[written] = old.bias


def main(
    checkpoint: Annotated[Path, typer.Argument(help="A .pt of models.detector.train; only your own, it is a pickle.")],
    output: Annotated[Path, typer.Option(help="The .safetensors to write, for --weights of models.detector.train.")],
    seed: Annotated[int, typer.Option(help="Of the new channels.")] = 0,
) -> None:
    """Write the weights of CHECKPOINT in the architecture of today."""
    torch.manual_seed(seed)
    wide = SlimPoseModel(verbose=False).eval()
    widen(YOLO(checkpoint).model.float().eval(), wide)  # type: ignore[union-attr]
    save_file({name: tensor.contiguous() for name, tensor in wide.state_dict().items()}, output)
    typer.echo(f"{output}: {sum(tensor.numel() for tensor in wide.parameters()) / 1e6:.2f} million parameters")


if __name__ == "__main__":
    typer.run(main)
