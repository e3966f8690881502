"""A calibrated camera: where a pixel meets the floor, and where a point of the world meets the picture."""

from dataclasses import dataclass

import cv2
import numpy as np

from core.arrays import frozen
from core.errors import ShapeError

# A rotation whose product with its transpose is farther than this from identity is not one.
ROTATION_TOLERANCE = 5e-3


@dataclass(frozen=True, eq=False)
class Calibration:
    """World to camera, OpenCV's axes (x right, y down, z forward); the floor is z = 0 and the world's z points up.

    matrix (3, 3) px; distortion (2,) k1, k2 of the Brown model; rotation (3, 3); translation_m (3,); all float64. A
    world point X is at rotation @ X + translation_m in the camera's frame. Raises ShapeError for a wrong shape, a
    singular matrix, a rotation that is not one (mirrored ones included), or a camera that is not above the floor.
    """

    matrix: np.ndarray
    distortion: np.ndarray
    rotation: np.ndarray
    translation_m: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze."""
        shapes: dict[str, tuple[int, ...]] = {
            "matrix": (3, 3), "distortion": (2,), "rotation": (3, 3), "translation_m": (3,)
        }  # fmt: skip
        for name, shape in shapes.items():
            object.__setattr__(self, name, frozen(name, getattr(self, name), shape, np.float64))
        _check_matrix(self.matrix)
        _check_rotation(self.rotation)
        if self.centre_m[2] <= 0:
            raise ShapeError(
                f"rotation and translation_m: the camera would be {-self.centre_m[2]:.2f} m below the floor; expected "
                "world to camera, in metres, with the world's z pointing up"
            )

    @property
    def centre_m(self) -> np.ndarray:
        """Where the camera stands in the world (3,)."""
        return -self.rotation.T @ self.translation_m

    def to_floor(self, points_px: np.ndarray, height_m: float = 0.0) -> np.ndarray:
        """Where the rays of pixels (N, 2) are `height_m` above the floor: x, y (N, 2) m; NaN for one that never is."""
        points = np.asarray(points_px, np.float64).reshape(-1, 1, 2)
        if not len(points):
            return np.zeros((0, 2))
        bent = cv2.convertPointsToHomogeneous(points).reshape(-1, 3) @ np.linalg.inv(self.matrix).T
        straight = cv2.undistortPoints(bent[:, None, :2], np.eye(3), self._opencv_distortion())
        rays = cv2.convertPointsToHomogeneous(straight).reshape(-1, 3) @ self.rotation
        level = np.abs(rays[:, 2]) < 1e-9
        along = np.divide(height_m - self.centre_m[2], rays[:, 2], out=np.full(len(rays), np.nan), where=~level)
        along[along <= 0] = np.nan
        return self.centre_m[:2] + rays[:, :2] * along[:, None]

    def to_image(self, points_m: np.ndarray) -> np.ndarray:
        """Pixels (N, 2) of world points (N, 3); NaN for a point that is not in front of the camera."""
        points = np.asarray(points_m, np.float64).reshape(-1, 3)
        if not len(points):
            return np.zeros((0, 2))
        rotation, _ = cv2.Rodrigues(self.rotation)
        bent, _ = cv2.projectPoints(points, rotation, self.translation_m, np.eye(3), self._opencv_distortion())
        pixels = cv2.convertPointsToHomogeneous(bent).reshape(-1, 3) @ self.matrix.T
        depth = points @ self.rotation[2] + self.translation_m[2]
        return np.where(depth[:, None] > 0, pixels[:, :2], np.nan)

    def _opencv_distortion(self) -> np.ndarray:
        return np.array([*self.distortion, 0.0, 0.0])


def _check_matrix(matrix: np.ndarray) -> None:
    if abs(np.linalg.det(matrix)) < 1e-9:
        raise ShapeError(f"matrix: is singular; expected [[fx, 0, cx], [0, fy, cy], [0, 0, 1]], got {matrix.tolist()}")
    if matrix[0, 0] <= 0 or matrix[1, 1] <= 0 or not np.allclose(matrix[[1, 2, 2], [0, 0, 1]], 0) or matrix[2, 2] != 1:
        raise ShapeError(f"matrix: expected [[fx, skew, cx], [0, fy, cy], [0, 0, 1]], got {matrix.tolist()}")


def _check_rotation(rotation: np.ndarray) -> None:
    off = float(np.abs(rotation @ rotation.T - np.eye(3)).max())
    if off > ROTATION_TOLERANCE:
        raise ShapeError(f"rotation: rows must be orthonormal, they are off by {off:.4f}; got {rotation.tolist()}")
    if np.linalg.det(rotation) < 0:
        raise ShapeError("rotation: is a reflection (determinant −1); negate one axis")
