"""People who are small in large frames: a frame is looked at whole, then in overlapping tiles, each at full input size.

As in SAHI (Akyon et al., ICIP 2022), but that a box which a tile's border cuts is dropped: next to the border another
tile, or the whole frame, shows that person uncut.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np

from core.suppress import survivors
from core.types import Detections
from pipeline.detect.config import DetectConfig
from pipeline.detect.protocol import Detector, Tag

OVERLAP = 0.25  # of a tile's side, shared with the next: who is smaller than this is whole in one of them
BORDER_PX = 4.0  # of the network's input: a box that ends so near a tile's border is cut by it
INSIDE = 0.8  # of a smaller box's area within a surer one: a part of the same person


class TiledDetector:
    """Any detector, asked about every frame and its `config.tiles` × `config.tiles` tiles. See `Detector`."""

    def __init__(self, detector: Detector, config: DetectConfig) -> None:
        self._detector, self._config = detector, config

    @property
    def identifier(self) -> str:
        """That of the detector asked."""
        return self._detector.identifier

    @property
    def has_keypoints(self) -> bool:
        """Whether the network gives keypoints."""
        return self._detector.has_keypoints

    def stream(self, images: Iterable[tuple[Tag, np.ndarray]]) -> Iterator[tuple[Tag, np.ndarray, Detections]]:
        """See `Detector.stream`."""
        found: list[Detections] = []
        looks = chain.from_iterable(self._looks(tag, image) for tag, image in images)
        for (tag, image, tiles), _, detections in self._detector.stream(looks):
            found.append(detections)
            if len(found) == 1 + len(tiles):
                yield tag, image, merge(found, tiles, image.shape, self._config)
                found = []

    def _looks(self, tag: Tag, image: np.ndarray) -> Iterator[tuple[tuple[Tag, np.ndarray, np.ndarray], np.ndarray]]:
        tiles = tiles_of(image.shape[1], image.shape[0], self._config.tiles) if image.size else np.zeros((0, 4), int)
        yield (tag, image, tiles), image
        for x1, y1, x2, y2 in tiles:
            yield (tag, image, tiles), np.ascontiguousarray(image[y1:y2, x1:x2])


def tiles_of(width: int, height: int, count: int) -> np.ndarray:
    """`count` × `count` tiles (count², 4) xyxy px of one size that cover the frame and overlap by OVERLAP of a side."""
    sides = [min(length, int(np.ceil(length / (1 + (count - 1) * (1 - OVERLAP))))) for length in (width, height)]
    starts = [
        np.linspace(0, length - side, count).round().astype(int)
        for length, side in zip((width, height), sides, strict=True)
    ]
    return np.array([(x, y, x + sides[0], y + sides[1]) for y in starts[1] for x in starts[0]])


def merge(found: list[Detections], tiles: np.ndarray, shape: tuple[int, ...], config: DetectConfig) -> Detections:
    """The frame's detections (first) and its tiles' (in order), moved to the frame, everybody once; surest first."""
    parts = [found[0]] + [_moved(one, tile, shape, config) for one, tile in zip(found[1:], tiles, strict=True)]
    boxes, scores = (np.concatenate([getattr(part, name) for part in parts]) for name in ("boxes_xyxy", "scores"))
    keypoints = [part.keypoints_xyc for part in parts if part.keypoints_xyc is not None]
    together = Detections(boxes, scores, np.concatenate(keypoints) if keypoints else None)
    return together[_once(boxes, scores, config)]


def _moved(found: Detections, tile: np.ndarray, shape: tuple[int, ...], config: DetectConfig) -> Detections:
    """What a tile showed uncut, in the frame's pixels."""
    x1, y1, x2, y2 = tile
    inner = np.array([x1 > 0, y1 > 0, x2 < shape[1], y2 < shape[0]])  # borders behind which the frame goes on
    boxes = found.boxes_xyxy
    gaps = np.abs(boxes - (0, 0, x2 - x1, y2 - y1))
    near = BORDER_PX * max(x2 - x1, y2 - y1) / config.image_size
    whole = found[~((gaps < near) & inner).any(1)]
    keypoints = whole.keypoints_xyc
    if keypoints is not None:
        keypoints = keypoints + np.array([x1, y1, 0], np.float32)
    return Detections(whole.boxes_xyxy + np.array([x1, y1, x1, y1], np.float32), whole.scores, keypoints)


def _once(boxes: np.ndarray, scores: np.ndarray, config: DetectConfig) -> np.ndarray:
    """Rows to keep: suppression as within a frame, then nobody who lies inside a surer, larger box."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    chosen: list[int] = []
    for row in survivors(boxes, scores, config.overlap):
        others = boxes[chosen]
        corner = np.minimum(others[:, 2:], boxes[row, 2:]) - np.maximum(others[:, :2], boxes[row, :2])
        if not (corner.clip(0).prod(1) > INSIDE * areas[row]).any():
            chosen.append(int(row))
    return np.array(chosen[: config.max_people], int)
