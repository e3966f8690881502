"""A camera on a pole in the wind: it turns about its own eye, a little and all the time.

Turning about the eye moves no two things against each other in the picture, so one rendering from the camera at rest,
a little wider than its picture, holds every picture of the sway exactly: it is read elsewhere (`LensMap.turned`).
"""

from dataclasses import dataclass, replace

import numpy as np

from synth.scene.rigs import eye_m
from synth.types import Camera

_SWAYS_HZ = ((0.5, 1.1), (1.6, 3.2))  # a pole's own slow swing, and the rattle of what hangs on it
_SHARES = (0.65, 0.35)
_ROLL_SHARE = 0.3  # of the pan and tilt


@dataclass(frozen=True)
class Shake:
    """Sums of two sines for pan, tilt and roll: most_rad (3,) of each; hz and phase_rad (3, 2)."""

    most_rad: np.ndarray
    hz: np.ndarray
    phase_rad: np.ndarray

    @classmethod
    def draw(cls, rng: np.random.Generator, most_deg: float) -> "Shake":
        """A sway that never turns further than `most_deg` in pan or in tilt."""
        most = np.radians(most_deg) * np.array([1.0, 1.0, _ROLL_SHARE])
        hz = np.stack([rng.uniform(low, high, 3) for low, high in _SWAYS_HZ], axis=1)
        return cls(most, hz, rng.uniform(0, 2 * np.pi, (3, 2)))

    def turn(self, time_s: float) -> np.ndarray:
        """The rotation (3, 3) from the frame of the camera at rest into that of the camera at this time."""
        sines = np.sin(2 * np.pi * self.hz * time_s + self.phase_rad)
        pan, tilt, roll = self.most_rad * (sines @ np.array(_SHARES))
        about_y = np.array([[np.cos(pan), 0, np.sin(pan)], [0, 1, 0], [-np.sin(pan), 0, np.cos(pan)]])
        about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
        about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
        return about_z @ about_x @ about_y

    def margin_px(self, camera: Camera) -> int:
        """How far outside the picture of the camera at rest the sway may look, at most."""
        focal = float(camera.matrix[[0, 1], [0, 1]].max())
        corner = np.hypot(camera.width, camera.height) / 2 / focal
        return int(np.ceil(focal * np.tan(self.most_rad.sum()) * (1 + corner**2) * 1.2)) + 1


def turned(camera: Camera, turn: np.ndarray) -> Camera:
    """The camera after a turn (3, 3) about its eye."""
    rotation = turn @ camera.rotation
    return replace(camera, rotation=rotation, translation_m=-rotation @ eye_m(camera))
