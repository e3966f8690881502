import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import OutputError
from core.whole import whole_file, whole_files


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes: as near to a full disk as a test may come."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_file_appears_at_the_end_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.txt"
    with whole_file(path) as part:
        assert part.parent == path.parent
        part.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert os.listdir(path.parent) == ["a.txt"]


def test_the_mode_follows_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with whole_file(tmp_path / "a") as part:
            part.write_text("")
    finally:
        os.umask(old)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("no"), SystemExit(3), FileNotFoundError("other")])
def test_on_any_error_nothing_is_left_and_the_old_file_stays(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(type(error)), whole_file(tmp_path / "a.txt") as part:
        part.write_text("half")
        raise error
    assert (tmp_path / "a.txt").read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_full_disk_is_told_with_path_reason_and_remedy(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"cannot write .*a\.txt: No space left on device; free some space"),
        whole_file(tmp_path / "a.txt") as part,
    ):
        part.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert os.listdir(tmp_path) == []


def test_a_limit_on_size_is_told(tmp_path: Path) -> None:
    with files_at_most(1000), pytest.raises(OutputError, match="File too large"), whole_file(tmp_path / "a") as part:
        part.write_bytes(bytes(5000))
    assert os.listdir(tmp_path) == []


def test_a_fault_found_only_when_flushing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OutputError, match="the disk reports a fault"), whole_file(tmp_path / "a") as part:
        part.write_text("x")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("code", "remedy"), [(errno.EROFS, "read-only"), (errno.EACCES, "permissions")])
def test_a_folder_that_forbids_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, remedy: str) -> None:
    def refuses(path: Path, *args: object, **more: object) -> int:
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(os, "open", refuses)
    with pytest.raises(OutputError, match=remedy), whole_file(tmp_path / "a"):
        pytest.fail("the body must not run")


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"), whole_file(tmp_path / "file" / "a"):
        pytest.fail("the body must not run")


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OutputError, match="Is a directory"), whole_file(tmp_path / "a") as part:
        part.write_text("x")
    assert os.listdir(tmp_path) == ["a"]


def test_the_longest_name_works_and_a_longer_one_says_so(tmp_path: Path) -> None:
    with whole_file(tmp_path / ("é" * 125 + ".mp4")) as part:
        part.write_text("x")
    assert len(os.listdir(tmp_path)) == 1
    with pytest.raises(OutputError, match="shorten"), whole_file(tmp_path / ("é" * 130)) as part:
        part.write_text("x")


def test_an_error_of_the_body_about_another_file_passes_through(tmp_path: Path) -> None:
    with pytest.raises(PermissionError, match="source"), whole_file(tmp_path / "a"):
        raise PermissionError(errno.EACCES, "may not read", "source.mp4")


def test_files_of_a_folder_take_their_places_at_the_end_and_the_last_of_them_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, moved = tmp_path / "new" / "folder", []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (moved.append(Path(b).name), replace(a, b)))
    with whole_files(folder, last="card") as part:
        (part / "inner").mkdir()
        for name in ("card", "inner/a", "z"):
            (part / name).write_text(name)
        assert os.listdir(folder) == [part.name]
    assert sorted(os.listdir(folder)) == ["card", "inner", "z"]
    assert (folder / "inner" / "a").read_text() == "inner/a"
    assert moved[-1] == "card"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("no")])
def test_on_any_error_a_folder_is_as_it_was(tmp_path: Path, error: BaseException) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "card").write_text("old")
    for name in ("old", "new"):
        with pytest.raises(type(error)), whole_files(tmp_path / name, last="card") as part:
            (part / "card").write_text("half")
            raise error
    assert os.listdir(tmp_path) == ["old"]
    assert (tmp_path / "old" / "card").read_text() == "old"


def test_a_folder_that_cannot_be_filled_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"cannot write .*folder: File name too long"),
        whole_files(tmp_path / "folder", last="card") as part,
    ):
        (part / ("x" * 300)).write_text("")
    with (
        files_at_most(10),
        pytest.raises(OutputError, match=r"cannot write .*folder: File too large"),
        whole_files(tmp_path / "folder", last="card") as part,
    ):
        (part / "card").write_text("x" * 100)
    assert os.listdir(tmp_path) == []
