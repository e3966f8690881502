"""`python -m evaluation detection DETECTIONS.json IMAGES_AND_LABELS`: average precision of boxes, by pycocotools."""

import contextlib
import io
import json
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from core.errors import InputError

PERSON = 1  # the one category


def read_truth(folder: Path) -> list[dict[str, Any]]:
    """Images of `folder`/images with the boxes of `folder`/labels (YOLO text): file_name, width, height, boxes_xywh px.

    Raises InputError where there are no images or one cannot be read.
    """
    truth = []
    for path in sorted((folder / "images").glob("*")) if (folder / "images").is_dir() else []:
        image = cv2.imread(str(path))
        if image is None:
            raise InputError(f"{path}: not an image, or damaged. Copy the set again.")
        height, width = image.shape[:2]
        labels = folder / "labels" / f"{path.stem}.txt"
        rows = np.array([line.split()[1:5] for line in labels.read_text().splitlines() if line.strip()], np.float64)
        boxes = rows.reshape(-1, 4) * (width, height, width, height)
        boxes[:, :2] -= boxes[:, 2:] / 2
        truth.append({"file_name": path.name, "width": width, "height": height, "boxes_xywh": boxes})
    if not truth:
        raise InputError(f"{folder}: expected a folder with images/ and labels/, found no image.")
    return truth


def average_precision(truth: list[dict[str, Any]], found: list[dict[str, Any]]) -> dict[str, float]:
    """AP50 and AP50-95 of `found` (rows with file_name, boxes_xyxy, scores) on the images of `truth`.

    An image that `found` does not name counts as one without detections. No truth at all gives NaN. A row of `truth`
    may have ignored_xywh: boxes that need not be found, and cost nothing where they are (COCO's crowd regions).
    """
    numbers = {row["file_name"]: number for number, row in enumerate(truth, 1)}
    dataset: dict[str, Any] = {"info": {}, "categories": [{"id": PERSON, "name": "person"}], "annotations": []}
    dataset["images"] = [{"id": numbers[r["file_name"]], "width": r["width"], "height": r["height"]} for r in truth]
    for row in truth:
        for kind, boxes in enumerate((row["boxes_xywh"], row.get("ignored_xywh", np.zeros((0, 4))))):
            dataset["annotations"] += [
                {"id": number, "image_id": numbers[row["file_name"]], "category_id": PERSON,
                 "bbox": box, "area": box[2] * box[3], "iscrowd": kind}
                for number, box in enumerate(boxes.tolist(), len(dataset["annotations"]) + 1)
            ]  # fmt: skip
    results = [
        {"image_id": numbers[row["file_name"]], "category_id": PERSON, "score": score,
         "bbox": [x1, y1, x2 - x1, y2 - y1]}
        for row in found if row["file_name"] in numbers
        for (x1, y1, x2, y2), score in zip(row["boxes_xyxy"], row["scores"], strict=True)
    ]  # fmt: skip
    if not dataset["annotations"] or not results:
        return {"AP50": 0.0 if dataset["annotations"] else float("nan"), "AP50-95": 0.0}
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools tells its progress
        coco = COCO()
        coco.dataset = dataset
        coco.createIndex()
        scorer = COCOeval(coco, coco.loadRes(results), "bbox")
        scorer.evaluate()
        scorer.accumulate()
        scorer.summarize()
    return {"AP50": float(scorer.stats[1]), "AP50-95": float(scorer.stats[0])}


def detection(
    detections: Annotated[Path, typer.Argument(help="JSON written by python -m pipeline detect.")],
    truth: Annotated[Path, typer.Argument(help="Folder with images/ and labels/ in YOLO text.")],
) -> None:
    """Average precision of boxes, for all images and by the part of their name before the first underscore."""
    found = json.loads(detections.read_text(encoding="utf-8"))
    groups = defaultdict(list)
    rows = read_truth(truth)
    for row in rows:
        if "_" in row["file_name"]:
            groups[row["file_name"].split("_")[0]].append(row)
    for name, members in [*sorted(groups.items()), ("all", rows)]:
        scores = average_precision(members, found)
        boxes = sum(len(row["boxes_xywh"]) for row in members)
        typer.echo(
            f"{name:<10} AP50 {scores['AP50']:.3f}  AP50-95 {scores['AP50-95']:.3f}  "
            f"({len(members)} images, {boxes} boxes)"
        )
