"""What a run may write into, and what it removes there: nothing that no earlier run of ours has written."""

from pathlib import Path

import orjson
import pytest

from core.errors import UsageError
from pipeline.output_folder import begin_outputs, check_output, place_of
from pipeline.video import CameraSource


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """A finished run of the cameras a and b, and what somebody else put beside its files."""
    folder = tmp_path / "out"
    for name in ("mot/a.txt", "mot/b.txt", "mot/notes.txt", "annotated/b.mp4", "annotated/b.srt", "annotated/own.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "run.json").write_bytes(orjson.dumps({"cameras": [{"id": "a"}, {"id": "b"}, {"id": "../annotated/own"}]}))
    return folder


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_only_what_an_earlier_run_wrote_of_its_cameras_is_removed(output: Path) -> None:
    begin_outputs(output, ("json", "mot", "video"))
    assert files_in(output) == {"mot/notes.txt", "annotated/b.srt", "annotated/own.mp4"}


def test_outputs_that_are_not_written_anew_stay(output: Path) -> None:
    before = files_in(output)
    begin_outputs(output, ("json",))
    assert files_in(output) == before - {"run.json"}


def test_a_run_that_was_interrupted_is_known_by_its_tracks(output: Path) -> None:
    (output / "run.json").unlink()
    (output / "tracks.json").write_bytes(b'{"format":"x",\n"run":{},\n"cameras":[\n{"id":"b"}],\n"identities":[\n')
    begin_outputs(output, ("mot",))
    assert (output / "mot" / "a.txt").exists()
    assert not (output / "mot" / "b.txt").exists()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"cameras":[1]}', b'{"cameras":7}\n'])
def test_records_that_are_none_name_nobody(output: Path, content: bytes) -> None:
    (output / "run.json").write_bytes(content)
    (output / "tracks.json").write_bytes(content)
    before = files_in(output)
    begin_outputs(output, ("mot", "video"))
    assert files_in(output) == before - {"run.json"}


def test_videos_in_a_folder_that_is_written_anew_are_refused(output: Path, tmp_path: Path) -> None:
    annotated = output / "annotated"
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "front.mp4").symlink_to(annotated / "b.mp4")
    for folder, name in ((annotated, "b.mp4"), (tmp_path / "videos", "front.mp4")):
        sources = [CameraSource(name[:-4], folder / name)]
        with pytest.raises(UsageError, match=r"annotated.*written anew.*Name another folder"):
            check_output(output, folder, sources, ("json", "video"), overwrite=True)
        check_output(output, folder, sources, ("json", "mot"), overwrite=True)


def test_place_of(tmp_path: Path) -> None:
    assert place_of(tmp_path, "mot", "a.b") == tmp_path / "mot" / "a.b.txt"
    assert place_of(tmp_path, "video", "a.b") == tmp_path / "annotated" / "a.b.mp4"
