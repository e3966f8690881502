"""`python -m evaluation reliability DETECTIONS.json IMAGES_AND_LABELS`: do confidences mean what they say?

Of the boxes that say 0.8, four in five should be people; of the joints that say 0.8, four in five should be visible and
where they are said to be. How far that is off is the expected calibration error (Naeini et al., "Obtaining well
calibrated probabilities using Bayesian binning", 2015): the mean distance between what was said and what was right,
over bins of equal width, weighted by how much falls into each.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from core.boxes import iou
from core.errors import InputError
from core.keypoints import COUNT
from evaluation.detection import read_found, read_truth, require_common, tell_left_out

MATCH_IOU = 0.5
NEAR_JOINT = 0.1  # a joint is where it is said to be within this share of the true box's height
VISIBLE = 2
BINS = 10


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What was said (N,) in [0, 1] and whether it was right (N,) bool."""

    said: np.ndarray
    right: np.ndarray


@dataclass(frozen=True, eq=False)
class Reliability:
    """By bin, those without outcomes left out: mean of what was said (B,), share right (B,), count (B,)."""

    said: np.ndarray
    right: np.ndarray
    count: np.ndarray

    @property
    def error(self) -> float:
        """The expected calibration error; NaN without outcomes."""
        if not self.count.sum():
            return float("nan")
        return float(np.abs(self.said - self.right) @ self.count / self.count.sum())


def match_people(boxes_xyxy: np.ndarray, scores: np.ndarray, truth_xyxy: np.ndarray) -> np.ndarray:
    """For each found box (N, 4) the row of the true box (M, 4) it is of, or -1: the surest first, each person once."""
    of = np.full(len(boxes_xyxy), -1)
    overlap = iou(boxes_xyxy, truth_xyxy) if len(boxes_xyxy) and len(truth_xyxy) else np.zeros((len(boxes_xyxy), 1))
    for row in np.argsort(-scores, kind="stable"):
        best = int(overlap[row].argmax())
        if overlap[row, best] >= MATCH_IOU:
            of[row] = best
            overlap[:, best] = 0
    return of


def joint_outcomes(found_xyc: np.ndarray, true_xyv: np.ndarray, height_px: float) -> tuple[np.ndarray, np.ndarray]:
    """Which joints (17,) of one body are visible, and which of these are near where they are said to be too."""
    visible = true_xyv[:, 2] == VISIBLE
    away_px = np.linalg.norm(found_xyc[:, :2] - true_xyv[:, :2], axis=1)
    return visible, visible & (away_px < NEAR_JOINT * height_px)


def gather(truth: list[dict[str, Any]], found: list[dict[str, Any]]) -> dict[str, Outcomes]:
    """Outcomes of `boxes`, and of joints where both sides have them: `joints` visible and near, `visible` alone.

    Joints of found people who are somebody are asked about; rows as in `evaluation.detection`.
    """
    by_name = {row["file_name"]: row for row in found}
    said: dict[str, list[np.ndarray]] = {"boxes": [], "joints": [], "visible": []}
    right: dict[str, list[np.ndarray]] = {name: [] for name in said}
    for row in truth:
        if row["file_name"] not in by_name:
            continue
        one = by_name[row["file_name"]]
        scores = np.array(one["scores"], float)
        boxes = np.concatenate([row["boxes_xywh"][:, :2], row["boxes_xywh"][:, :2] + row["boxes_xywh"][:, 2:]], 1)
        of = match_people(np.array(one["boxes_xyxy"], float).reshape(-1, 4), scores, boxes)
        said["boxes"].append(scores)
        right["boxes"].append(of >= 0)
        for joints, person in zip(one.get("keypoints_xyc") or [], of, strict=False):
            if person < 0 or not row["keypoints_xyv"][person, :, 2].any():
                continue
            body = np.array(joints, float)
            answers = joint_outcomes(body, row["keypoints_xyv"][person], row["boxes_xywh"][person, 3])
            for name, answer in zip(("visible", "joints"), answers, strict=True):
                said[name].append(body[:, 2])
                right[name].append(answer)
    return {
        name: Outcomes(np.concatenate(values), np.concatenate(right[name]).astype(bool))
        for name, values in said.items()
        if values
    }


def reliability(outcomes: Outcomes, bins: int = BINS) -> Reliability:
    """`outcomes` by what was said, in bins of equal width."""
    place = np.minimum((outcomes.said * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    some = count > 0
    said = np.bincount(place, outcomes.said, bins)[some] / count[some]
    right = np.bincount(place, outcomes.right, bins)[some] / count[some]
    return Reliability(said, right, count[some])


def joint_by_joint(outcomes: Outcomes) -> float:
    """The mean error of the 17 joints, each on its own; one too sure and another too modest do not cancel out."""
    said, right = outcomes.said.reshape(-1, COUNT), outcomes.right.reshape(-1, COUNT)
    return float(np.mean([reliability(Outcomes(said[:, k], right[:, k])).error for k in range(COUNT)]))


TITLES = {"boxes": "boxes: a person", "joints": "joints: visible and near", "visible": "joints: visible, near or not"}


def draw(results: dict[str, Reliability], file: Path) -> None:
    """The reliability diagram of each result, by its title, as a PNG: what was said across, what was right upwards."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(results), 4), layout="constrained")
    FigureCanvasAgg(figure)
    for place, (name, result) in enumerate(results.items(), 1):
        axes = figure.add_subplot(1, len(results), place)
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        axes.bar(result.said, result.count / result.count.max() * 0.2, width=0.03, color="0.85")
        axes.plot(result.said, result.right, marker="o", color="tab:blue")
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="said", ylabel="right", title=TITLES.get(name, name), aspect="equal")
        axes.text(0.04, 0.93, f"ECE {result.error:.3f}, n = {result.count.sum()}")
    figure.savefig(file, dpi=80, metadata={"Software": None})


def reliability_command(
    detections: Annotated[Path, typer.Argument(help="JSON written by python -m pipeline detect.")],
    truth: Annotated[Path, typer.Argument(help="Folder with images/ and labels/ in YOLO or YOLO-pose text.")],
    plot: Annotated[Path | None, typer.Option(help="Draw the diagram into this PNG.")] = None,
) -> None:
    """How far scores and keypoint confidences are from what was right (ECE), by what was said."""
    rows, found = read_truth(truth), read_found(detections)
    require_common(rows, found, detections)
    tell_left_out(rows)
    outcomes = gather(rows, found)
    if not outcomes or not len(outcomes["boxes"].said):
        raise InputError(f"{detections}: nothing was found in the images of {truth}; there is nothing to judge.")
    results = {name: reliability(one) for name, one in outcomes.items()}
    for name, result in results.items():
        each = "" if name == "boxes" else f", joint by joint {joint_by_joint(outcomes[name]):.3f}"
        typer.echo(f"{TITLES[name]:<30} ECE {result.error:.3f}{each}  ({result.count.sum()} outcomes)")
        for said, right, count in zip(result.said, result.right, result.count, strict=True):
            typer.echo(f"    said {said:.2f}  right {right:.2f}  of {count}")
    if plot is not None:
        draw(results, plot)
