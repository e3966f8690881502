"""The artifact of a camera: what is saved is what is loaded."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.types import Appearance, Descriptors, Tracklet, TrackletKey
from pipeline.camera_tracks import CameraTracks
from pipeline.result import CameraResult


def tracks(with_keypoints: bool) -> CameraTracks:
    generator = np.random.default_rng(3)
    camera = CameraResult(
        "cam", "Door", Path("cam.mp4"), 640, 360, 12.5, np.arange(5) / 12.5, 0.5, None, warnings=("cut off?",)
    )
    tracklets, appearances = [], []
    for local_id, length in ((1, 3), (4, 5)):
        key = TrackletKey("cam", local_id)
        keypoints = np.round(generator.uniform(0, 600, (length, 17, 3)) * 4) / 4 if with_keypoints else None
        if keypoints is not None:
            keypoints[:, :, 2] = 0.25
        boxes = generator.uniform(0, 300, (length, 4))
        tracklets.append(
            Tracklet(
                key, np.arange(length), np.arange(length) / 12.5, boxes, np.ones(length), np.zeros(length), keypoints
            )
        )
        vectors = [generator.normal(size=shape) for shape in ((2, 8), (2, 5, 4), (2, 5), (2, 3, 4), (2,))]
        appearances.append(Appearance(key, np.array([0, 2]), Descriptors(*vectors)))
    return CameraTracks(camera, tracklets, appearances, {"detect": 1.5})


@pytest.mark.parametrize("with_keypoints", [True, False])
def test_round_trip(tmp_path, with_keypoints):
    saved = tracks(with_keypoints)
    path = tmp_path / "cam [1]" / "a.npz"
    saved.save(path)
    loaded = CameraTracks.load(path)
    assert loaded.seconds == saved.seconds
    assert (loaded.camera.id, loaded.camera.offset_s, loaded.camera.frames) == ("cam", 0.5, 5)
    assert loaded.camera.warnings == ("cut off?",)
    for before, after in zip(saved.tracklets, loaded.tracklets, strict=True):
        assert after.key == before.key
        np.testing.assert_array_equal(after.boxes_xyxy, before.boxes_xyxy)
        assert (after.keypoints_xyc is None) == (not with_keypoints)
        if with_keypoints:
            np.testing.assert_allclose(after.keypoints_xyc, before.keypoints_xyc, atol=1e-3)
    for before, after in zip(saved.appearances, loaded.appearances, strict=True):
        assert after.key == before.key
        np.testing.assert_array_equal(after.descriptors.parts, before.descriptors.parts)


def test_nothing_to_save_is_fine(tmp_path):
    camera = CameraResult("cam", "cam", Path("cam.mp4"), 0, 0, 0.0, np.zeros(0), 0.0, "broken")
    CameraTracks(camera, [], []).save(tmp_path / "a.npz")
    loaded = CameraTracks.load(tmp_path / "a.npz")
    assert loaded.camera.error == "broken"
    assert loaded.tracklets == loaded.appearances == []


def test_a_file_cut_short_is_not_one(tmp_path):
    path = tmp_path / "a.npz"
    tracks(True).save(path)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(InputError, match=r"a\.npz"):
        CameraTracks.load(path)


def test_what_is_said_about_a_camera_later_replaces_what_was_stored(tmp_path):
    before = tracks(True)
    before.save(tmp_path / "a.npz")
    after = CameraTracks.load(tmp_path / "a.npz").known_as(Path("moved/cam.mp4"), "Gate", 2.0)
    camera = after.camera
    assert (camera.source, camera.name, camera.offset_s) == (Path("moved/cam.mp4"), "Gate", 2.0)
    np.testing.assert_array_equal(camera.frame_times_s, before.camera.frame_times_s + 1.5)
    for one, other in zip(after.tracklets, before.tracklets, strict=True):
        np.testing.assert_array_equal(one.times_s, other.times_s + 1.5)
        np.testing.assert_array_equal(one.boxes_xyxy, other.boxes_xyxy)
