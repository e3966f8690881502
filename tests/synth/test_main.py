"""`python -m synth`: errors of ours become a sentence and an exit code."""

from pathlib import Path

import pytest

from synth.__main__ import entry


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["crops", "OUT/new", "--height", "100"], 2, "height: expected a multiple of 16"),
        (["crops", "OUT/new", "--workers", "0"], 2, "workers: expected at least 1"),
        (["crops", "OUT/file"], 3, "cannot write"),
        (["crops", "OUT/new", "--textures", "OUT/none"], 3, "textures"),
        (["frames", "--output", "OUT/new", "--size", "0x0"], 2, "--size"),
        (["frames", "--output", "OUT/file/below"], 3, "cannot write"),
        (["scene", "--output", "OUT/file/below"], 3, "cannot write"),
        (["sheet", "OUT/none", "--output", "OUT/sheet.png"], 3, "no crops here"),
    ],
)
def test_what_cannot_be_done_ends_with_its_code(
    words: list[str],
    code: int,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("sys.argv", ["synth", *(word.replace("OUT", str(tmp_path)) for word in words)])
    with pytest.raises(SystemExit) as stopped:
        entry()
    assert stopped.value.code == code
    assert sentence in capsys.readouterr().err
