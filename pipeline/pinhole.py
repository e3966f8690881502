"""A camera whose lens bends nothing, found from points of the floor and where they are in its picture."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from scipy.optimize import least_squares

from pipeline.calibration import Calibration

UNKNOWNS = 7  # three for the rotation, three for the translation, one for the focal length
STARTS = (0.5, 1.0, 2.0)  # times the usual focal length
MOST_STEPS = 200  # a fit that has not ended by then goes nowhere


@dataclass(frozen=True)
class PinholeConfig:
    """What is believed of a lens and of clicks beforehand.

    view_deg: field of view along the longer side of the picture; view_spread: standard deviation of the logarithm of
    the focal length around it (0.35: two of three lenses see 48° to 84°); click_px: standard deviation of a click.
    """

    view_deg: float = 65.0
    view_spread: float = 0.35
    click_px: float = 2.0


@dataclass(frozen=True, eq=False)
class PinholeFit:
    """calibration: square pixels, the principal point in the middle of the picture, no distortion.

    focal_sigma: standard deviation of the focal length's logarithm; off_px (N,): from where each point was clicked to
    where the camera sees it.
    """

    calibration: Calibration
    focal_sigma: float
    off_px: np.ndarray

    @property
    def miss_px(self) -> float:
        """How far clicks must be off in each direction, as a standard deviation, for off_px to be as large as it is.

        Four clicks are eight numbers for seven unknowns: however wrong they are, the camera comes near to all of them,
        so that off_px alone would look well.
        """
        return float(np.sqrt((self.off_px**2).sum() / (2 * len(self.off_px) - UNKNOWNS)))


def fit_pinhole(
    points_px: np.ndarray,
    points_m: np.ndarray,
    size_px: tuple[int, int],
    config: PinholeConfig = PinholeConfig(),
) -> PinholeFit | None:
    """The camera above the floor that sees floor points (N, 2) m at points_px (N, 2); None where there is none.

    size_px: width and height of the picture. At least four points, not all but one of them on a line. The focal length
    of the homography and those of STARTS, each with both poses of a plane, are refined to the least squared distance in
    the picture over focal length and pose (Hartley and Zisserman, Multiple View Geometry, 7.2); the best stays. The
    distance of the focal length from the usual one, in standard deviations, is one more: it hardly counts where the
    points tell, and decides where they do not, as in a view straight down.
    """
    middle_m, middle_px = points_m.mean(axis=0), np.array(size_px) / 2
    floor_m, clicked = points_m - middle_m, points_px - middle_px
    usual_px = max(size_px) / 2 / np.tan(np.radians(config.view_deg) / 2)
    homography, _ = cv2.findHomography(floor_m, clicked, 0)
    if homography is None or homography[2, 2] <= 0:  # the middle of the points would not be in front
        return None
    told_px = focal_of_homography(homography)
    focals_px = [usual_px * times for times in STARTS] + ([told_px] if told_px else [])
    fits = [
        _refined(np.append(pose, np.log(focal_px / usual_px)), clicked, floor_m, usual_px, config)
        for focal_px in focals_px
        for pose in _poses(homography, focal_px)
    ]
    able = [fit for fit in fits if _is_above(fit.x, floor_m)]
    if not able:
        return None
    best = min(able, key=lambda fit: fit.cost)
    rotation, focal_px = cv2.Rodrigues(best.x[:3])[0], usual_px * np.exp(best.x[6])
    matrix = np.array([[focal_px, 0, middle_px[0]], [0, focal_px, middle_px[1]], [0, 0, 1]])
    calibration = Calibration(matrix, np.zeros(2), rotation, best.x[3:6] - rotation[:, :2] @ middle_m)
    focal_sigma = float(np.sqrt(np.linalg.pinv(best.jac.T @ best.jac)[6, 6]))
    seen, _ = _project(floor_m, best.x, usual_px)
    return PinholeFit(calibration, focal_sigma, np.linalg.norm(seen - clicked, axis=1))


def focal_of_homography(homography: np.ndarray) -> float | None:
    """The focal length of a camera that sees the floor through homography (3, 3), pixels from the picture's middle.

    With square pixels the image of the absolute conic is diag(1/f², 1/f², 1), in which the homography's first two
    columns are orthogonal and of one length (Zhang, PAMI 2000, equations 3 and 4): two equations, solved for f² by
    least squares. None where they say nothing, as straight down, or f² would not be positive.
    """
    one, other = homography[:, 0], homography[:, 1]
    # Twice the first equation: both then weigh the same however the floor's axes are turned.
    in_picture = np.array([2 * one[:2] @ other[:2], one[:2] @ one[:2] - other[:2] @ other[:2]])
    in_depth = np.array([2 * one[2] * other[2], one[2] ** 2 - other[2] ** 2])
    weight = float(in_depth @ in_depth)
    squared = -float(in_picture @ in_depth) / weight if weight > 0 else 0.0
    return float(np.sqrt(squared)) if np.isfinite(squared) and squared > 0 else None


def _poses(homography: np.ndarray, focal_px: float) -> list[np.ndarray]:
    """Rotation vector and translation (6,) of the two poses in which such a camera sees the floor about so.

    One is what the homography says (Zhang, section 3.1), made a rotation by the nearest orthonormal matrix. In the
    other the floor is tilted as much to the other side of the line of sight: from afar both look the same, and clicks
    that are a little off may make the wrong one the nearer one.
    """
    columns = np.diag([1 / focal_px, 1 / focal_px, 1.0]) @ homography
    columns = columns / np.linalg.norm(columns[:, :2], axis=0).mean()
    left, _, right = np.linalg.svd(np.column_stack([columns[:, :2], np.cross(columns[:, 0], columns[:, 1])]))
    rotation, shift = left @ right, columns[:, 2]
    sight = shift / np.linalg.norm(shift)
    tilted = (2 * np.outer(sight, sight) - np.eye(3)) @ rotation @ np.diag([-1.0, -1, 1])
    return [np.append(cv2.Rodrigues(turn)[0].ravel(), shift) for turn in (rotation, tilted)]


def _refined(
    start: np.ndarray, clicked: np.ndarray, floor_m: np.ndarray, usual_px: float, config: PinholeConfig
) -> Any:
    """Least squares from `start` (7,): a pose, and the logarithm of the focal length over the usual one."""

    def distances(x: np.ndarray) -> np.ndarray:
        seen, _ = _project(floor_m, x, usual_px)
        return np.append((seen - clicked).ravel() / config.click_px, x[6] / config.view_spread)

    def slopes(x: np.ndarray) -> np.ndarray:
        _, slope = _project(floor_m, x, usual_px)
        return np.vstack([slope / config.click_px, np.eye(UNKNOWNS)[6:] / config.view_spread])

    return least_squares(distances, start, slopes, method="lm", x_scale="jac", max_nfev=MOST_STEPS)


def _project(floor_m: np.ndarray, x: np.ndarray, usual_px: float) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (N, 2) from the picture's middle, and how they change with x: (2 N, 7)."""
    world = np.column_stack([floor_m, np.zeros(len(floor_m))])
    focal_px = usual_px * np.exp(x[6])
    seen, slope = cv2.projectPoints(world, x[:3], x[3:6], np.diag([focal_px, focal_px, 1.0]), None)
    # OpenCV's columns: rotation, translation, then the two focal lengths, which are one here.
    return seen[:, 0], np.column_stack([slope[:, :6], focal_px * slope[:, 6:8].sum(axis=1)])


def _is_above(x: np.ndarray, floor_m: np.ndarray) -> bool:
    """Whether the camera is above the floor, and all points in front of it."""
    rotation = cv2.Rodrigues(x[:3])[0]
    return bool(np.isfinite(x).all() and (floor_m @ rotation[2, :2] + x[5] > 0).all() and rotation[:, 2] @ x[3:6] < 0)
