"""What a run knows: its tracklets by camera."""

import numpy as np

from core.types import Tracklet, TrackletKey
from pipeline.result import RunResult


class Counted(dict):
    """A mapping that counts how often all of it is gone through."""

    rounds = 0

    def __iter__(self):
        self.rounds += 1
        return super().__iter__()

    def items(self):
        self.rounds += 1
        return super().items()


def test_tracklets_of_a_camera_are_by_local_id_and_sorted_once_for_all_cameras():
    keys = [TrackletKey(camera, local_id) for camera in ("hall", "door") for local_id in (10, 9, 2)]
    empty = (np.zeros(0, int), np.zeros(0), np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))
    tracklets = Counted({key: Tracklet(key, *empty) for key in keys})
    result = RunResult([], tracklets, [])
    for camera in ("door", "hall"):
        assert [tracklet.key for tracklet in result.of_camera(camera)] == [(camera, n) for n in (2, 9, 10)]
    assert result.of_camera("nowhere") == []
    assert tracklets.rounds == 1
