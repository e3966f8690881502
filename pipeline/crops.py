"""Pick a few good, different pictures of each person while the video is read. Everything later works on those.

A picture is good where the person is large, whole, sharp, surely detected and not covered by somebody else. Pictures of
one person must lie some time apart, so that they show different sides.
"""

from collections import defaultdict
from dataclasses import dataclass

import cv2
import numpy as np

from core.boxes import area_px, clip_to_image, intersection_px
from core.errors import SettingError
from core.types import Detections, Frame

VISIBLE = 0.5  # keypoint confidence from which a joint counts as seen
SHARPNESS_SIDE_PX = (32, 64)  # width, height a crop is brought to before its sharpness is measured


@dataclass(frozen=True)
class CropConfig:
    """How pictures are picked.

    per_track: at most so many; apart_s: at least so long between two; height_px: larger crops are shrunk to it;
    full_size_px: a person this tall or taller is large enough; min_height_px: smaller people are not looked at closely;
    sharp: variance of the Laplacian from which a crop counts as sharp. Raises SettingError.
    """

    per_track: int = 6
    apart_s: float = 0.5
    height_px: int = 256
    full_size_px: float = 128.0
    min_height_px: float = 24.0
    sharp: float = 150.0

    def __post_init__(self) -> None:
        """Refuse what cannot be picked or cut."""
        for name in ("per_track", "height_px"):
            if getattr(self, name) < 1:
                raise SettingError(f"crops.{name}: expected 1 or more, got {getattr(self, name)}")
        for name in ("apart_s", "min_height_px"):
            if not getattr(self, name) >= 0:
                raise SettingError(f"crops.{name}: expected 0 or more, got {getattr(self, name)}")
        for name in ("full_size_px", "sharp"):
            if not getattr(self, name) > 0:
                raise SettingError(f"crops.{name}: expected more than 0, got {getattr(self, name)}")


@dataclass(frozen=True)
class Crop:
    """A picture of a tracked person: image (h, w, 3) uint8 BGR; keypoints (17, 3), others (M, 17, 3) in its pixels.

    prospect: the best quality it could have had, before its sharpness was measured.
    """

    local_id: int
    frame: int
    time_s: float
    quality: float
    image: np.ndarray
    keypoints_xyc: np.ndarray | None
    others_xyc: np.ndarray
    prospect: float = 0.0


class CropPicker:
    """Holds the best crops of the people in view of one camera."""

    def __init__(self, config: CropConfig) -> None:
        self._config = config
        self._kept: dict[int, list[Crop]] = defaultdict(list)

    def offer(self, frame: Frame, detections: Detections, local_ids: np.ndarray, rows: np.ndarray) -> None:
        """Look at the tracked people of one frame: `local_ids` (M,) are those of `detections[rows]` (M,)."""
        if not len(rows):
            return
        prospects = _prospects(detections, frame.image.shape, self._config)
        for local_id, row in zip(local_ids.tolist(), rows.tolist(), strict=True):
            rival = self._rival(local_id, frame.time_s)
            # Cutting and measuring sharpness is the cost here: only what promises more than what is held is cut.
            if prospects[row] <= (rival.prospect if rival is not None else 0):
                continue
            crop = _cut(frame, detections, row, local_id, float(prospects[row]), self._config)
            if rival is not None and crop.quality <= rival.quality:
                continue
            kept = self._kept[local_id]
            if rival is not None:
                kept.remove(rival)
            kept.append(crop)

    def take(self, local_id: int) -> list[Crop]:
        """The crops of somebody who will not come back, by frame; they are forgotten here."""
        return sorted(self._kept.pop(local_id, []), key=lambda crop: crop.frame)

    def take_all(self) -> list[Crop]:
        """The crops of everybody left, by local id and frame."""
        return [crop for local_id in sorted(self._kept) for crop in self.take(local_id)]

    def _rival(self, local_id: int, time_s: float) -> Crop | None:
        """The crop that a new one at `time_s` would replace; None where there is room for one more."""
        kept = self._kept.get(local_id, [])
        near = [crop for crop in kept if abs(time_s - crop.time_s) < self._config.apart_s]
        if near:
            return max(near, key=lambda crop: (crop.quality, -crop.frame))
        if len(kept) < self._config.per_track:
            return None
        return min(kept, key=lambda crop: (crop.quality, crop.frame))


def _prospects(detections: Detections, shape: tuple[int, ...], config: CropConfig) -> np.ndarray:
    """How good each detection's crop can be at best, (N,) in [0, 1], before its pixels are looked at."""
    boxes = detections.boxes_xyxy
    height, width = shape[:2]
    size = boxes[:, 3] - boxes[:, 1]
    area = np.maximum(area_px(boxes), 1)
    shared = intersection_px(boxes, boxes)
    np.fill_diagonal(shared, 0)
    # Who stands lower in the picture stands nearer and hides the other; the one behind merely touches.
    in_front = boxes[None, :, 3] > boxes[:, None, 3]
    covered = ((shared / area[:, None]) * np.where(in_front, 1.0, 0.4)).max(1, initial=0)
    cut = (boxes[:, 0] <= 1).astype(float) + (boxes[:, 2] >= width - 1) + (boxes[:, 3] >= height - 1)
    complete = np.ones(len(boxes))
    if detections.keypoints_xyc is not None:
        complete = 0.4 + 0.6 * (detections.keypoints_xyc[:, 5:, 2] > VISIBLE).mean(1)
    large = np.clip(size / config.full_size_px, 0, 1) ** 0.5
    prospects = detections.scores * large * complete * (1 - np.clip(covered, 0, 1)) * 0.7**cut
    return np.where(size >= config.min_height_px, prospects, 0)


def _cut(frame: Frame, detections: Detections, row: int, local_id: int, prospect: float, config: CropConfig) -> Crop:
    image_height, image_width = frame.image.shape[:2]
    box = clip_to_image(detections.boxes_xyxy[row : row + 1], image_width, image_height)[0]
    left, top = np.floor(box[:2]).astype(int)
    right, bottom = np.maximum(np.ceil(box[2:]).astype(int), (left + 1, top + 1))
    image = frame.image[top:bottom, left:right]
    scale = min(1.0, config.height_px / image.shape[0])
    if scale < 1:
        size = (max(1, round(image.shape[1] * scale)), config.height_px)
        image = _shrunk(image, size)
    else:
        image = image.copy()  # a view would keep the whole frame alive
    small = cv2.cvtColor(cv2.resize(image, SHARPNESS_SIDE_PX, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    sharp = min(1.0, float(cv2.Laplacian(small, cv2.CV_32F).var()) / config.sharp)
    keypoints, others = _keypoints_in_crop(detections, row, (left, top), scale)
    return Crop(local_id, frame.index, frame.time_s, prospect * (0.5 + 0.5 * sharp), image, keypoints, others, prospect)


def _shrunk(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`image` averaged down to `size` (width, height): by halves while it can be, which takes a quarter of the time."""
    while image.shape[0] >= 2 * size[1] and image.shape[1] >= 2 * size[0]:
        height, width = image.shape[0] // 2, image.shape[1] // 2
        image = cv2.resize(image[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _keypoints_in_crop(
    detections: Detections, row: int, corner: tuple[int, int], scale: float
) -> tuple[np.ndarray | None, np.ndarray]:
    """The person's own keypoints and those of everybody whose box overlaps, in the crop's pixels."""
    if detections.keypoints_xyc is None:
        return None, np.zeros((0, 17, 3), np.float32)
    moved = detections.keypoints_xyc.copy()
    moved[:, :, :2] = (moved[:, :, :2] - np.asarray(corner, np.float32)) * scale
    touching = intersection_px(detections.boxes_xyxy[row : row + 1], detections.boxes_xyxy)[0] > 0
    touching[row] = False
    return moved[row], moved[touching]
