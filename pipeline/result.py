"""What a run knows at its end: the cameras, their tracklets, and who is who. Every exporter writes from this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.types import Identity, Tracklet, TrackletKey


@dataclass(frozen=True)
class CameraResult:
    """One camera after its video was read.

    id: the file's stem or the folder's name; name: for display; source: the video file or image folder.
    width, height: px of the upright picture; fps: mean frame rate; frame_times_s (F,) float64: presentation time of
    each decoded frame plus offset_s, strictly increasing; error: why the camera stopped early, or None. One that could
    not be opened at all has no frames and width 0. warnings: what may be wrong with a video that was read.
    """

    id: str
    name: str
    source: Path
    width: int
    height: int
    fps: float
    frame_times_s: np.ndarray
    offset_s: float = 0.0
    error: str | None = None
    warnings: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def frames(self) -> int:
        """How many frames were decoded."""
        return len(self.frame_times_s)

    @property
    def duration_s(self) -> float:
        """From the first frame's beginning to the last frame's end."""
        if not self.frames:
            return 0.0
        last = 1 / self.fps if self.fps > 0 else 0.0
        return float(self.frame_times_s[-1] - self.frame_times_s[0]) + last


@dataclass(frozen=True)
class RunResult:
    """Cameras in the order of their ids; tracklets by key; identities by id, each tracklet in exactly one of them."""

    cameras: Sequence[CameraResult]
    tracklets: Mapping[TrackletKey, Tracklet]
    identities: Sequence[Identity]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def identity_of(self) -> dict[TrackletKey, int]:
        """The identity's id of every tracklet."""
        return {key: identity.id for identity in self.identities for key in identity.tracklets}

    def of_camera(self, camera: str) -> list[Tracklet]:
        """The tracklets of one camera, by local id."""
        return list(self._by_camera.get(camera, ()))

    @cached_property
    def _by_camera(self) -> dict[str, list[Tracklet]]:
        by_camera: dict[str, list[Tracklet]] = {}
        for key in sorted(self.tracklets):
            by_camera.setdefault(key.camera, []).append(self.tracklets[key])
        return by_camera
