"""The job with true boxes and true tracks, on a piece of the demo."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import UsageError
from core.types import Detections, Frame
from evaluation.identities import CameraBoxes, cross_camera_idf1, read_boxes
from pipeline.association.ladder import RUNGS, TrueBoxes, climb
from pipeline.settings import RunConfig, resolve
from tests.support.scene import BEGIN, FRAMES, write_short_scene


class OneSkeleton:
    """Finds one person at 10, 10, 50, 110 with all joints at 20, 20."""

    identifier, has_keypoints = "fake", True

    def stream(self, images):
        for tag, image in images:
            yield tag, image, Detections(np.array([[10, 10, 50, 110]]), np.ones(1), np.full((1, 17, 3), 20.0))


def test_true_boxes_have_the_keypoints_found_there_and_no_other() -> None:
    xyxy = np.array([[12.0, 10, 52, 110], [200, 10, 240, 110], [-500, 0, -400, 100], [12, 10, 52, 110]])
    truth = CameraBoxes(np.array([1, 1, 1, 2]), np.array([7, 8, 9, 7]), xyxy, np.zeros(4, bool))
    picture = np.zeros((360, 640, 3), np.uint8)
    frames = [Frame("a", number, number / 10, picture) for number in range(3)]
    detector = TrueBoxes(OneSkeleton(), {"a": truth})
    given = [found for _, _, found in detector.stream((("reading", frame), picture) for frame in frames)]
    assert [len(found) for found in given] == [2, 1, 0]  # whoever is outside the picture is not seen
    np.testing.assert_allclose(given[0].boxes_xyxy, xyxy[:2])
    assert (given[0].keypoints_xyc[0] == 20).all() and (given[0].keypoints_xyc[1] == 0).all()
    assert detector.seen["a", 0].ids.tolist() == [7, 8]


def test_both_rungs_of_a_short_scene(tmp_path: Path) -> None:
    videos = write_short_scene(tmp_path / "videos", cameras=2)
    truth = tmp_path / "truth"
    truth.mkdir()
    for path in sorted((Path("examples/demo/truth")).glob("cam0[12].txt")):
        rows = [line.split(",", 1) for line in path.read_text().splitlines()]
        inside = [f"{int(n) - BEGIN},{rest}" for n, rest in rows if BEGIN < int(n) <= BEGIN + FRAMES]
        (truth / path.name).write_text("\n".join(inside) + "\n")
    results = climb(videos, truth, tmp_path / "out", resolve(RunConfig(), []))
    assert tuple(results) == RUNGS
    true = {path.stem: read_boxes(path, 0.25, truth=True) for path in truth.glob("*.txt")}
    for rung in RUNGS:
        found = {camera: read_boxes(tmp_path / "out" / rung / "mot" / f"{camera}.txt") for camera in true}
        scores = cross_camera_idf1(true, found)
        assert scores.found_boxes == pytest.approx(scores.true_boxes, rel=0.05 if rung == "true_boxes" else 0.005)
    people = [{key.local_id for key in one.tracklets} for one in results["true_tracks"].identities]
    assert sum(map(len, people)) >= len(set.union(*people)) >= 3


def test_truth_of_no_camera(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected MOTChallenge rows"):
        climb(write_short_scene(tmp_path / "videos", 1, 3), tmp_path, tmp_path / "out", resolve(RunConfig(), []))
