"""Rendered people seen as a user's pictures are seen: keypoints by the bundled detector, near and far."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np

from core.types import Descriptors
from pipeline.people.finder import Person, embed_people
from pipeline.people.tools import Tools
from reid.data.shards import ShardSet

SMALLEST_PX, LARGEST_PX = 6, 96  # of the copies that are made smaller: heights a far camera gives


def rendered_people(tools: Tools, crops: ShardSet) -> list[Person]:
    """Every crop of a set as the detector sees it; a file name says who it is."""
    images = [np.ascontiguousarray(crops[row].image) for row in range(len(crops))]
    people = []
    for row, (keypoints, others) in enumerate(tools.finder.keypoints_of(images)):
        box = np.array([0, 0, images[row].shape[1], images[row].shape[0]], np.float32)
        name = Path(f"{crops.identity[row]:04d}_c{crops.camera[row]}_{row:06d}.png")
        people.append(Person(name, 1, box, images[row], keypoints, others))
    return people


def embedded_near_and_far(tools: Tools, people: list[Person], seed: int) -> tuple[Descriptors, Descriptors]:
    """Descriptors of people as they are, and of copies made small by chance; at least one person."""
    rng = np.random.default_rng(seed)
    images = [_smaller(person.image, rng) for person in people]
    seen = zip(people, images, tools.finder.keypoints_of(images), strict=True)
    far = [dataclasses.replace(p, image=image, keypoints_xyc=own, others_xyc=rest) for p, image, (own, rest) in seen]
    return embed_people(tools.embedder, people), embed_people(tools.embedder, far)


def _smaller(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = image.shape[:2]
    scale = min(1.0, rng.uniform(SMALLEST_PX, LARGEST_PX) / height)
    size = max(3, round(width * scale)), max(6, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
