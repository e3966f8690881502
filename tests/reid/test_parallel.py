"""Two processes under torchrun train as one process does.

In 64 bits: in 32 the order of a sum decides which side of a kink a value falls, and an untrained network in training
mode makes percents of a gradient out of that within one step.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

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


def test_one_process_changes_nothing() -> None:
    group = Group("cpu")
    assert (group.size, group.leads) == (1, True)
    marker = object()
    assert group.own(marker) is marker
    assert group.gathered(marker) is marker
