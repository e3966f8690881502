"""`cameras.toml`: what it may say, and what is said back."""

import re
import unicodedata
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import InputError, UsageError
from pipeline.cameras_file import read_cameras_toml
from pipeline.video import CameraSource

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
FLOOR = """
[cameras.a.floor]
points_px = [[200, 611], [1022, 559], [761, 231], [391, 242]]
points_m = [[0, 0], [4, 0], [4, 6], [0, 6]]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "cameras.toml"
    path.write_text(text, encoding="utf-8")
    return path


def cameras(*ids: str) -> list[CameraSource]:
    """Sources that nobody opens."""
    return [CameraSource(name, Path(f"{name}.mp4")) for name in ids]


def picture(folder: Path, width: int, height: int) -> CameraSource:
    """Camera a: a folder of one picture of this size."""
    path = folder / "a" / "1.png"
    path.parent.mkdir()
    cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))
    return CameraSource("a", path.parent, (path,))


def test_reads_everything(tmp_path: Path) -> None:
    read = read_cameras_toml(write(tmp_path, GOOD), cameras("a", "b", "c"))
    assert read.names == {"a": "North door"}
    assert read.offsets_s == {"a": -1.5}
    assert list(read.calibrations) == ["a"]
    assert read.calibrations["a"].centre_m[2] == pytest.approx(1.5)


def test_no_file_says_nothing(tmp_path: Path) -> None:
    read = read_cameras_toml(tmp_path / "cameras.toml", cameras("a"))
    assert (read.names, read.offsets_s, read.calibrations) == ({}, {}, {})
    assert read_cameras_toml(write(tmp_path, ""), cameras("a")).calibrations == {}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("name =", "nmae =", r"cameras.a.nmae: there is no such key; did you mean 'name'\?"),
        ("matrix =", "matrx =", r"cameras.a.calibration.matrx: there is no such key; did you mean 'matrix'\?"),
        ("[cameras.b]", "[cameras.bb]", r"cameras.bb: there is no such camera; did you mean 'b'\? \(have: a, b\)"),
        ("-1.5", "'x'", "cameras.a.offset_s: .*number"),
        ("-1.5", "true", "cameras.a.offset_s: .*number, got True"),
        ("-1.5", "nan", "cameras.a.offset_s: .*finite"),
        ("[0, 0, 1]]", "[0, 0, 0]]", "cameras.a.calibration.matrix: is singular"),
        ("[0, 0, 1]]", "[0, 0]]", "cameras.a.calibration.matrix: the rows have different lengths"),
        ("[0, 0, 5]", "[0, 5]", r"cameras.a.calibration.translation_m: expected shape \(3\), got \(2,\)"),
        ("[0, 0, 5]", "[0, 0, -5]", "cameras.a.calibration.rotation and translation_m: the camera would be"),
    ],
)
def test_mistakes_name_file_and_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(UsageError, match=f"cameras.toml: {says}"):
        read_cameras_toml(write(tmp_path, GOOD.replace(old, new)), cameras("a", "b"))


@pytest.mark.parametrize("ids", [("cam.1",), ("cam", "cam.1.b")])
def test_a_name_with_a_dot_needs_quotes(tmp_path: Path, ids: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=rf'quotes: write \[cameras\."{ids[-1]}"\]'):
        read_cameras_toml(write(tmp_path, f"[cameras.{ids[-1]}]\noffset_s = 1"), cameras(*ids))


@pytest.mark.parametrize("header", ["cameras.front door", "cameras.front door.floor", " cameras.Küche "])
def test_a_name_with_anything_else_needs_quotes_too(tmp_path: Path, header: str) -> None:
    name = "Küche" if "Küche" in header else "front door"
    text = f"[cameras.a.b]\n[{header}]\n"
    with pytest.raises(InputError, match=rf'is not valid TOML: .*quotes: write \[cameras\."{name}"\]'):
        read_cameras_toml(write(tmp_path, text), cameras(name))


def test_the_mark_that_notepad_puts_first_is_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.write_bytes("[cameras.a]\noffset_s = 2".encode("utf-8-sig"))
    assert read_cameras_toml(path, cameras("a")).offsets_s == {"a": 2.0}


def test_names_fit_however_their_letters_are_put_together(tmp_path: Path) -> None:
    in_file_name = unicodedata.normalize("NFD", "Küche")
    text = f'[cameras."{unicodedata.normalize("NFC", in_file_name)}"]\noffset_s = 2'
    assert read_cameras_toml(write(tmp_path, text), cameras(in_file_name)).offsets_s == {in_file_name: 2.0}


def test_not_toml(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cameras.toml: is not valid TOML"):
        read_cameras_toml(write(tmp_path, "[cameras"), cameras("a"))
    with pytest.raises(InputError, match="cannot be read"):
        read_cameras_toml(tmp_path, cameras("a"))


def test_floor_marks_in_pictures_of_the_video(tmp_path: Path) -> None:
    read = read_cameras_toml(write(tmp_path, FLOOR), [picture(tmp_path, 1280, 720)])
    calibration = read.calibrations["a"]
    np.testing.assert_allclose(calibration.to_floor(np.array([[200, 611], [594, 344]])), [[0, 0], [2, 3]], atol=0.01)
    assert calibration.centre_m[2] == pytest.approx(2.8, abs=0.01)
    assert calibration.matrix[:2, 2].tolist() == [640, 360]
    assert read.warnings == ()


def test_floor_marks_that_hardly_fit_are_a_warning(tmp_path: Path) -> None:
    text = FLOOR.replace("[761, 231]", "[761, 241]")
    (warning,) = read_cameras_toml(write(tmp_path, text), [picture(tmp_path, 1280, 720)]).warnings
    assert re.match(r"camera 'a': the floor marks fit only with clicks off by about \d.* px; mark \d, ", warning)


@pytest.mark.parametrize("larger", [0.5, 2.25])
def test_floor_marks_in_a_picture_of_another_size(tmp_path: Path, larger: float) -> None:
    """What the marks say of the floor is the same, at other pixels."""
    (tmp_path / "same").mkdir()
    same = read_cameras_toml(write(tmp_path, FLOOR), [picture(tmp_path / "same", 1280, 720)]).calibrations["a"]
    source = picture(tmp_path, round(1280 * larger), round(720 * larger))
    read = read_cameras_toml(write(tmp_path, FLOOR + "size_px = [1280, 720]"), [source])
    there = read.calibrations["a"]
    np.testing.assert_allclose(there.matrix[:2], same.matrix[:2] * larger, rtol=1e-9)
    where = np.array([[500.0, 400], [640, 600]])
    np.testing.assert_allclose(there.to_floor(where * larger), same.to_floor(where), atol=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("points_m", "points_n", r"cameras.a.floor.points_n: there is no such key; did you mean 'points_\w+'\?"),
        ("points_m = [[0, 0], [4, 0], [4, 6], [0, 6]]", "", "cameras.a.floor.points_m: Field required"),
        ("[4, 0]", "[4]", "cameras.a.floor.points_m.1.1: Field required"),
        ("[4, 0]", "[4, inf]", "cameras.a.floor.points_m.1.1: .*finite"),
        ("[4, 0], ", "", "cameras.a.floor.points_px and points_m: expected the same marks .* got 4 and 3"),
        ("[1022, 559]", "[1522, 559]", "cameras.a.floor.points_px: mark 2, .* is outside the picture of 1280 × 720"),
        ("[4, 0], [4, 6], [0, 6]", "[4, 0], [8, 0], [0, 6]", "cameras.a.floor.points_m: all marks, or all but one"),
        ("[4, 0], [4, 6], [0, 6]", "[4, 0], [4, -6], [0, -6]", "cameras.a.floor.points_m: the marks fit only a mirr"),
        ("points_m", "size_px = [1280, 0]\npoints_m", "cameras.a.floor.size_px.1: .*greater than 0"),
        ("points_m", "size_px = [720, 1280]\npoints_m", "cameras.a.floor.size_px: 720 × 1280 .* is 1280 × 720"),
        ("[cameras.a.floor]",
         "[cameras.a]\ncalibration = {matrix=[], rotation=[], translation_m=[]}\n[cameras.a.floor]",
         "cameras.a: has both a calibration and a floor; leave one of them out"),
    ],
)  # fmt: skip
def test_mistakes_with_floor_marks_name_file_and_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in FLOOR
    with pytest.raises(UsageError, match=f"cameras.toml: {says}"):
        read_cameras_toml(write(tmp_path, FLOOR.replace(old, new)), [picture(tmp_path, 1280, 720)])


def test_floor_marks_of_a_video_that_cannot_be_opened_say_nothing(tmp_path: Path) -> None:
    """Reading that camera says why; the others go on."""
    read = read_cameras_toml(write(tmp_path, FLOOR), cameras("a"))
    assert (read.calibrations, read.warnings) == ({}, ())
