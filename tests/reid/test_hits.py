"""What a search writes: its own hits, and no other's."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.people import hits
from pipeline.people.hits import Hit, write_hits


@pytest.fixture(autouse=True)
def videos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wanted frame of every camera can be had, and is grey."""
    grey = np.full((100, 50, 3), 99, np.uint8)
    monkeypatch.setattr(
        hits, "pictures_of", lambda _, wanted: ((one, frame, grey) for one in wanted for frame in sorted(wanted[one]))
    )


def search(output: Path, camera: str, frames: range) -> list[str]:
    """Write hits of these frames; gives the names of all files that are there afterwards."""
    found = [Hit(camera, 1, 1, 0.0, frame, 0.9, 0.1, 0.5, (0, 0, 40, 90)) for frame in frames]
    write_hits(found, None, [], output, print)  # type: ignore[arg-type]
    return sorted(path.name for path in output.iterdir())


def test_hits_take_the_place_of_an_earlier_searchs(tmp_path: Path) -> None:
    assert search(tmp_path, "anna-door", range(3)) == [
        "01-anna-door-000000.jpg", "02-anna-door-000001.jpg", "03-anna-door-000002.jpg", "hits.json", "overview.png",
    ]  # fmt: skip
    (tmp_path / "notes.jpg").write_text("mine")
    assert search(tmp_path, "bob", range(9, 10)) == ["01-bob-000009.jpg", "hits.json", "notes.jpg", "overview.png"]
    assert search(tmp_path, "bob", range(0)) == ["hits.json", "notes.jpg"]


@pytest.mark.parametrize("content", ["{", "[3]", '[{"photo": "a.jpg"}]'])
def test_a_file_of_that_name_that_is_no_list_of_hits_removes_nothing_else(tmp_path: Path, content: str) -> None:
    (tmp_path / "hits.json").write_text(content)
    (tmp_path / "01-bob-000009.jpg").write_text("mine")
    assert search(tmp_path, "bob", range(1)) == [
        "01-bob-000000.jpg", "01-bob-000009.jpg", "hits.json", "overview.png",
    ]  # fmt: skip
    assert json.loads((tmp_path / "hits.json").read_text())[0]["crop"] == "01-bob-000000.jpg"
