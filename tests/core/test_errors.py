"""Errors cross processes whole."""

import pickle

from core.errors import CameraError


def test_a_camera_error_is_the_same_in_another_process():
    error = CameraError("door", "breaks off", frame=3)
    error.add_note("closing it failed as well")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is CameraError
    assert str(again) == str(error) == "camera 'door', frame 3: breaks off"
    assert (again.camera, again.frame, again.__notes__) == ("door", 3, error.__notes__)
