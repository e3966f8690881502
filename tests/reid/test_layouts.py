"""Folders as the public data sets have them: recognised, evaluated, trained on, and kept apart."""

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from core.errors import InputError
from reid.__main__ import main
from reid.data.crops import PictureSet, open_crops
from reid.data.layouts import layout_of
from reid.data.overlap import require_apart
from reid.embedder import Embedder
from reid.evaluation import evaluate_folder, read_trial, table, trial_scores
from reid.training.closed_form import fit
from reid.training.loop import train
from reid.training.recipe import Recipe
from tests.reid.fake_crops import person, write_set

NETWORK = {
    "width": 0.125, "embedding": 32, "part_embedding": 16, "input_height": 64, "input_width": 32, "stripes": 4,
}  # fmt: skip


def picture(path: Path, who: int, seed: int) -> str:
    """A crop of person `who` of any size under `path`; gives its name."""
    rng = np.random.default_rng([who, seed])
    colours = np.random.default_rng(who).uniform(0, 255, (4, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    height = int(rng.integers(50, 120))
    cv2.imwrite(str(path), person(colours, height, height // 2, rng))
    return path.name


def msmt17(folder: Path) -> Path:
    """Four people to train on, three others to test on, numbered from 0 both times."""
    lists: dict[str, list[str]] = {"train": [], "val": [], "query": [], "gallery": []}
    for who in range(4):
        for shot in range(4):
            name = f"{who:04d}/{who:04d}_{shot:03d}_{shot % 2 + 1:02d}_0303morning_0015_{shot}.jpg"
            picture(folder / "train" / name, who, shot)
            lists["val" if who == 3 else "train"].append(f"{name} {who}")
    for who in range(3):
        for shot in range(3):
            name = f"{who:04d}/{who:04d}_{shot:03d}_{shot + 1:02d}_0303noon_0015_{shot}.jpg"
            picture(folder / "test" / name, who + 10, shot)
            lists["query" if shot == 0 else "gallery"].append(f"{name} {who}")
    for part, lines in lists.items():
        (folder / f"list_{part}.txt").write_text("\n".join(lines) + "\n")
    return folder


def market(folder: Path, style: str = "s1_000151_00.jpg") -> Path:
    """As Market-1501; with style _f0046182.jpg as DukeMTMC-reID. Distractors are 0, junk is −1."""
    for who in (2, 5, 7, 9):
        for camera in (1, 3):
            for shot in (0, 1):
                name = f"{who:04d}_c{camera}{style.replace('0', str(shot), 1)}"
                picture(folder / "bounding_box_train" / name, who, 10 * camera + shot)
    for who in (11, 12):
        picture(folder / "query" / f"{who:04d}_c1{style}", who, 0)
        picture(folder / "bounding_box_test" / f"{who:04d}_c2{style}", who, 1)
    picture(folder / "bounding_box_test" / f"0000_c2{style}", 20, 1)
    picture(folder / "bounding_box_test" / f"-1_c2{style}", 21, 1)
    return folder


def cuhk03(folder: Path) -> Path:
    for pair in (1, 2):
        for who in (1, 2):
            for view in (1, 2):
                for shot in (1, 2):
                    name = f"{pair}_{who:03d}_{view}_{shot + 5 * (view - 1):02d}.png"
                    picture(folder / name, 10 * pair + who, 10 * view + shot)
    return folder


def test_msmt17_lists_say_who_and_names_say_which_camera(tmp_path: Path) -> None:
    layout = layout_of(msmt17(tmp_path))
    assert layout.name == "MSMT17"
    trained = layout.train(tmp_path)
    assert sorted(set(trained.identity.tolist())) == [0, 1, 2, 3]  # list_val.txt too
    assert trained.camera[:4].tolist() == [1, 2, 1, 2]
    query, gallery = layout.test(tmp_path)
    assert query is not None
    assert query.camera.tolist() == [1, 1, 1]
    assert (gallery.identity.tolist(), gallery.camera.tolist()) == ([0, 0, 1, 1, 2, 2], [2, 3, 2, 3, 2, 3])
    assert all(path.is_file() for path in (*trained.paths, *query.paths, *gallery.paths))


@pytest.mark.parametrize("style", ["s1_000151_00.jpg", "_f0046182.jpg"])
def test_market_and_duke_folders(tmp_path: Path, style: str) -> None:
    layout = layout_of(market(tmp_path, style))
    query, gallery = layout.test(tmp_path)
    assert query is not None
    assert (query.identity.tolist(), query.camera.tolist()) == ([11, 12], [1, 1])
    assert sorted(gallery.identity.tolist()) == [0, 11, 12]  # distractors stay, junk goes
    assert len(layout.train(tmp_path)) == 16


def test_cuhk03_people_and_cameras_are_counted_over_all_pairs(tmp_path: Path) -> None:
    layout = layout_of(cuhk03(tmp_path))
    query, gallery = layout.test(tmp_path)
    assert query is None
    assert len(set(gallery.identity.tolist())) == 4  # person 1 of pair 1 is not person 1 of pair 2
    assert sorted(set(gallery.camera.tolist())) == [1, 2, 3, 4]


def test_scores_on_every_layout(tmp_path: Path, embedder: Embedder) -> None:
    for make in (msmt17, market, cuhk03):
        folder = make(tmp_path / make.__name__)
        trial = read_trial(embedder, folder)
        assert trial.source == layout_of(folder).name
        scores = trial_scores(trial)["global"]
        assert scores.queries == len(trial.query)
        assert scores.mean_ap > 0
        assert len(table({"global": scores})) == 2


def test_an_unknown_layout_lists_the_known_ones_and_those_within(tmp_path: Path) -> None:
    cuhk03(tmp_path / "data" / "labeled")
    picture(tmp_path / "photos" / "holiday.jpg", 0, 0)
    for folder, expected in (("photos", "no known layout"), ("none", "no such folder"), ("data", "labeled")):
        with pytest.raises(InputError, match=expected) as raised:
            layout_of(tmp_path / folder)
        for word in ("MSMT17", "Market-1501", "CUHK03", "dataset.json"):
            assert word in str(raised.value)


def test_lists_and_names_with_mistakes(tmp_path: Path) -> None:
    folder = msmt17(tmp_path / "msmt17")
    (folder / "list_query.txt").write_text("0000/0000_000_01_0303noon_0015_0.jpg 0\n0000/holiday.jpg 0\n")
    with pytest.raises(InputError, match=r"list_query\.txt, line 2"):
        layout_of(folder).test(folder)
    (folder / "list_train.txt").write_text("\n")
    (folder / "list_val.txt").unlink()
    with pytest.raises(InputError, match="lists no pictures"):
        layout_of(folder).train(folder)
    (folder / "list_train.txt").unlink()
    with pytest.raises(InputError, match=r"list_train\.txt: cannot be read"):
        layout_of(folder).train(folder)
    folder = cuhk03(tmp_path / "cuhk03")
    picture(folder / "holiday.png", 0, 0)
    with pytest.raises(InputError, match=r"holiday\.png: expected a name"):
        layout_of(folder).train(folder)
    junk = tmp_path / "junk"
    picture(junk / "-1_c1s1_000001_00.jpg", 0, 0)
    with pytest.raises(InputError, match="all are junk"):
        layout_of(junk).train(junk)


def test_a_single_camera_cannot_be_scored(tmp_path: Path, embedder: Embedder) -> None:
    for who in (1, 2):
        for shot in range(3):
            picture(tmp_path / f"{who:04d}_c1s1_{shot:06d}_00.jpg", who, shot)
    with pytest.raises(InputError, match=r"no query has a match.*cameras \[1\]"):
        evaluate_folder(embedder, tmp_path)


def test_an_unreadable_picture_is_named(tmp_path: Path, embedder: Embedder) -> None:
    folder = market(tmp_path)
    broken = folder / "query" / "0011_c1s1_000151_00.jpg"
    broken.write_bytes(b"\xff\xd8 cut off")
    with pytest.raises(InputError, match=r"0011_c1s1_000151_00\.jpg: cannot be read as a picture"):
        evaluate_folder(embedder, folder)


def test_distractors_of_a_flat_folder_are_asked_for_by_nobody(
    tmp_path: Path, weights_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for who in (0, 1, 2):
        for camera in (1, 2, 3):
            picture(tmp_path / f"{who:04d}_c{camera}s1_000001_00.jpg", who, camera)
    picture(tmp_path / "0002_c1s1_000002_00.jpg", 2, 9)  # somebody to be found: the rest are first in their cameras
    trial = read_trial(Embedder.open(weights_folder, "cpu", 1), tmp_path)
    assert (sorted(set(trial.query_identity.tolist())), trial.distractors) == ([1, 2], 3)
    assert sorted(trial.gallery_identity.tolist()) == [0, 0, 0, 2]
    assert main(["evaluate", str(tmp_path), "--weights", str(weights_folder), "--device", "cpu"]) == 0
    assert "3 pictures are of nobody (identity 0): they are in the gallery alone" in capsys.readouterr().out


def test_scores_of_parts_are_left_out_where_there_are_none_and_it_says_why(
    tmp_path: Path, weights_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, shards = market(tmp_path / "market"), write_set(tmp_path / "set")
    for data, option, said in (
        (folder, [], "no score of the parts: they need keypoints, and pictures have none\n"),
        (folder, ["--no-keypoints"], "pictures have none, --no-keypoints or not\n"),
        (shards, ["--no-keypoints"], "no score of the parts: they need keypoints\n"),
        (shards, [], None),
    ):
        assert main(["evaluate", str(data), *option, "--weights", str(weights_folder), "--device", "cpu"]) == 0
        found = capsys.readouterr().out
        assert said is None or said in found
        assert ("\nparts " in found) is (said is None)


def recipe(folder: Path, validation: Path | None = None, **schedule: object) -> Recipe:
    values = {"steps": 2, "identities": 3, "images": 4, "threads": 1} | schedule
    data = {"train": str(folder), "validation": "" if validation is None else str(validation)}
    return Recipe.from_dict({"data": data, "network": NETWORK, "schedule": values})


def test_training_on_pictures_of_any_size_without_keypoints(tmp_path: Path) -> None:
    folder, lines = market(tmp_path / "market"), []
    train(recipe(folder, folder, validate_steps=1), tmp_path / "run", say=lines.append)
    said = "\n".join(lines)
    assert "16 pictures (Market-1501" in said
    assert "no keypoints" in said
    logged = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in logged if "validation" in line] == [1, 2]
    terms = next(line for line in logged if "classification" in line)
    assert terms["classification"] > 0
    assert terms["parts"] == 0  # nothing to compare


def test_identities_are_counted_from_zero_and_an_unreadable_picture_stops_a_training(tmp_path: Path) -> None:
    folder = market(tmp_path / "market")
    crops = open_crops(folder)
    assert isinstance(crops, PictureSet)
    assert crops.identity.tolist() == sorted([0, 1, 2, 3] * 4)
    assert not crops[0].keypoints_xyc.any()
    for path in crops.paths:
        path.write_bytes(b"")
    with pytest.raises(InputError, match=r"_c1s1.*cannot be read as a picture"):
        train(recipe(folder), tmp_path / "run", say=lambda _: None)


def test_what_a_training_is_told_about_its_crops(tmp_path: Path) -> None:
    folder, lines = tmp_path / "few", []
    for who in range(4):
        for shot in range((2, 3, 3, 1)[who]):
            picture(folder / f"{who + 1:04d}_c1s1_{shot:06d}_00.jpg", who, shot)
    train(recipe(folder, steps=1, images=3), tmp_path / "run", say=lines.append)
    said = "\n".join(lines)
    assert "left out 1 identities with a single crop" in said
    assert "1 identities have fewer than 3 crops" in said
    assert "one camera" in said


def test_the_same_people_on_both_sides_are_an_error(tmp_path: Path) -> None:
    shards, other = write_set(tmp_path / "a"), write_set(tmp_path / "other", seed=1)
    require_apart(shards, other)
    with pytest.raises(InputError, match="one folder"):
        require_apart(shards, tmp_path / "x" / ".." / "a")
    copied = write_set(tmp_path / "copy")
    with pytest.raises(InputError, match=r"32 of the 32 pictures looked at are in data\.train"):
        require_apart(shards, copied)
    with pytest.raises(InputError, match="32 of the 32"):
        train(recipe(shards, copied), tmp_path / "run", say=lambda _: None)


def test_the_parts_of_one_data_set_are_apart_unless_somebody_is_in_both(tmp_path: Path) -> None:
    folder, lists = market(tmp_path / "market"), msmt17(tmp_path / "msmt17")
    for one in (folder, lists):  # in MSMT17 both parts count from 0 and mean others
        require_apart(one, one)
    require_apart(folder, lists)
    require_apart(write_set(tmp_path / "shards"), folder)
    picture(folder / "bounding_box_test" / "0007_c6s1_000151_00.jpg", 7, 99)
    with pytest.raises(InputError, match=r"1 identities, \[7\] first"):
        require_apart(folder, folder)
    flat = cuhk03(tmp_path / "cuhk03")
    again = flat / ".." / "again"
    again.mkdir()
    path = next(iter(flat.iterdir()))
    (again / "1_001_1_01.png").write_bytes(path.read_bytes())
    with pytest.raises(InputError, match=r"1 of the 1 pictures.*1_001_1_01\.png"):
        require_apart(flat, again)


def test_a_fit_on_pictures_says_that_nobody_marked_parts(tmp_path: Path) -> None:
    folder = market(tmp_path / "market")
    whole = recipe(folder, steps=1)
    with pytest.raises(InputError, match=r"no crop shows part 0.*network\.parts = 0"):
        fit(whole, say=lambda _: None)
    network = fit(dataclasses.replace(whole, network=dataclasses.replace(whole.network, parts=0)), say=lambda _: None)
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())


def test_the_commands(tmp_path: Path, weights_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = market(tmp_path / "market")
    common = ["--weights", str(weights_folder), "--device", "cpu", "--threads", "1"]
    assert main(["evaluate", str(folder), "--re-rank", "--expand-queries", "1", *common]) == 0
    said = capsys.readouterr().out
    assert "(Market-1501, DukeMTMC-reID" in said
    assert [line.split("  ")[0] for line in said.splitlines() if line.startswith("global")] == [
        "global", "global, expanded by 1, mean", "global, expanded by 1, α = 3", "global, re-ranked",
    ]  # fmt: skip
    picture(folder / "query" / "0013_c1s1_000151_00.jpg", 13, 0)
    assert main(["evaluate", str(folder), *common]) == 0
    said = capsys.readouterr().out
    assert "left out 1 of 3 queries" in said
    assert "re-ranked" not in said
    assert main(["evaluate", str(folder), "--expand-queries", "-1", *common]) == 2
    assert main(["evaluate", str(tmp_path), *common]) == 3
    assert "market" in capsys.readouterr().err
