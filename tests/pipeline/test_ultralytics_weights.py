"""Checkpoints of Ultralytics: the file that was named is the one that is opened, and it stays as it is."""

import sys
import types

import pytest
import torch

from core.errors import OutputError, WeightsError
from pipeline.detect import DetectConfig, open_detector, ultralytics_weights
from pipeline.detect.ultralytics_weights import export_to_openvino


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, on a machine on which every download fails and is noted in `folder / "asked"`."""
    import ultralytics.utils.downloads

    def refuse(url, *_, **__):
        (tmp_path / "asked").write_text(str(url))
        raise ConnectionError

    monkeypatch.setattr(ultralytics.utils.downloads, "safe_download", refuse)
    monkeypatch.setenv("THROUGHLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_damaged_checkpoint_is_neither_deleted_nor_fetched(folder):
    torch.save({"model": torch.zeros(100_000)}, "yolo11n.pt")
    damaged = (folder / "yolo11n.pt").read_bytes()[:200_000]
    (folder / "yolo11n.pt").write_bytes(damaged)
    with pytest.raises(WeightsError, match=r"^yolo11n\.pt: not an Ultralytics checkpoint, or damaged"):
        open_detector("yolo11n.pt", DetectConfig())
    assert (folder / "yolo11n.pt").read_bytes() == damaged
    assert not (folder / "asked").exists()


def test_no_other_file_is_fetched_in_the_place_of_one_that_is_here(folder):
    torch.save({"model": None}, "yolov5s.pt")
    with pytest.raises(WeightsError, match=r"^yolov5s\.pt: not an Ultralytics checkpoint"):
        open_detector("yolov5s.pt", DetectConfig())
    assert not (folder / "asked").exists()


def test_a_checkpoint_that_is_not_here_is_asked_for(folder):
    with pytest.raises(WeightsError, match=r"could not be fetched \(ConnectionError\)"):  # which says nothing itself
        open_detector("yolo26n-pose", DetectConfig())
    assert "yolo26n-pose.pt" in (folder / "asked").read_text()


def test_a_checkpoint_that_finds_no_space_is_told_so(folder, monkeypatch):
    from ultralytics.utils import downloads

    def fetch(path):
        raise MemoryError("Insufficient free disk space")  # Ultralytics' own choice of error

    monkeypatch.setattr(downloads, "attempt_download_asset", fetch)
    with pytest.raises(WeightsError, match=r"could not be fetched \(Insufficient free disk space\)"):
        open_detector("yolo26n-pose", DetectConfig())


def test_a_checkpoint_of_a_library_that_is_not_here_is_refused(folder, monkeypatch):
    library = types.ModuleType("library_of_others")
    library.Net = type("Net", (), {"__module__": "library_of_others"})
    with monkeypatch.context() as here:
        here.setitem(sys.modules, "library_of_others", library)
        torch.save({"model": library.Net()}, "foreign.pt")
    with pytest.raises(WeightsError, match=r"foreign\.pt: .*No module named 'library_of_others'"):
        open_detector("foreign.pt", DetectConfig())


def test_a_cache_that_cannot_be_written_is_told(folder, monkeypatch):
    (folder / "a.pt").write_bytes(b"x")
    (folder / "cache").write_text("a file, where a folder should be")
    monkeypatch.setattr(ultralytics_weights, "_load", lambda _: None)
    with pytest.raises(OutputError, match=r"a\.pt for the CPU is kept .*THROUGHLINE_CACHE"):
        export_to_openvino(folder / "a.pt")
