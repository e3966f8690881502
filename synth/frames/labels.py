"""YOLO-pose labels in Ultralytics' format: class, box and 17 joints, relative to the picture."""

import numpy as np

from synth.scene.truth import PersonTruth, Seen

_HIDDEN_PART = 0.3  # how far the box reaches from what is visible towards the whole body; annotators guess a little
_COCO = {Seen.OUTSIDE: 0, Seen.HIDDEN: 1, Seen.OWN_BODY: 1, Seen.VISIBLE: 2}


def label_box(truth: PersonTruth, size: tuple[int, int]) -> np.ndarray:
    """The box (4,) xyxy px a person would draw: around what is visible, and a little of what is not."""
    whole = np.clip(truth.full_xyxy, 0, [*size, *size])
    box = truth.visible_xyxy + _HIDDEN_PART * (whole - truth.visible_xyxy)
    return np.clip(box, 0, [*size, *size])


def label_line(truth: PersonTruth, size: tuple[int, int]) -> str:
    """`0 cx cy w h` and 17 times `x y v`: v is 2 visible, 1 hidden inside the picture, 0 outside (then x = y = 0)."""
    width, height = size
    x0, y0, x1, y1 = label_box(truth, size)
    values = [(x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height]
    parts = ["0", *(f"{value:.6f}" for value in values)]
    for (x, y), state in zip(truth.joints_px, truth.joints_seen, strict=True):
        code = _COCO[Seen(int(state))]
        parts += [f"{x / width:.6f}", f"{y / height:.6f}", str(code)] if code else ["0", "0", "0"]
    return " ".join(parts)
