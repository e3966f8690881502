"""Folders of pictures as a user has them: what is taken, what is left out, and what is written about them."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import InputError
from pipeline.people import cluster
from pipeline.people.cluster import cluster_folder
from pipeline.people.command import save_arrays
from pipeline.people.finder import Person
from pipeline.people.tools import Tools
from pipeline.people.visualise import draw_ranking
from reid.__main__ import main
from reid.data.folders import label_of, pictures
from reid.embedder import Embedder


def person(path: Path, number: int = 1, grey: int = 90) -> Person:
    image = np.full((40, 20, 3), grey, np.uint8)
    return Person(path, number, np.array([0, 0, 20, 40.0]), image, np.zeros((17, 3)), np.zeros((0, 17, 3)))


class Anybody:
    """A finder that finds one person where the file's name does not say that nobody is there."""

    def in_photo(self, path: Path) -> list[Person]:
        return [] if path.name.startswith("nobody") else [self.in_crop(path)]

    def in_crop(self, path: Path) -> Person:
        return person(path)


def tools(embedder: Embedder, weights: Path, *, are_crops: bool = False) -> Tools:
    return Tools(embedder, Anybody(), weights, are_crops)  # type: ignore[arg-type]


def touch(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


def test_files_that_are_not_read_are_said_unless_they_are_no_pictures(tmp_path: Path) -> None:
    names = ["a.TIF", "b.tiff", "c.jfif", "d.JPG", "e.webp"]
    touch(tmp_path, *names, "1.HEIC", "2.heic", "3.mov", "README", ".DS_Store", "labels.json", "notes.txt")
    (tmp_path / "folder").mkdir()
    said: list[str] = []
    assert [path.name for path in pictures(tmp_path, said.append)] == names
    assert said == ["left out 4 files that are no pictures we read: (no ending) .heic .mov"]
    said.clear()
    assert len(pictures(touch(tmp_path / "clean", "a.jpg", "notes.txt"), said.append)) == 1
    assert said == []


def test_a_folder_without_pictures_says_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no pictures; expected one of \[.*'\.tif'.*\], got \.heic$"):
        pictures(touch(tmp_path / "phone", "a.heic", "b.json"))


def test_distractors_and_junk_are_no_one_person() -> None:
    names = {"0007_c1s1_000451_03.jpg": 7, "0000_c1s1_000451_03.jpg": None, "-1_c1s1_0.jpg": None, "holiday.jpg": None}
    assert {name: label_of(Path(name)) for name in names} == names


def test_every_crop_of_a_cluster_has_its_own_file(tmp_path: Path) -> None:
    people = [
        person(Path("IMG_1.jpg"), 2, 10), person(Path("IMG_1-2.jpg"), 1, 80), person(Path("IMG_1.JPG"), 1, 150),
        person(Path("IMG_1.jpg"), 1, 220), person(Path("IMG_1.png"), 1, 250),
    ]  # fmt: skip
    cluster._write(people, np.zeros(5, int), tmp_path / "out")
    rows = json.loads((tmp_path / "out" / "clusters.json").read_text())
    assert [row["photo"] for row in rows] == [one.path.name for one in people]
    found = [int(cv2.imread(str(tmp_path / "out" / row["crop"])).mean().round()) for row in rows]
    assert found == pytest.approx([10, 80, 150, 220, 250], abs=2)


def test_an_interrupted_cluster_leaves_nothing_and_runs_again(
    embedder: Embedder, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, output, written = touch(tmp_path / "photos", "a.jpg", "b.jpg", "c.jpg"), tmp_path / "people", []
    encoded = cluster.encoded

    def interrupted(*arguments: object) -> bytes:
        written.append(arguments)
        if len(written) == 3:
            raise KeyboardInterrupt
        return encoded(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(cluster, "encoded", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cluster_folder(tools(embedder, weights, are_crops=True), photos, output, None, print)
    assert not output.exists()
    touch(output, ".throughline-0123.part")  # of a run that was killed
    cluster_folder(tools(embedder, weights, are_crops=True), photos, output, None, print)
    assert len(json.loads((output / "clusters.json").read_text())) == 3
    assert len(list(output.rglob("*.jpg"))) == 3


@pytest.mark.parametrize(("command", "said"), [("cluster", "stopped"), ("train", "to go on")])
def test_only_a_training_says_that_it_goes_on(
    command: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.people.command._tools", interrupted)
    monkeypatch.setattr("reid.training.recipe.Recipe.read", interrupted)
    assert main([command, "a", "--output", "b"]) == 130
    assert capsys.readouterr().err.strip().endswith(said)


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "2.5"])
def test_a_distance_that_makes_no_sense_is_refused(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cluster", "none", "--output", "out", "--distance", value]) == 2
    assert "--distance: expected above 0 and up to 2" in capsys.readouterr().err


def test_a_list_of_less_than_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["visualise", "a.jpg", "--output", "a.png", "--gallery", "b", "--top", "-1"]) == 2
    assert "--top: expected at least 1, got -1" in capsys.readouterr().err


def test_a_gallery_without_people_is_refused_and_what_cannot_be_read_is_left_out(
    embedder: Embedder, weights: Path, tmp_path: Path
) -> None:
    asked, gallery, said = tmp_path / "me.jpg", touch(tmp_path / "gallery", "nobody.png", "z.heic"), []
    with pytest.raises(InputError, match=r"gallery: nobody found in 1 pictures\. If they are crops .* add --crops"):
        draw_ranking(tools(embedder, weights), [asked], gallery, tmp_path / "r.png", 3, said.append)
    assert [line.split(": ")[0] for line in said] == ["left out 1 files that are no pictures we read", "left out"]
    touch(gallery, os.fsdecode(b"caf\xe9.png"))
    draw_ranking(tools(embedder, weights), [asked], gallery, tmp_path / "r.png", 3, said.append)
    assert cv2.imread(str(tmp_path / "r.png")) is not None


def test_a_file_name_that_is_no_text_does_not_end_a_command(
    photos: Path, colour_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """OpenCV dies of such a name, and so does a line printed about it."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes((photos / "0000_c0.png").read_bytes())
    (folder / os.fsdecode(b"broken-\xe9.png")).write_bytes(b"broken")
    options = ["--weights", str(colour_weights), "--device", "cpu", "--threads", "1"]
    assert main(["cluster", str(folder), "--crops", "--output", str(tmp_path / "people"), *options]) == 0
    assert r"broken-\udce9.png: cannot be read" in capsys.readouterr().out
    (row,) = json.loads((tmp_path / "people" / "clusters.json").read_text())
    assert (tmp_path / "people" / row["crop"]).is_file()


def test_arrays_are_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_arrays(tmp_path / "e.npz", name=np.array(["a"]))

    def half(file, **_: object) -> None:
        file.write(b"PK")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(KeyboardInterrupt):
        save_arrays(tmp_path / "e.npz", name=np.array(["b"]))
    assert np.load(tmp_path / "e.npz")["name"].tolist() == ["a"]
    assert os.listdir(tmp_path) == ["e.npz"]
