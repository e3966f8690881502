"""Average precision of keypoints: people match by object keypoint similarity (OKS) in place of overlap.

The measure of the COCO keypoint challenge (https://cocodataset.org/#keypoints-eval): the similarity of a found body to
a true one is the mean over its labelled joints of exp(-d² / (2 · area · (2σ)²)), with COCO's σ of each joint. Hidden
joints are labelled as well; those outside the picture are not.
"""

from typing import Any

import numpy as np
from pycocotools.cocoeval import Params

from evaluation.coco import coco_precision

SIGMAS = Params("keypoints").kpt_oks_sigmas  # (17,), of each joint, over the square root of the body's area
AREA_OF_BOX = 0.53  # a body's share of its box: COCO measures its area by outlines, which box labels have not


def has_joints(truth: list[dict[str, Any]], found: list[dict[str, Any]]) -> bool:
    """Whether there is anything to compare: a labelled joint in `truth`, keypoints in `found`."""
    labelled = any((row["keypoints_xyv"][:, :, 2] > 0).any() for row in truth)
    return labelled and any(row.get("keypoints_xyc") is not None for row in found)


def keypoint_precision(truth: list[dict[str, Any]], found: list[dict[str, Any]]) -> dict[str, float]:
    """OKS-AP50 and OKS-AP of `found` (rows with file_name, scores, keypoints_xyc) on the pictures of `truth`.

    A row of `truth` has boxes_xywh (N, 4) and keypoints_xyv (N, 17, 3) px, v above 0 where labelled, and perhaps
    ignored_xywh: people who need not be found, and around whom nothing found is wrong (COCO's crowd regions, three
    times the box's size). Somebody without a labelled joint is such a person as well. Nobody asked for gives NaN.
    """
    numbers = {row["file_name"]: number for number, row in enumerate(truth, 1)}
    annotations = []
    for row in truth:
        people = [(box, joints) for box, joints in zip(row["boxes_xywh"], row["keypoints_xyv"], strict=True)]
        people += [(box, np.zeros((17, 3))) for box in row.get("ignored_xywh", np.zeros((0, 4)))]
        for box, joints in people:
            labelled = int((joints[:, 2] > 0).sum())
            annotations.append(
                {"image_id": numbers[row["file_name"]], "bbox": [float(v) for v in box], "iscrowd": int(not labelled),
                 "area": AREA_OF_BOX * float(box[2] * box[3]), "num_keypoints": labelled,
                 "keypoints": joints.ravel().tolist()}
            )  # fmt: skip
    results = [
        {"image_id": numbers[row["file_name"]], "score": score, "keypoints": np.ravel(joints).tolist()}
        for row in found if row["file_name"] in numbers and row.get("keypoints_xyc") is not None
        for joints, score in zip(row["keypoints_xyc"], row["scores"], strict=True)
    ]  # fmt: skip
    at_50, at_all = coco_precision(truth, annotations, results, "keypoints")
    return {"OKS-AP50": at_50, "OKS-AP": at_all}
