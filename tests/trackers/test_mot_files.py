"""MOTChallenge folders: what they say is read, what they cannot mean is said."""

import sys
from pathlib import Path

import pytest

from core.errors import InputError
from trackers import mot_files
from trackers.__main__ import entry


def folder(tmp_path: Path, rows: str, length: int = 3) -> Path:
    (tmp_path / "s" / "det").mkdir(parents=True, exist_ok=True)
    (tmp_path / "s" / "det" / "det.txt").write_text(rows)
    (tmp_path / "s" / "seqinfo.ini").write_text(
        f"[Sequence]\nseqLength={length}\nframeRate=25\nimWidth=640\nimHeight=360\n"
    )
    return tmp_path / "s"


def test_frames_are_read_in_order(tmp_path: Path) -> None:
    read = mot_files.read(folder(tmp_path, "3,-1,5,6,10,20,0.5\n1,-1,1,2,10,20,0.9\n"))
    assert [len(frame) for frame in read.frames] == [1, 0, 1]
    assert read.frames[2].boxes_xyxy.tolist() == [[5, 6, 15, 26]]
    assert [len(frame) for frame in mot_files.read(folder(tmp_path, "")).frames] == [0, 0, 0]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("4,-1,1,2,10,20,0.9\n", "a row of frame 4 .* seqLength=3"),
        ("0,-1,1,2,10,20,0.9\n", "a row of frame 0 .* count from 1"),
        ("1,-1,1,2,10,20\n", "got 6 values"),
        ("1,-1,1,2,10,20,-1\n", "no row has a score above 0"),
        ("one,-1,1,2,10,20,1\n", "expected numbers between commas"),
    ],
)
def test_what_cannot_be_meant_is_said(tmp_path: Path, rows: str, says: str) -> None:
    with pytest.raises(InputError, match=rf"det\.txt: .*{says}"):
        mot_files.read(folder(tmp_path, rows))


def test_the_command_fails_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["trackers", "run", str(tmp_path / "none"), str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ended:
        entry()
    assert ended.value.code == 3
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1
