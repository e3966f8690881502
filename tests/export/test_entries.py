import json
from pathlib import Path

import pytest

from core.errors import InputError
from pipeline.export import tracks_json
from pipeline.export.entries import LISTS, entries
from pipeline.result import RunResult


def whole(path: Path) -> list[tuple[str, dict]]:
    document = json.loads(path.read_bytes())
    return [(name, entry) for name in LISTS for entry in document[name]]


def test_every_layout_gives_what_the_document_holds(tmp_path: Path, result: RunResult) -> None:
    plain = tracks_json.write(tmp_path / "tracks.json", result)
    expected = whole(plain)
    assert {name for name, _ in expected} == set(LISTS)
    assert list(entries(plain)) == expected
    assert list(entries(tracks_json.write(tmp_path / "tracks.json", result, compress=True))) == expected
    plain.write_text(json.dumps(json.loads(plain.read_bytes())))
    assert list(entries(plain)) == expected


def test_a_run_without_people(tmp_path: Path, result: RunResult) -> None:
    empty = RunResult(result.cameras, {}, [], result.metadata)
    path = tracks_json.write(tmp_path / "tracks.json", empty)
    assert list(entries(path)) == whole(path)


@pytest.mark.parametrize("text", ["", "[1, 2]}", "{", '{"cameras": 3}'])
def test_what_is_no_tracks_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tracks.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"tracks\.json"):
        list(entries(path))


def test_a_file_cut_off_in_the_middle_is_refused(tmp_path: Path, result: RunResult) -> None:
    path = tracks_json.write(tmp_path / "tracks.json", result)
    text = path.read_bytes()
    path.write_bytes(text[: text.index(b'"x1"')])
    with pytest.raises(InputError, match=r"tracks\.json"):
        list(entries(path))
