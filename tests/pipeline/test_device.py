"""Which device is meant, and what is said of one that cannot be."""

import sys
from types import SimpleNamespace

import pytest

from core.errors import UsageError
from pipeline.device import choose_device


@pytest.mark.parametrize("asked", ["tpu", "cuda:", "cuda:x", "cuda:-1", "cuda:0:0", "cpu:3", "auto:7", "mps:0", ""])
def test_what_names_no_device_is_refused(asked: str) -> None:
    with pytest.raises(UsageError, match=f"--device {asked}: expected one of auto, cpu, cuda, mps or cuda:N"):
        choose_device(asked)


def test_numbers_of_gpus_count_from_0(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = SimpleNamespace(is_available=lambda: True, device_count=lambda: 2)
    mps = SimpleNamespace(is_available=lambda: False)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, backends=SimpleNamespace(mps=mps)))
    assert choose_device("cuda:1") == "cuda:1"
    with pytest.raises(UsageError, match="there are 2 devices"):
        choose_device("cuda:2")
