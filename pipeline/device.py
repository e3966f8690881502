"""Where networks run."""

import re

from core.errors import UsageError

CHOICES = ("auto", "cpu", "cuda", "mps")


def choose_device(asked: str) -> str:
    """`asked`, or what this machine has for 'auto': cuda, else mps, else cpu. UsageError where it is not there.

    Only looks for a GPU where one could be, so that a machine without one does not wait for PyTorch to load.
    """
    kind, _, number = asked.partition(":")
    if kind not in CHOICES or not re.fullmatch(r"\w+|cuda:[0-9]+", asked):
        raise UsageError(f"--device {asked}: expected one of {', '.join(CHOICES)} or cuda:N")
    if kind == "cpu" or (kind == "auto" and not _may_have_gpu()):
        return "cpu"
    import torch

    has_cuda, has_mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if kind == "auto":
        return "cuda" if has_cuda else "mps" if has_mps else "cpu"
    if not (has_cuda if kind == "cuda" else has_mps):
        raise UsageError(f"--device {asked}: PyTorch finds no such device here. Use --device cpu, or auto.")
    if number and int(number) >= torch.cuda.device_count():
        raise UsageError(f"--device {asked}: there are {torch.cuda.device_count()} devices, counted from 0.")
    return asked


def _may_have_gpu() -> bool:
    import platform
    from pathlib import Path

    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    return platform.system() == "Windows" or Path("/dev/nvidiactl").exists() or Path("/dev/dxg").exists()
