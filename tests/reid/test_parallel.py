"""Two processes under torchrun train as one process does.

In 64 bits: in 32 the order of a sum decides which side of a kink a value falls, and an untrained network in training
mode makes percents of a gradient out of that within one step.
"""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch import nn

from reid.training.parallel import Group
from tests.reid.fake_crops import write_set

ROOT = Path(__file__).resolve().parents[2]
RECIPE = """
name = "tiny"
[data]
train = "{data}"
[network]
trunk = "osnet-ain"
width = 0.125
embedding = 32
part_embedding = 16
input_height = 64
input_width = 32
[schedule]
steps = 8
identities = 4
images = 2
learning_rate = 2e-3
threads = 1
double = true
report_s = 0.0
"""


def curve(folder: Path, recipe: Path, launcher: list[str]) -> np.ndarray:
    """Every term of every step (steps, terms)."""
    command = [sys.executable, *launcher, "-m", "reid", "train", str(recipe), "--output", str(folder)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return np.array([[line[name] for name in ("classification", "triplet", "parts", "stripes")] for line in lines])


def test_two_processes_follow_the_curve_of_one(tmp_path) -> None:
    data = write_set(tmp_path / "crops", identities=8, per_identity=4)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE.format(data=data))
    one = curve(tmp_path / "one", recipe, [])
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    two = curve(tmp_path / "two", recipe, launcher)
    assert one.shape == (8, 4)
    assert np.ptp(one[:, 0]) > 0.01  # it learns something
    np.testing.assert_allclose(two, one, atol=1e-5)


def test_shared_statistics_of_sixteen_bits_are_those_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = Group("cpu")
    plain = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), nn.LazyLinear(4), nn.BatchNorm1d(4))
    pictures = torch.rand(8, 3, 32, 16)
    plain(pictures)
    shared = copy.deepcopy(plain)
    monkeypatch.setattr(group, "size", 2)
    group.prepare(shared)
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        with torch.autocast("cpu", torch.bfloat16):
            expected, found = plain(pictures), shared(pictures)
    finally:
        dist.destroy_process_group()
    assert found.dtype == expected.dtype == torch.bfloat16
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02)
    for name, value in plain.named_buffers():
        torch.testing.assert_close(shared.get_buffer(name), value, rtol=1e-4, atol=1e-5)


def test_each_process_takes_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    for name, value in (("WORLD_SIZE", "2"), ("RANK", "3"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(dist, "init_process_group", lambda backend: None)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    for device in ("cuda", "cuda:0", "cpu"):
        Group(device)
    assert taken == [1]


def test_one_process_changes_nothing() -> None:
    group = Group("cpu")
    assert (group.size, group.leads) == (1, True)
    marker = object()
    assert group.own(marker) is marker
    assert group.gathered(marker) is marker
