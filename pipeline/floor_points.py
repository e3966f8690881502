"""A calibration from marks on the floor, and how far it can be believed."""

from dataclasses import dataclass, field

import numpy as np

from core.errors import ShapeError
from pipeline.calibration import Calibration
from pipeline.floor_marks import Marks
from pipeline.pinhole import PinholeConfig, PinholeFit, fit_pinhole


@dataclass(frozen=True)
class FloorPointsConfig:
    """refused, notable: clicks so far off (`PinholeFit.miss_px`), as a share of the picture's diagonal, make an error,
    or, above notable_px, a sentence for the user.

    unsure: a standard deviation of the focal length's logarithm that is worth a sentence. highest_m: no camera is
    higher above the floor.
    """

    refused: float = 0.015
    notable: float = 0.0025
    notable_px: float = 4.0
    unsure: float = 0.2
    highest_m: float = 100.0
    pinhole: PinholeConfig = field(default_factory=PinholeConfig)


@dataclass(frozen=True, eq=False)
class FloorFit:
    """calibration: for pixels of the picture clicked in; off_px (N,): from each click to where it sees that mark.

    notes: sentences on what a user should look at; none where all is well.
    """

    calibration: Calibration
    off_px: np.ndarray
    notes: tuple[str, ...] = ()


def fit_floor(marks: Marks, config: FloorPointsConfig = FloorPointsConfig()) -> FloorFit:
    """The camera that sees `marks`, without distortion and the principal point in the middle: see `pipeline.pinhole`.

    Raises ShapeError, which begins with the array at fault, where none comes near to that: among others for a mirrored
    floor, which is the floor seen from below, for marks in different orders, and for marks in centimetres.
    """
    limit_px = config.refused * float(np.hypot(*marks.size_px))
    fit = fit_pinhole(marks.points_px, marks.points_m, marks.size_px, config.pinhole)
    if fit is None or fit.miss_px > limit_px:
        raise ShapeError(_why_not(marks, fit, limit_px, config.pinhole))
    height_m = float(fit.calibration.centre_m[2])
    if height_m > config.highest_m:
        raise ShapeError(
            f"points_m: the camera would be {height_m:.0f} m above the floor; expected at most {config.highest_m:.0f}. "
            "Are the marks measured in metres? Divide centimetres by 100"
        )
    return FloorFit(fit.calibration, fit.off_px, tuple(_notes(marks, fit, config)))


def _why_not(marks: Marks, fit: PinholeFit | None, limit_px: float, config: PinholeConfig) -> str:
    mirrored = fit_pinhole(marks.points_px, marks.points_m * [1, -1], marks.size_px, config)
    if mirrored is not None and mirrored.miss_px <= limit_px:
        return (
            "points_m: the marks fit only a mirrored floor, or one seen from below. Seen from above, y must point to "
            "the left of x; where it points to the right, as on a plan whose y runs down, negate the second number of "
            "every mark. Two lists that run around the floor in opposite directions look the same"
        )
    said = "no camera sees the marks like this"
    if fit is not None:
        said = (
            f"clicks would have to be off by about {fit.miss_px:.0f} px, expected at most {limit_px:.0f}; "
            f"{_worst(marks, fit, config)}"
        )
    return (
        f"points_px and points_m: {said}. Are both lists in one order, and all marks on the floor? A fisheye lens "
        "needs a calibration with its distortion"
    )


def _notes(marks: Marks, fit: PinholeFit, config: FloorPointsConfig) -> list[str]:
    notes = []
    if fit.miss_px > max(config.notable * np.hypot(*marks.size_px), config.notable_px):
        notes.append(
            f"the floor marks fit only with clicks off by about {fit.miss_px:.1f} px; "
            f"{_worst(marks, fit, config.pinhole)}. Click and measure that one again."
        )
    if fit.focal_sigma > config.unsure:
        notes.append(
            "the floor marks hardly tell how wide the camera sees, as is so in a view straight down: about "
            f"{config.pinhole.view_deg:.0f}° are assumed. Places on the floor are right all the same, heights above it "
            "are not. Marks farther apart, near the camera and far from it, tell more."
        )
    return notes


def _worst(marks: Marks, fit: PinholeFit, config: PinholeConfig) -> str:
    """Which mark is most likely wrong, and by how much.

    A wrong mark pulls the camera to itself and away from the others, so the one that is farthest off may well be right.
    The wrong one is that without which the others fit best. Of four marks three are left, and any three fit: then the
    farthest is named.
    """
    others: dict[int, PinholeFit] = {}
    for row in range(len(marks)):
        try:
            left = marks.without(row)
        except ShapeError:
            continue
        found = fit_pinhole(left.points_px, left.points_m, left.size_px, config)
        if found is not None:
            others[row] = found
    if not others:
        row = int(fit.off_px.argmax())
        return f"{marks.describe(row)} fits worst, {fit.off_px[row]:.1f} px off"
    row = min(others, key=lambda each: float(others[each].off_px.max()))
    seen_px = others[row].calibration.to_image(np.append(marks.points_m[row], 0.0))[0]
    off_px = float(np.linalg.norm(seen_px - marks.points_px[row]))
    return f"{marks.describe(row)} is {off_px:.1f} px from where the others put it"
