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
        ("1,-1,1,2,10,20,0.9\n\n4,-1,1,2,10,20,0.9\n", ", line 3: a row of frame 4 .* seqLength=3"),
        ("0,-1,1,2,10,20,0.9\n", ", line 1: a row of frame 0 .* count from 1"),
        ("1.5,-1,1,2,10,20,0.9\n", ", line 1: a row of frame 1.5 "),
        ("nan,-1,1,2,10,20,0.9\n", ", line 1: a row of frame nan "),
        ("1,-1,nan,2,10,20,0.9\n", ", line 1: expected finite numbers"),
        ("1,-1,1,2,10,20,0.9\n1,-1,1,2,10,20\n", ", line 2: expected frame,id,x,y,w,h,score"),
        ("1,-1,1,2,10,20,-1\n", ": no row has a score above 0"),
        ("one,-1,1,2,10,20,1\n", ": expected numbers between commas"),
    ],
)
def test_what_cannot_be_meant_is_said(tmp_path: Path, rows: str, says: str) -> None:
    with pytest.raises(InputError, match=rf"det\.txt{says}"):
        mot_files.read(folder(tmp_path, rows))


@pytest.mark.parametrize("info", ["", "seqLength=3\n", "[Sequence]\n", "[Sequence]\nname=M\xfcller\n"])
def test_what_seqinfo_lacks_is_said(tmp_path: Path, info: str) -> None:
    path = folder(tmp_path, "1,-1,1,2,10,20,0.9\n")
    (path / "seqinfo.ini").write_text(info, encoding="latin-1")
    with pytest.raises(InputError, match=r"seqinfo\.ini: expected seqLength, frameRate"):
        mot_files.read(path)
    (path / "seqinfo.ini").write_text("[Sequence]\nseqLength=3\nframeRate=0\nimWidth=640\nimHeight=360\n")
    with pytest.raises(InputError, match="a frameRate above 0, got 0"):
        mot_files.read(path)


def test_the_command_fails_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder(tmp_path / "in", "1,-1,1,2,10,20,0.9\n")
    (tmp_path / "file").touch()
    for truth, out, tracker, code in (
        ("none", "out", "default", 3), ("in", "file", "default", 3), ("in", "out", "nobody", 2)
    ):  # fmt: skip
        argv = ["trackers", "run", str(tmp_path / truth), str(tmp_path / out), "--tracker", tracker]
        monkeypatch.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit) as ended:
            entry()
        assert ended.value.code == code
        said = capsys.readouterr().err
        assert said.startswith("error: ") and said.count("\n") == 1
