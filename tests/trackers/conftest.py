"""A small street: people on straight ways, seen with jitter and misses."""

from collections.abc import Callable

import numpy as np
import pytest

from core.types import Detections

FRAME_RATE = 30.0


def street(seed: int, people: int = 6, frames: int = 60, frame_rate: float = FRAME_RATE) -> list[Detections]:
    """Detections of `people` walking for `frames / frame_rate` seconds; each now and then unseen, plus some clutter."""
    rng = np.random.default_rng(seed)
    place = rng.uniform([100, 200], [1800, 700], (people, 2))
    speed = rng.uniform(-120, 120, (people, 2)) * [1, 0.3]
    height = rng.uniform(120, 260, people)
    found = []
    for frame in range(frames):
        centre = place + speed * frame / frame_rate
        size = np.stack([height * 0.4, height], axis=1)
        boxes = np.hstack([centre - size / 2, centre + size / 2]) + rng.normal(0, 0.01, (people, 4)) * height[:, None]
        seen = rng.random(people) > 0.1
        boxes, scores = boxes[seen], rng.uniform(0.5, 0.95, people)[seen]
        if rng.random() < 0.3:
            corner = rng.uniform([0, 0], [1700, 800])
            boxes = np.vstack([boxes, [*corner, corner[0] + 50, corner[1] + 120]])
            scores = np.append(scores, 0.15)
        found.append(Detections(boxes, scores))
    return found


@pytest.fixture
def make_street() -> Callable[..., list[Detections]]:
    """The maker of streets, for tests that need more than one."""
    return street


@pytest.fixture
def walkers() -> list[Detections]:
    """Sixty frames of six people."""
    return street(seed=7)
