"""Several processes train one network as one process would: `torchrun --nproc-per-node N -m reid train …`.

Metric losses compare all pairs of a batch, so averaging gradients of separate batches is not the same training. Here
every process embeds its rows of one global batch, all embeddings are gathered, each computes the whole loss, and the
gradient of its own rows flows back. Batch normalisation counts the whole batch too.
"""

import os
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from core.errors import SettingError
from reid.network.head import Branches
from reid.training.batches import Batch


class Group:
    """The processes of this training; of size 1 everything passes through unchanged."""

    def __init__(self, device: str) -> None:
        """Joins the processes that torchrun started, if it did; with "cuda" each takes a GPU of its own."""
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        if self.size > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
            if device == "cuda":
                torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))  # what "cuda" means from here on

    @property
    def leads(self) -> bool:
        """Whether this process writes logs and checkpoints."""
        return self.rank == 0

    def prepare(self, network: nn.Module) -> nn.Module:
        """Let batch normalisations count all processes' rows; names and values of the weights stay.

        Raises SettingError for a normalisation that would lose something.
        """
        if self.size > 1:
            for module in network.modules():
                if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                    _require_plain(module)
                    module.__class__ = _SharedNorm1d if isinstance(module, nn.BatchNorm1d) else _SharedNorm2d
        return network

    def own(self, batch: Batch) -> Batch:
        """This process's rows. Raises SettingError where they cannot be shared evenly."""
        if self.size == 1:
            return batch
        count = len(batch.pictures)
        if count % self.size:
            raise SettingError(f"a batch of {count} crops cannot be shared evenly by {self.size} processes")
        each = count // self.size
        return Batch(*(tensor[self.rank * each : (self.rank + 1) * each] for tensor in batch))

    def gathered(self, branches: Branches) -> Branches:
        """All processes' rows in order; gradients flow into this process's rows alone."""
        if self.size == 1:
            return branches
        return Branches(*(_Gather.apply(tensor, self.rank, self.size) for tensor in branches))

    def sum_gradients(self, network: nn.Module, objective: nn.Module) -> None:
        """Add the processes' gradients of the network. Each has the objective's whole gradient: those are averaged."""
        if self.size == 1:
            return
        for module, share in ((network, 1.0), (objective, 1.0 / self.size)):
            for value in module.parameters():
                if value.grad is not None:
                    dist.all_reduce(value.grad)
                    value.grad *= share

    def leave(self) -> None:
        """Wait for the others, then part."""
        if self.size > 1:
            dist.barrier()
            dist.destroy_process_group()


def _require_plain(norm: nn.Module) -> None:
    if type(norm) not in (nn.BatchNorm1d, nn.BatchNorm2d):
        raise SettingError(
            f"network.trunk: its {type(norm).__name__} does more than normalise and cannot count several processes' "
            "rows; train in one process, or take another trunk"
        )


class _Gather(torch.autograd.Function):
    """All rows forward; backward the slice of the own ones. Every process has the same whole gradient."""

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, rank: int, size: int) -> torch.Tensor:
        ctx.place = rank * len(rows), (rank + 1) * len(rows)
        everyone = [torch.empty_like(rows) for _ in range(size)]
        dist.all_gather(everyone, rows.contiguous())
        return torch.cat(everyone)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        first, last = ctx.place
        return gradients[0][first:last].contiguous(), None, None


class _Sum(torch.autograd.Function):
    """Sum over all processes; so is the gradient, since every process made use of the sum."""

    @staticmethod
    def forward(ctx: Any, own: torch.Tensor) -> torch.Tensor:
        total = own.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total


def _summed(own: torch.Tensor) -> torch.Tensor:
    summed: torch.Tensor = _Sum.apply(own)
    return summed


def _normalised(norm: nn.BatchNorm1d | nn.BatchNorm2d, x: torch.Tensor) -> torch.Tensor:
    """Batch normalisation (Ioffe and Szegedy 2015) over the rows of all processes; x (N, C) or (N, C, …).

    The sums are made in the precision of the weights; the result has that of x.
    """
    given, x = x.dtype, x.to(norm.weight.dtype)
    axes = [axis for axis in range(x.ndim) if axis != 1]
    count = x.numel() // x.shape[1] * dist.get_world_size()
    shape = [1, -1] + [1] * (x.ndim - 2)
    mean = _summed(x.sum(axes)) / count
    centred = x - mean.reshape(shape)
    variance = _summed(centred.square().sum(axes)) / count
    with torch.no_grad():
        assert norm.running_mean is not None and norm.running_var is not None and norm.momentum is not None
        norm.running_mean.lerp_(mean, norm.momentum)
        norm.running_var.lerp_(variance * count / max(1, count - 1), norm.momentum)
        if norm.num_batches_tracked is not None:
            norm.num_batches_tracked += 1
    result = centred * torch.rsqrt(variance + norm.eps).reshape(shape)
    return (result * norm.weight.reshape(shape) + norm.bias.reshape(shape)).to(given)


class _SharedNorm1d(nn.BatchNorm1d):
    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return _normalised(self, input) if self.training else super().forward(input)


class _SharedNorm2d(nn.BatchNorm2d):
    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return _normalised(self, input) if self.training else super().forward(input)
