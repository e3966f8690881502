"""`cameras.toml`: what it may say, and what is said back."""

from pathlib import Path

import pytest

from core.errors import InputError, UsageError
from pipeline.cameras_file import read_cameras_toml

GOOD = """
[cameras.a]
name = "North door"
offset_s = -1.5
[cameras.a.calibration]
matrix = [[500, 0, 320], [0, 500, 240], [0, 0, 1]]
distortion = [-0.1, 0.01]
rotation = [[1, 0, 0], [0, -0.3, -0.953939], [0, 0.953939, -0.3]]
translation_m = [0, 0, 5]
[cameras.b]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "cameras.toml"
    path.write_text(text)
    return path


def test_reads_everything(tmp_path: Path) -> None:
    read = read_cameras_toml(write(tmp_path, GOOD), ["a", "b", "c"])
    assert read.names == {"a": "North door"}
    assert read.offsets_s == {"a": -1.5}
    assert list(read.calibrations) == ["a"]
    assert read.calibrations["a"].centre_m[2] == pytest.approx(1.5)


def test_no_file_says_nothing(tmp_path: Path) -> None:
    read = read_cameras_toml(tmp_path / "cameras.toml", ["a"])
    assert (read.names, read.offsets_s, read.calibrations) == ({}, {}, {})
    assert read_cameras_toml(write(tmp_path, ""), ["a"]).calibrations == {}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("name =", "nmae =", r"cameras.a.nmae: there is no such key; did you mean 'name'\?"),
        ("matrix =", "matrx =", r"cameras.a.calibration.matrx: there is no such key; did you mean 'matrix'\?"),
        ("[cameras.b]", "[cameras.bb]", r"cameras.bb: there is no such camera; did you mean 'b'\? \(have: a, b\)"),
        ("-1.5", "'x'", "cameras.a.offset_s: .*number"),
        ("-1.5", "nan", "cameras.a.offset_s: .*finite"),
        ("[0, 0, 1]]", "[0, 0, 0]]", "cameras.a.calibration.matrix: is singular"),
        ("[0, 0, 1]]", "[0, 0]]", "cameras.a.calibration.matrix: the rows have different lengths"),
        ("[0, 0, 5]", "[0, 5]", r"cameras.a.calibration.translation_m: expected shape \(3\), got \(2,\)"),
        ("[0, 0, 5]", "[0, 0, -5]", "cameras.a.calibration.rotation and translation_m: the camera would be"),
    ],
)
def test_mistakes_name_file_and_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"cameras.toml: {says}"):
        read_cameras_toml(write(tmp_path, GOOD.replace(old, new)), ["a", "b"])


def test_not_toml(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cameras.toml: is not valid TOML"):
        read_cameras_toml(write(tmp_path, "[cameras"), ["a"])
    with pytest.raises(InputError, match="cannot be read"):
        read_cameras_toml(tmp_path, ["a"])
