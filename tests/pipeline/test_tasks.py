"""Annotating one camera as a task: what its failure leaves behind, and how far it reaches."""

import errno
import threading
from pathlib import Path

import numpy as np
import pytest

from core.errors import OutputError
from core.whole import output_error
from pipeline import tasks
from pipeline.camera_tracks import CameraTracks
from pipeline.export.config import ExportConfig
from pipeline.result import CameraResult
from pipeline.tasks import AnnotateTask, annotate
from pipeline.video import CameraSource, open_frames
from tests.support.videos import pictures, write_video

FRAMES = 40


@pytest.fixture
def task(tmp_path: Path) -> AnnotateTask:
    source = CameraSource("cam", write_video(tmp_path / "cam.mp4", pictures(FRAMES)))
    camera = CameraResult("cam", "cam", source.path, 160, 96, 10.0, np.arange(FRAMES) / 10)
    CameraTracks(camera, [], []).save(tmp_path / "cam.npz")
    return AnnotateTask(source, camera, tmp_path / "cam.npz", {}, tmp_path / "out" / "cam.mp4", ExportConfig(), 1)


def failing_with(code: int):
    def annotate_camera(camera, tracklets, identity_of, incoming, path, config):
        next(incoming)
        raise output_error(path, OSError(code, "")) from OSError(code, "")

    return annotate_camera


def test_the_file_is_closed_after_the_thread_that_decodes_it_has_ended(task: AnnotateTask, monkeypatch) -> None:
    decoding_at_close = []

    def watched(*arguments, **options):
        reader = open_frames(*arguments, **options)
        close = reader.close

        def note_and_close() -> None:
            decoding = [thread.name for thread in threading.enumerate() if thread.name.startswith("ahead")]
            decoding_at_close.append(decoding)
            if not decoding:  # else the process itself would end here
                close()

        reader.close = note_and_close
        return reader

    monkeypatch.setattr(tasks, "open_frames", watched)
    monkeypatch.setattr(tasks, "annotate_camera", failing_with(errno.ENOSPC))
    with pytest.raises(OutputError, match="No space left"):
        annotate(task, lambda _: None)
    assert decoding_at_close == [[]]


def test_a_name_that_is_too_long_is_the_trouble_of_one_camera(task: AnnotateTask, monkeypatch) -> None:
    monkeypatch.setattr(tasks, "annotate_camera", failing_with(errno.ENAMETOOLONG))
    said = annotate(task, lambda _: None)
    assert isinstance(said, str)
    assert "camera 'cam': cannot write" in said
    assert "shorten the camera's file name" in said
