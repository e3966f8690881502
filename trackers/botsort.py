"""BoT-SORT: ByteTrack on a camera that moves, with appearance where there is some.

Aharon, Orfaig and Bobrovsky, "BoT-SORT: Robust Associations Multi-Pedestrian Tracking", 2022.
"""

from typing import Any

import numpy as np

from trackers.bytetrack import ByteTrack
from trackers.camera_motion import CameraMotion
from trackers.config import BotSortConfig
from trackers.costs import appearance_distance
from trackers.seen import Seen


class BotSort(ByteTrack):
    """ByteTrack with the filter over width and height, camera-motion compensation and the lower of two costs."""

    config: BotSortConfig
    extra_columns = {"embedding": (np.float64, (0,))}  # noqa: RUF012 - a constant of the class

    def reset(self) -> None:
        """Forget everything; ids start at 1 again."""
        super().reset()
        self.camera_motion = CameraMotion(self.config.camera)

    def state(self) -> dict[str, Any]:
        """All that the next update depends on."""
        return super().state() | {"camera_motion": self.camera_motion.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        super().restore(state)
        self.camera_motion.restore(state["camera_motion"])

    def _before_match(self, seen: Seen, image_bgr: np.ndarray | None) -> None:
        if image_bgr is not None and self.config.camera.compensate:
            self.kalman.warp(self.camera_motion.step(image_bgr, seen.boxes_xyxy))
        if seen.embeddings is not None and self.tracks["embedding"].shape[1] != seen.embeddings.shape[1]:
            self.tracks.resize("embedding", (seen.embeddings.shape[1],))

    def _first_cost(self, overlap: np.ndarray, seen: Seen) -> np.ndarray:
        """The lower of the fused IoU cost and half the appearance distance, the latter only for near look-alikes."""
        cost = super()._first_cost(overlap, seen)
        if seen.embeddings is None:
            return cost
        looks = appearance_distance(self.tracks["embedding"], seen.embeddings) / 2
        far = (1.0 - overlap > self.config.proximity) | (looks > self.config.appearance)
        return np.minimum(cost, np.where(far, 1.0, looks))

    def _correct(self, rows: np.ndarray, columns: np.ndarray, seen: Seen) -> None:
        super()._correct(rows, columns, seen)
        if seen.embeddings is None or not len(rows):
            return
        old, new = self.tracks["embedding"][rows], seen.embeddings[columns]
        known = old.any(axis=1, keepdims=True)
        mixed = np.where(known, self.config.memory * old + (1 - self.config.memory) * new, new)
        self.tracks["embedding"][rows] = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12)

    def _first_columns(self, seen: Seen, columns: np.ndarray) -> dict[str, np.ndarray]:
        return {} if seen.embeddings is None else {"embedding": seen.embeddings[columns]}
