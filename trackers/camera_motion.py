"""How the camera itself moved between two frames, seen in what is not a person.

Sparse optical flow (Lucas and Kanade, 1981) at corners (Shi and Tomasi, 1994) of the scaled-down grey picture, and the
similarity that most of them agree on (RANSAC), as in BoT-SORT, section 3.2.
"""

from typing import Any

import cv2
import numpy as np

from trackers.config import CameraMotionConfig

STILL = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
FEWEST = 8  # corners below which no motion is believed


class CameraMotion:
    """Keeps the last picture's corners."""

    def __init__(self, config: CameraMotionConfig) -> None:
        self.config = config
        self._grey: np.ndarray | None = None
        self._corners: np.ndarray | None = None

    def step(self, image_bgr: np.ndarray, people_xyxy: np.ndarray) -> np.ndarray:
        """The warp (2, 3) that takes last frame's pixels to this frame's; no motion where it cannot be told.

        image_bgr (H, W, 3) uint8. people_xyxy (M, 4): corners on people are left out, they move by themselves.
        """
        scale = min(1.0, self.config.width_px / image_bgr.shape[1])
        grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
        warp = self._between(grey)
        self._grey, self._corners = grey, self._find_corners(grey, people_xyxy * scale)
        warp[:, 2] /= scale
        return warp

    def state(self) -> dict[str, Any]:
        """The last picture and its corners."""
        return {"grey": self._grey, "corners": self._corners}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""
        self._grey, self._corners = state["grey"], state["corners"]

    def _between(self, grey: np.ndarray) -> np.ndarray:
        known = self._grey is not None and self._corners is not None and self._grey.shape == grey.shape
        if not known or len(self._corners) < FEWEST:  # type: ignore[arg-type]
            return STILL.copy()
        moved, found, _ = cv2.calcOpticalFlowPyrLK(self._grey, grey, self._corners, None)  # type: ignore[call-overload]
        found = found.ravel() > 0
        if np.count_nonzero(found) < FEWEST:
            return STILL.copy()
        cv2.setRNGSeed(0)  # RANSAC draws from OpenCV's own generator: the same pictures must give the same warp
        warp, _ = cv2.estimateAffinePartial2D(self._corners[found], moved[found])  # type: ignore[index]
        return STILL.copy() if warp is None else warp

    def _find_corners(self, grey: np.ndarray, people_xyxy: np.ndarray) -> np.ndarray:
        mask = np.full(grey.shape, 255, np.uint8)
        for x1, y1, x2, y2 in np.clip(people_xyxy, 0, max(grey.shape)).astype(int):
            mask[y1:y2, x1:x2] = 0
        corners = cv2.goodFeaturesToTrack(grey, self.config.corners, 0.01, 7, mask=mask)
        return np.zeros((0, 1, 2), np.float32) if corners is None else corners
