import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ConstraintError, InputError
from pipeline.export import mot, tracks_json
from pipeline.export.verify import verify_outputs
from pipeline.result import RunResult


@pytest.fixture
def folder(tmp_path: Path, result: RunResult) -> Path:
    tracks_json.write(tmp_path / "tracks.json", result)
    mot.write(tmp_path / "mot", result)
    return tmp_path


def edit(folder: Path, change: Callable[[dict], None]) -> None:
    document = json.loads((folder / "tracks.json").read_bytes())
    change(document)
    (folder / "tracks.json").write_text(json.dumps(document))


def test_what_the_exporters_write_passes(folder: Path) -> None:
    verify_outputs(folder)


def test_gzip_passes_and_is_really_read(folder: Path, result: RunResult) -> None:
    (folder / "tracks.json").unlink()
    tracks_json.write(folder / "tracks.json", result, compress=True)
    verify_outputs(folder)
    (folder / "mot" / "a.txt").write_text("")
    with pytest.raises(ConstraintError, match="has 0"):
        verify_outputs(folder)


def test_one_of_the_two_is_enough(folder: Path) -> None:
    (folder / "tracks.json").rename(folder / "aside")
    verify_outputs(folder)
    (folder / "aside").rename(folder / "tracks.json")
    for path in (folder / "mot").iterdir():
        path.unlink()
    verify_outputs(folder)


def test_nothing_to_check_is_not_a_pass(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither"):
        verify_outputs(tmp_path)


def test_two_generations_side_by_side_are_refused(folder: Path, result: RunResult) -> None:
    tracks_json.write(folder / "tracks.json", result, compress=True)
    with pytest.raises(ConstraintError, match="both there"):
        verify_outputs(folder)


def test_an_identity_twice_in_a_frame_of_tracks_json(folder: Path) -> None:
    def merge(document: dict) -> None:
        first, second = document["identities"]
        first["tracklets"] += second["tracklets"]
        second["tracklets"] = []

    edit(folder, merge)
    with pytest.raises(ConstraintError, match=r"tracks\.json, camera 'a': identity 1 .* frame 1 "):
        verify_outputs(folder)


def test_an_identity_twice_in_a_frame_of_a_text(folder: Path) -> None:
    path = folder / "mot" / "a.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[0]]) + "\n")
    with pytest.raises(ConstraintError, match=r"mot/a\.txt: identity 1 .* frame 0 "):
        verify_outputs(folder)


@pytest.mark.parametrize("value", ["2", "700.3"])
def test_a_number_that_differs(folder: Path, value: str) -> None:
    path = folder / "mot" / "a.txt"
    cells = path.read_text().split(",")
    cells[1 if value == "2" else 2] = value
    path.write_text(",".join(cells))
    with pytest.raises(ConstraintError, match=r"camera 'a': .* disagree at frame 0"):
        verify_outputs(folder)


def test_a_missing_camera(folder: Path) -> None:
    (folder / "mot" / "broken.txt").unlink()
    with pytest.raises(ConstraintError, match="'broken' is in only one"):
        verify_outputs(folder)


def test_only_the_texts_of_the_cameras_of_the_run_are_looked_at(folder: Path, result: RunResult) -> None:
    (folder / "mot" / "gone.txt").write_text("of an earlier run, or somebody's notes")
    verify_outputs(folder, cameras=[camera.id for camera in result.cameras])
    with pytest.raises(ConstraintError, match="'a' is in only one"):
        verify_outputs(folder, cameras=[camera.id for camera in result.cameras if camera.id != "a"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["identities"][1].update(tracklets=d["identities"][0]["tracklets"]), "two identities"),
        (lambda d: d["identities"].pop(), "disagree about it"),
        (lambda d: d["cameras"].pop(1), "not in the list of cameras"),
    ],
)
def test_lists_that_do_not_fit(folder: Path, change: Callable[[dict], None], message: str) -> None:
    edit(folder, change)
    with pytest.raises(ConstraintError, match=message):
        verify_outputs(folder)


def test_a_text_that_is_not_one(folder: Path) -> None:
    (folder / "mot" / "a.txt").write_text("1,2,3\n")
    with pytest.raises(InputError, match=r"a\.txt.*10 numbers"):
        verify_outputs(folder)
