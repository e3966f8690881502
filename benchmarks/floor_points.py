"""How exact clicked floor marks are on cameras that were truly calibrated: `python -m benchmarks.floor_points`.

Eight real cameras: four of `../shared/data/cmc` (3 × 4 matrices) and four of `../shared/data/videos/pose2sim-multi`,
whose lenses bend a little. In each, 4, 6 and 8 marks are taken from a grid of half a metre on the visible floor, the
first two farthest apart in the picture and each next farthest from those before, as a careful user spreads them. They
are projected with the true calibration and clicked: rounded to whole pixels, or missed by a normal error of 3 px in
each direction before that, 20 times. Then the camera is fitted, and every point of the visible floor, 10 cm
apart, is put back on the floor, and the head of a person of 1.75 m looked for above it. Writes
results/floor_points.json: means over the 20 clicks, and over the cameras of a data set.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np

from benchmarks.record import write_result
from core.errors import ShapeError
from pipeline.calibration import Calibration
from pipeline.floor_marks import Marks
from pipeline.floor_points import FloorFit, fit_floor

SHARED = Path(__file__).parents[2] / "shared" / "data"
CMC = SHARED / "cmc" / "cameras.json"
QUALISYS = SHARED / "videos" / "pose2sim-multi" / "Calib.qca.txt"
CMC_SIZE_PX, CMC_ROOM_M = (1920, 1024), ((0.0, 0.0), (7.67, 3.41))
QUALISYS_SIZE_PX, QUALISYS_ROOM_M = (1088, 1920), ((-2.5, -2.5), (2.5, 2.5))
QUALISYS_UNITS = 64.0  # of a pixel
MARKS = (4, 6, 8)
MISSES_PX = {"whole pixels": 0.0, "3 px off": 3.0}
DRAWS = 20
MARGIN = 0.02  # of the picture, in which nobody clicks
BODY_M = 1.75


@dataclass(frozen=True, eq=False)
class Truth:
    """A calibrated camera, the size of its pictures, and the corners of the floor that it is used for."""

    name: str
    calibration: Calibration
    size_px: tuple[int, int]
    room_m: tuple[tuple[float, float], tuple[float, float]]

    def visible_floor(self, step_m: float) -> tuple[np.ndarray, np.ndarray]:
        """Points of a grid on the floor (N, 2) m that are in the picture, and where (N, 2) px."""
        low, high = self.room_m
        axes = [np.arange(a, b + 1e-9, step_m) for a, b in zip(low, high, strict=True)]
        floor_m = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
        seen_px = self.calibration.to_image(np.column_stack([floor_m, np.zeros(len(floor_m))]))
        edge = MARGIN * np.array(self.size_px)
        inside = ((seen_px > edge) & (seen_px < np.array(self.size_px) - edge)).all(axis=1)
        return floor_m[inside], seen_px[inside]


def cmc_cameras() -> Iterator[Truth]:
    """The four of CMC; what a 3 × 4 matrix holds besides focal lengths, principal point and pose is in none of them."""
    for name, camera in json.loads(CMC.read_text()).items():
        projection = np.array(camera["world_to_pixel_3x4"])
        matrix, rotation, centre, *_ = cv2.decomposeProjectionMatrix(projection)
        centre_m = (centre[:3] / centre[3]).ravel()
        matrix /= matrix[2, 2]
        matrix[np.abs(matrix) < 1e-6] = 0.0
        calibration = Calibration(matrix, np.zeros(2), rotation, -rotation @ centre_m)
        yield Truth(f"cmc {name}", calibration, CMC_SIZE_PX, CMC_ROOM_M)


def qualisys_cameras() -> Iterator[Truth]:
    """The four of pose2sim-multi: camera axes y up and z backwards, millimetres; without tangential distortion."""
    for camera in ElementTree.parse(QUALISYS).getroot().iter("camera"):
        lens, pose = camera.find("intrinsic"), camera.find("transform")
        assert lens is not None and pose is not None
        number = {key: float(value) for one in (lens, pose) for key, value in one.attrib.items() if key != "name"}
        fx, fy = number["focalLengthU"], number["focalLengthV"]
        cx, cy = number["centerPointU"], number["centerPointV"]
        matrix = np.array([[fx, number["skew"], cx], [0, fy, cy], [0, 0, QUALISYS_UNITS]]) / QUALISYS_UNITS
        rotation = np.diag([1.0, -1, -1]) @ [[number[f"r{row}{column}"] for column in (1, 2, 3)] for row in (1, 2, 3)]
        centre_m = np.array([number["x"], number["y"], number["z"]]) / 1000
        bend = np.array([number["radialDistortion1"], number["radialDistortion2"]])
        calibration = Calibration(matrix, bend, rotation, -rotation @ centre_m)
        yield Truth(f"pose2sim {camera.get('serial')}", calibration, QUALISYS_SIZE_PX, QUALISYS_ROOM_M)


def spread(points_px: np.ndarray, count: int) -> np.ndarray:
    """Rows (count,) of points far from one another."""
    apart = np.linalg.norm(points_px[:, None] - points_px, axis=2)
    rows = list(np.unravel_index(apart.argmax(), apart.shape))
    while len(rows) < count:
        rows.append(apart[:, rows].min(axis=1).argmax())
    return np.array(rows)


def fits(truth: Truth, count: int, miss_px: float) -> list[FloorFit | None]:
    """The cameras that clicks give; None where they are refused."""
    marks_m, marks_px = truth.visible_floor(0.5)
    rows = spread(marks_px, count)
    rng = np.random.default_rng(count)
    found: list[FloorFit | None] = []
    for _ in range(DRAWS if miss_px else 1):
        clicked = np.round(marks_px[rows] + rng.normal(0, miss_px, (count, 2)))
        try:
            found.append(fit_floor(Marks(clicked, marks_m[rows], truth.size_px)))
        except ShapeError as error:
            print(truth.name, error)
            found.append(None)
    return found


def errors(truth: Truth, found: list[FloorFit | None]) -> dict[str, float]:
    """How far off the visible floor, people's heads and the focal length are: medians over the fits, and the worst."""
    floor_m, feet_px = truth.visible_floor(0.1)
    heads_m = np.column_stack([floor_m, np.full(len(floor_m), BODY_M)])
    heads_px = truth.calibration.to_image(heads_m)
    focal_px = float(np.sqrt(truth.calibration.matrix[0, 0] * truth.calibration.matrix[1, 1]))
    rows = []
    for fit in (fit for fit in found if fit is not None):
        placed_m = fit.calibration.to_floor(feet_px)
        off_m = np.linalg.norm(placed_m - floor_m, axis=1)
        raised_px = fit.calibration.to_image(np.column_stack([placed_m, heads_m[:, 2]]))
        off_body = np.linalg.norm(raised_px - heads_px, axis=1) / np.linalg.norm(heads_px - feet_px, axis=1)
        rows.append(
            {
                "floor, median m": float(np.median(off_m)),
                "floor, 95 % m": float(np.percentile(off_m, 95)),
                "head, median % of body": 100 * float(np.median(off_body)),
                "focal length, %": 100 * abs(float(fit.calibration.matrix[0, 0]) / focal_px - 1),
                "worst mark, px": float(fit.off_px.max()),
                "warned": float(bool(fit.notes)),
            }
        )
    if not rows:
        return {"refused": 1.0}
    row = {key: round(float(np.mean([row[key] for row in rows])), 4) for key in rows[0]}
    worst = max(row["floor, 95 % m"] for row in rows)
    return row | {"floor, 95 % m, worst fit": round(worst, 4), "refused": round(1 - len(rows) / len(found), 4)}


def summary(cameras: dict[str, dict[str, dict[str, float]]]) -> dict[str, dict[str, dict[str, float]]]:
    """Means over the cameras of each data set; of the worst fit the worst."""
    out: dict[str, dict[str, dict[str, float]]] = {}
    for data in dict.fromkeys(name.split()[0] for name in cameras):
        mine = [conditions for name, conditions in cameras.items() if name.startswith(data)]
        for condition in mine[0]:
            rows = [conditions[condition] for conditions in mine]
            out.setdefault(data, {})[condition] = {
                key: round(float((np.max if "worst fit" in key else np.mean)([row[key] for row in rows])), 4)
                for key in rows[0]
            }
    return out


def main() -> None:
    """Measure all cameras, and write and print the results."""
    if not SHARED.is_dir():
        sys.exit(f"skipped: {SHARED} is not there")
    cameras: dict[str, dict[str, dict[str, float]]] = {}
    for truth in (*cmc_cameras(), *qualisys_cameras()):
        cameras[truth.name] = {
            f"{count} marks, {how}": errors(truth, fits(truth, count, miss_px))
            for count in MARKS
            for how, miss_px in MISSES_PX.items()
        }
        print(truth.name, json.dumps(cameras[truth.name], indent=1), flush=True)
    result: dict[str, Any] = {"mean": summary(cameras), "cameras": cameras}
    print(json.dumps(result["mean"], indent=1))
    print("written to", write_result("floor_points", result))


if __name__ == "__main__":
    main()
