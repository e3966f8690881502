"""Raw output of a YOLO network to detections in the frame.

Two layouts exist. Dense: (4 + classes [+ 51], anchors), boxes as centre and size, to be suppressed here. End to end:
(candidates, 6 [+ 51]), boxes as corners with score and class, already without duplicates.
"""

import numpy as np

from core.boxes import clip_to_image
from core.keypoints import COUNT
from core.letterbox import Letterbox
from core.suppress import suppress
from core.types import Detections
from pipeline.detect.config import DetectConfig
from pipeline.detect.layout import KEYPOINT_VALUES, OutputLayout

MIN_SIDE_PX = 2.0  # thinner boxes are no people


def decode_output(raw: np.ndarray, layout: OutputLayout, box: Letterbox, config: DetectConfig) -> Detections:
    """`raw`: the network's output for one image, without the batch axis. No people give an empty form."""
    if layout.end_to_end:
        rows = raw[(raw[:, 4] >= config.score) & (raw[:, 5].astype(int) == layout.person_class)]
        corners, scores, keypoints = rows[:, :4], rows[:, 4], rows[:, 6:]
    else:
        corners, scores, keypoints = _dense(raw, layout, config)
    order = np.argsort(-scores, kind="stable")[: config.max_people]
    corners, scores, keypoints = corners[order], scores[order], keypoints[order]
    boxes = clip_to_image(box.points_to_frame(corners.reshape(-1, 2, 2)).reshape(-1, 4), box.width, box.height)
    good = np.isfinite(boxes).all(1) & ((boxes[:, 2:] - boxes[:, :2]) >= MIN_SIDE_PX).all(1)
    found_keypoints = None
    if layout.keypoints:
        joints = keypoints[good].reshape(-1, COUNT, 3)
        places = box.points_to_frame(joints[:, :, :2])
        found_keypoints = np.concatenate([places, np.clip(joints[:, :, 2:], 0, 1)], 2)
    return Detections(boxes[good], np.clip(scores[good], 0, 1), found_keypoints)


def _dense(raw: np.ndarray, layout: OutputLayout, config: DetectConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    scores = raw[4 + layout.person_class]
    likely = np.flatnonzero(scores >= config.score)
    scores = scores[likely]
    centre, size = raw[:2, likely].T, raw[2:4, likely].T
    keypoints = raw[4 + layout.classes : 4 + layout.classes + KEYPOINT_VALUES, likely].T
    corners = np.concatenate([centre - size / 2, centre + size / 2], 1)
    return suppress(corners, scores, keypoints, config.overlap, config.blend)
