"""make: a failed set-up leaves nothing half done, and cleaning up leaves what users made."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_PIP = "#!/bin/sh\nmkdir -p .venv/bin && touch .venv/bin/python && exit 1\n"  # as without Debian's python3-venv


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "-f", str(ROOT / "Makefile"), *words]
    alone = {**os.environ, "MAKEFLAGS": ""}  # whatever make runs the tests has set is not meant for this one
    return subprocess.run(command, cwd=folder, env=alone, capture_output=True, text=True, check=False, timeout=20)


@pytest.fixture(autouse=True)
def _needs_make() -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")


def test_an_environment_that_could_not_be_made_is_not_taken_for_one(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(WITHOUT_PIP)
    python.chmod(0o755)
    (tmp_path / "requirements.txt").touch()
    for _ in range(2):
        done = make(tmp_path, "demo", f"PYTHON={python}")
        assert done.returncode == 2
        assert "apt install python3-venv" in done.stdout
        assert not (tmp_path / ".venv").exists()


def test_cleaning_up_leaves_the_results_of_users(tmp_path: Path) -> None:
    for name in (".venv", "build", "out/demo", "out/mine"):
        (tmp_path / name).mkdir(parents=True)
    assert make(tmp_path, "clean").returncode == 0
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["mine", "out"]
