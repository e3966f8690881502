"""`python -m pipeline detect`: what is written, and what is refused with an earlier output left in place."""

import json
import os

import cv2
import numpy as np
import pytest

from core.errors import InputError, UsageError
from core.types import Detections
from pipeline.detect import command


class Sevenths:
    """Finds one person everywhere, in places and with a score that have no short decimals."""

    def stream(self, images):
        boxes = np.array([[1, 2, 90.65, 80]], np.float32) / 7
        for tag, image in images:
            yield tag, image, Detections(boxes, np.full(1, 1 / 7, np.float32), np.full((1, 17, 3), 1 / 7, np.float32))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command over tmp_path/images; what was written, an earlier output where nothing was."""
    monkeypatch.setattr(command, "open_detector", lambda *_: Sevenths())
    (tmp_path / "images").mkdir()
    (tmp_path / "out.json").write_text('"earlier"')

    def run_it(**options):
        command.detect(tmp_path / "images", tmp_path / "out.json", **{"device": "cpu"} | options)

    yield run_it


def written(tmp_path):
    return json.loads((tmp_path / "out.json").read_text())


def test_numbers_are_written_with_few_digits(tmp_path, run):
    cv2.imwrite(str(tmp_path / "images" / "a.png"), np.zeros((20, 20, 3), np.uint8))
    run()
    (row,) = written(tmp_path)
    assert (row["file_name"], row["boxes_xyxy"], row["scores"]) == ("a.png", [[0.14, 0.29, 12.95, 11.43]], [0.14286])
    assert row["keypoints_xyc"][0][0] == [0.143] * 3


def test_the_name_of_an_image_need_not_be_text(tmp_path, run):
    name = os.fsdecode(b"caf\xe9.png")
    (tmp_path / "images" / name).write_bytes(cv2.imencode(".png", np.zeros((20, 20, 3), np.uint8))[1])
    run()
    assert [row["file_name"] for row in written(tmp_path)] == [name]


def test_a_folder_in_which_nothing_can_be_read_is_refused(tmp_path, run, capsys):
    (tmp_path / "images" / "a.png").write_bytes(b"no image")
    with pytest.raises(InputError, match="none of the images can be read"):
        run()
    assert "a.png: not an image" in capsys.readouterr().err
    assert written(tmp_path) == "earlier"


def test_folders_without_images_are_refused(tmp_path, run):
    with pytest.raises(InputError, match="images: no images found"):
        run()
    (tmp_path / "images").rmdir()
    with pytest.raises(InputError, match="images: no such folder"):
        run()
    (tmp_path / "images").write_text("")
    with pytest.raises(InputError, match="images: not a folder"):
        run()
    assert written(tmp_path) == "earlier"


@pytest.mark.parametrize("wrong", [{"score": 2}, {"device": "tpu"}, {"image_size": 3}])
def test_what_makes_no_sense_is_a_usage_error(tmp_path, run, wrong):
    with pytest.raises(UsageError, match=r"expected .*"):
        run(**wrong)
    assert written(tmp_path) == "earlier"
