"""Average precision by pycocotools, COCO's own code, without files and without its talk."""

import contextlib
import io
from typing import Any, Literal

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

PERSON = 1  # the one category
MOST_PEOPLE = 100  # detections of a picture that count; COCO's 20 for keypoints are too few for a crowd
Row = dict[str, Any]


def coco_precision(
    truth: list[Row], annotations: list[Row], results: list[Row], kind: Literal["bbox", "keypoints"]
) -> tuple[float, float]:
    """Average precision at 0.5 and over 0.5 … 0.95; of IoU for `bbox`, of object keypoint similarity for `keypoints`.

    truth: the pictures, in the order of their ids from 1 (width, height). annotations and results: COCO rows, without
    category; results may be empty (0). NaN where no annotation is asked for.
    """
    if not results:
        return (0.0, 0.0) if any(not row["iscrowd"] for row in annotations) else (float("nan"), float("nan"))
    images = [{"id": n, "width": row["width"], "height": row["height"]} for n, row in enumerate(truth, 1)]
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools tells its progress
        coco = COCO()
        coco.dataset = {"info": {}, "categories": [{"id": PERSON, "name": "person"}], "images": images}
        coco.dataset["annotations"] = [
            row | {"id": number, "category_id": PERSON} for number, row in enumerate(annotations, 1)
        ]
        coco.createIndex()
        scorer = COCOeval(coco, coco.loadRes([row | {"category_id": PERSON} for row in results]), kind)
        scorer.params.maxDets = [MOST_PEOPLE]
        scorer.params.areaRng, scorer.params.areaRngLbl = [[0, 1e10]], ["all"]
        scorer.evaluate()
        scorer.accumulate()
    precision = scorer.eval["precision"][:, :, 0, 0, 0]  # thresholds × recall; -1 throughout where nothing is asked for
    if (precision < 0).all():
        return float("nan"), float("nan")
    return float(precision[0].mean()), float(np.mean(precision))
