"""The people in a photo, each as a crop with keypoints; or the keypoints in a picture that is a crop already."""

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from core.boxes import area_px, clip_to_image, intersection_px
from core.errors import InputError
from core.pictures import read_bgr
from core.types import Descriptors, Detections
from pipeline.detect import DetectConfig, open_detector
from pipeline.detect.pose import open_pose
from pipeline.detect.posed import PosedDetector
from pipeline.device import choose_device
from pipeline.people.config import PeopleConfig
from reid.embedder import Embedder
from reid.pooling import pooled

_BATCH = 256


@dataclass(frozen=True, eq=False)
class Person:
    """One person in a picture: box (4,) px of the picture; image (h, w, 3) uint8 BGR; keypoints (17, 3) and those of
    others (M, 17, 3), in px of `image`. number: 1 for the largest of the picture."""

    path: Path
    number: int
    box_xyxy: np.ndarray
    image: np.ndarray
    keypoints_xyc: np.ndarray
    others_xyc: np.ndarray

    @property
    def name(self) -> str:
        """For a file: the picture's stem, and the number where it is not the first."""
        return self.path.stem + (f"-{self.number}" if self.number > 1 else "")


class PeopleFinder:
    """The bundled detector, for photos and for crops."""

    def __init__(self, device: str = "auto", threads: int = 0, config: PeopleConfig | None = None) -> None:
        self.config = config or PeopleConfig()
        device = choose_device(device)
        photos = DetectConfig(image_size=self.config.image_size, score=self.config.other_score, pose="frame")
        crops = replace(photos, image_size=self.config.crop_size, score=self.config.crop_score, enlarge=math.inf)
        self._pose = open_pose(device, threads or os.cpu_count() or 1)
        self._photos, self._crops = (
            PosedDetector(open_detector("bundled", one, device, threads), self._pose) for one in (photos, crops)
        )

    def in_photo(self, path: Path) -> list[Person]:
        """Everybody in the picture, the largest first; nobody gives an empty list. Raises InputError (unreadable)."""
        image = read_bgr(path)
        ((_, _, found),) = self._photos.stream([(0, image)])
        boxes = found.boxes_xyxy
        good = (found.scores >= self.config.score) & (boxes[:, 3] - boxes[:, 1] >= self.config.height_px)
        rows = np.flatnonzero(good)
        rows = rows[np.argsort(-area_px(boxes[rows]), kind="stable")]
        return [_cut(path, number + 1, image, found, int(row)) for number, row in enumerate(rows)]

    def in_crop(self, path: Path) -> Person:
        """The person that the whole picture is of. Raises InputError (unreadable)."""
        image = read_bgr(path)
        own, others = self.keypoints(image)
        box = np.array([0, 0, image.shape[1], image.shape[0]], np.float32)
        return Person(path, 1, box, image, own, others)

    def keypoints(self, crop_bgr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Keypoints (17, 3) of the person a crop is of, and those of others in it (M, 17, 3), px of the crop.

        All confidences are 0 where the detector sees nobody.
        """
        (found,) = self.keypoints_of([crop_bgr])
        return found

    def keypoints_of(self, crops_bgr: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """As `keypoints`, of many crops in order, several at a time."""
        for crop, found in self.everybody_in(crops_bgr):
            yield self._main(crop, found)

    def everybody_in(self, crops_bgr: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, Detections]]:
        """Each crop and all whom the detector sees in it, px of the crop, in order; keypoints are there or are zero."""
        for crop, _, found in self._crops.stream((crop, self._widened(crop)) for crop in crops_bgr):
            margin = self._margin(crop)
            joints = np.zeros((len(found), 17, 3), np.float32)
            if found.keypoints_xyc is not None:
                joints[:] = found.keypoints_xyc - np.array([margin, margin, 0], np.float32)
            yield crop, Detections(found.boxes_xyxy - np.float32(margin), found.scores, joints)

    def joints_of_whole(self, crop_bgr: np.ndarray) -> np.ndarray:
        """Joints (17, 3), px of the crop, of whom the whole crop is a box of, whether or not the detector sees them."""
        margin, (height, width) = self._margin(crop_bgr), crop_bgr.shape[:2]
        box = np.array([[0, 0, width, height]], np.float32) + np.float32(margin)
        (joints,) = self._pose.look(self._widened(crop_bgr), box)
        return joints - np.array([margin, margin, 0], np.float32)

    def _widened(self, crop_bgr: np.ndarray) -> np.ndarray:
        margin = self._margin(crop_bgr)
        return cv2.copyMakeBorder(crop_bgr, margin, margin, margin, margin, cv2.BORDER_REPLICATE)

    def _margin(self, crop_bgr: np.ndarray) -> int:
        return round(self.config.crop_margin * crop_bgr.shape[0])

    def _main(self, crop_bgr: np.ndarray, found: Detections) -> tuple[np.ndarray, np.ndarray]:
        """Joints of the one a crop is of, and of the others."""
        joints, width = found.keypoints_xyc, crop_bgr.shape[1]
        if joints is None or not len(found):
            return np.zeros((17, 3), np.float32), np.zeros((0, 17, 3), np.float32)
        off_centre = np.abs(found.boxes_xyxy[:, [0, 2]].mean(1) - width / 2) / width
        main = int(np.argmax(found.scores * area_px(found.boxes_xyxy) * np.exp(-3 * off_centre)))
        others = found.scores >= self.config.other_score
        others[main] = False
        return joints[main], joints[others]


def only_person(finder: PeopleFinder, path: Path, *, is_crop: bool) -> Person:
    """The person a picture is of: the largest in it. Raises InputError where there is nobody, or it is unreadable."""
    if is_crop:
        return finder.in_crop(path)
    people = finder.in_photo(path)
    if not people:
        raise InputError(
            f"{path}: no person found. Give a picture that shows one from head to knee at least; if the picture is a "
            "crop of one person already, add --crops."
        )
    return people[0]


def embed_people(embedder: Embedder, people: list[Person]) -> Descriptors:
    """Descriptors of at least one person, in order."""
    batches = []
    for first in range(0, len(people), _BATCH):
        some = people[first : first + _BATCH]
        keypoints = np.stack([person.keypoints_xyc for person in some])
        batches.append(embedder.embed([p.image for p in some], keypoints, [p.others_xyc for p in some]))
    return Descriptors.concatenate(batches)


def embed_both_ways(embedder: Embedder, people: list[Person]) -> Descriptors:
    """As `embed_people`, each the mean of a picture and its mirror image: what is left or right by chance counts less.

    Twice the time, so for pictures and not for videos.
    """
    plain, turned = embed_people(embedder, people), embed_people(embedder, [mirrored(person) for person in people])
    pairs = [Descriptors.concatenate([plain[row : row + 1], turned[row : row + 1]]) for row in range(len(people))]
    return pooled(pairs)


def mirrored(person: Person) -> Person:
    """The mirror image; every joint keeps its name, so that a bag on the left arm stays on it."""
    width = person.image.shape[1]
    own, others = person.keypoints_xyc.copy(), person.others_xyc.copy()
    own[:, 0], others[:, :, 0] = width - own[:, 0], width - others[:, :, 0]
    image = np.ascontiguousarray(person.image[:, ::-1])
    return replace(person, image=image, keypoints_xyc=own, others_xyc=others)


def _cut(path: Path, number: int, image: np.ndarray, found: Detections, row: int) -> Person:
    boxes = found.boxes_xyxy
    box = clip_to_image(boxes[row : row + 1], image.shape[1], image.shape[0])[0]
    left, top = np.floor(box[:2]).astype(int)
    right, bottom = np.maximum(np.ceil(box[2:]).astype(int), (left + 1, top + 1))
    joints = np.zeros((len(found), 17, 3), np.float32) if found.keypoints_xyc is None else found.keypoints_xyc.copy()
    joints[:, :, :2] -= (left, top)
    touching = intersection_px(boxes[row : row + 1], boxes)[0] > 0
    touching[row] = False
    return Person(path, number, box, image[top:bottom, left:right].copy(), joints[row], joints[touching])
