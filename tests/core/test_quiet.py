"""Third-party libraries are kept silent, and no folder is made that nobody uses."""

import os
import tempfile
from pathlib import Path

from core.quiet import hush


def test_one_folder_for_settings_however_often_it_is_called(tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file, where a folder should be")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("THROUGHLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("YOLO_CONFIG_DIR")
    for _ in range(3):
        hush()
    assert [str(path) for path in (tmp_path / "temporary").iterdir()] == [os.environ["YOLO_CONFIG_DIR"]]


def test_no_folder_where_one_is_named_already(tmp_path, monkeypatch):
    monkeypatch.setenv("THROUGHLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path / "mine"))
    hush()
    assert not list(Path(tmp_path).iterdir())
