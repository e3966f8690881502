"""`python -m evaluation detection DETECTIONS.json IMAGES_AND_LABELS`: average precision of boxes and keypoints."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from core.errors import InputError
from core.keypoints import COUNT
from core.pictures import IMAGE_SUFFIXES, read_bgr
from evaluation.coco import coco_precision
from evaluation.keypoints import has_joints, keypoint_precision

PERSON = 0  # class
BOX_VALUES, POSE_VALUES = 5, 5 + 3 * COUNT  # of a label line: class, centre, size; and x, y, v of each joint


def read_truth(folder: Path) -> list[dict[str, Any]]:
    """Images of `folder`/images with the labels of `folder`/labels (YOLO or YOLO-pose text), in pixels.

    Each row: file_name, width, height, boxes_xywh (N, 4), keypoints_xyv (N, 17, 3) with v 0 unlabelled, 1 hidden, 2
    visible; all 0 where the labels have boxes only; and left_out, the number of labels that are not of a person. Files
    that are hidden or no pictures by their names are passed over. Raises InputError where there are no images, one
    cannot be read, or a line of labels has another number of values.
    """
    truth = []
    for path in sorted((folder / "images").glob("[!.]*")) if (folder / "images").is_dir() else []:
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        height, width = read_bgr(path).shape[:2]
        labels = folder / "labels" / f"{path.stem}.txt"
        boxes, keypoints, left_out = read_labels(labels, width, height)
        truth.append({"file_name": path.name, "width": width, "height": height, "boxes_xywh": boxes,
                      "keypoints_xyv": keypoints, "left_out": left_out})  # fmt: skip
    if not truth:
        raise InputError(f"{folder}: expected a folder with images/ and labels/, found no image.")
    return truth


def read_labels(file: Path, width: int, height: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Boxes (N, 4) x, y, w, h and keypoints (N, 17, 3) x, y, v in pixels of a picture of width × height; see above.

    And how many labels are of other classes.
    """
    if not file.is_file():
        raise InputError(f"{file}: missing. Every image needs its labels, an empty file where there is nobody.")
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    try:
        boxes, keypoints = parse_labels(lines, width, height)
    except ValueError as error:
        raise InputError(f"{file}: {error}") from error
    return boxes, keypoints, len(lines) - len(boxes)


def parse_labels(lines: list[str], width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """What `read_labels` gives, from the lines themselves: of class 0, a person. ValueError where one is no label."""
    rows = [line.split() for line in lines]
    if any(len(row) not in (BOX_VALUES, POSE_VALUES) for row in rows):
        raise ValueError(f"expected lines of {BOX_VALUES} values (box) or {POSE_VALUES} (box and 17 joints)")
    values = np.array([row + ["0"] * (POSE_VALUES - len(row)) for row in rows], np.float64).reshape(-1, POSE_VALUES)
    values = values[values[:, 0] == PERSON]
    boxes = values[:, 1:5] * (width, height, width, height)
    boxes[:, :2] -= boxes[:, 2:] / 2
    return boxes, values[:, 5:].reshape(-1, COUNT, 3) * (width, height, 1)


def ignore_small(truth: list[dict[str, Any]], least_px: float) -> list[dict[str, Any]]:
    """`truth` in which people less tall than `least_px` need not be found, and cost nothing where they are."""
    rows = []
    for row in truth:
        tall = row["boxes_xywh"][:, 3] >= least_px
        ignored = np.concatenate([row.get("ignored_xywh", np.zeros((0, 4))), row["boxes_xywh"][~tall]])
        kept = {name: row[name][tall] for name in ("boxes_xywh", "keypoints_xyv")}
        rows.append(row | kept | {"ignored_xywh": ignored})
    return rows


def average_precision(truth: list[dict[str, Any]], found: list[dict[str, Any]]) -> dict[str, float]:
    """AP50 and AP50-95 of `found` (rows with file_name, boxes_xyxy, scores) on the images of `truth`.

    An image that `found` does not name counts as one without detections. No truth at all gives NaN. A row of `truth`
    may have ignored_xywh: boxes that need not be found, and cost nothing where they are (COCO's crowd regions).
    """
    numbers = {row["file_name"]: number for number, row in enumerate(truth, 1)}
    annotations = [
        {"image_id": numbers[row["file_name"]], "bbox": box, "area": box[2] * box[3], "iscrowd": kind}
        for row in truth
        for kind, boxes in enumerate((row["boxes_xywh"], row.get("ignored_xywh", np.zeros((0, 4)))))
        for box in boxes.tolist()
    ]
    results = [
        {"image_id": numbers[row["file_name"]], "score": score, "bbox": [x1, y1, x2 - x1, y2 - y1]}
        for row in found if row["file_name"] in numbers
        for (x1, y1, x2, y2), score in zip(row["boxes_xyxy"], row["scores"], strict=True)
    ]  # fmt: skip
    at_50, at_all = coco_precision(truth, annotations, results, "bbox")
    return {"AP50": at_50, "AP50-95": at_all}


def read_found(file: Path) -> list[dict[str, Any]]:
    """What `python -m pipeline detect` wrote. InputError where it is missing or something else."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        for row in found:
            row["file_name"], row["boxes_xyxy"], row["scores"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{file}: expected detections as `python -m pipeline detect` writes them, got {error!r}."
        ) from error
    return list(found)


def require_common(truth: list[dict[str, Any]], found: list[dict[str, Any]], file: Path) -> None:
    """Raise InputError where `found`, read from `file`, is of none of the images of `truth`."""
    if found and not {row["file_name"] for row in truth} & {row["file_name"] for row in found}:
        raise InputError(
            f"{file}: of other images: it has {found[0]['file_name']} and {len(found) - 1} more, the truth "
            f"{truth[0]['file_name']} and {len(truth) - 1} more."
        )


def tell_left_out(truth: list[dict[str, Any]]) -> None:
    """Print how many labels of `truth` are not of a person, where there are such."""
    count = sum(row["left_out"] for row in truth)
    if count:
        typer.echo(f"left out: {count} labels of other classes than {PERSON}, a person")


def detection(
    detections: Annotated[Path, typer.Argument(help="JSON written by python -m pipeline detect.")],
    truth: Annotated[Path, typer.Argument(help="Folder with images/ and labels/ in YOLO or YOLO-pose text.")],
    least_px: Annotated[float, typer.Option(help="People less tall need not be found.")] = 0.0,
) -> None:
    """Average precision of boxes, and of keypoints where both sides have them. Labels of class 0 are people.

    For all images, and by the part of their name before the first underscore.
    """
    found = read_found(detections)
    groups = defaultdict(list)
    rows = ignore_small(read_truth(truth), least_px)
    require_common(rows, found, detections)
    tell_left_out(rows)
    for row in rows:
        if "_" in row["file_name"]:
            groups[row["file_name"].split("_")[0]].append(row)
    for name, members in [*sorted(groups.items()), ("all", rows)]:
        scores = average_precision(members, found)
        if has_joints(members, found):
            scores |= keypoint_precision(members, found)
        boxes = sum(len(row["boxes_xywh"]) for row in members)
        told = "  ".join(f"{key} {value:.3f}" for key, value in scores.items())
        typer.echo(f"{name:<10} {told}  ({len(members)} images, {boxes} boxes)")
