"""Tiles: they cover the frame, and everybody is found once, where they are."""

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.boxes import iou
from core.errors import SettingError
from core.types import Detections
from pipeline.detect import DetectConfig, open_detector
from pipeline.detect.tiled import TiledDetector, merge, tiles_of


class Blobs:
    """Finds white rectangles of at least `least` px of height at an input of 100 px, as a network misses small ones."""

    identifier, has_keypoints = "blobs", True

    def __init__(self, least: float) -> None:
        self.least = least

    def stream(self, images):
        for tag, image in images:
            if not image.size:
                yield tag, image, Detections.empty()
                continue
            _, _, stats, _ = cv2.connectedComponentsWithStats((image[..., 0] > 0).astype(np.uint8))
            boxes = [(x, y, x + w, y + h) for x, y, w, h, _ in stats[1:] if h * 100 / max(image.shape) >= self.least]
            boxes = np.array(boxes, np.float32).reshape(-1, 4)
            middle = (boxes[:, :2] + boxes[:, 2:]) / 2
            joints = np.concatenate([middle, np.ones((len(boxes), 1))], 1)[:, None].repeat(17, 1).astype(np.float32)
            yield tag, image, Detections(boxes, np.full(len(boxes), 0.9, np.float32), joints)


@given(st.integers(20, 3000), st.integers(20, 3000), st.integers(2, 5))
def test_tiles_cover_the_frame_are_of_one_size_and_overlap(width, height, count):
    tiles = tiles_of(width, height, count)
    assert len(tiles) == count**2
    assert len({(x2 - x1, y2 - y1) for x1, y1, x2, y2 in tiles}) == 1
    assert tiles.min(0)[:2].tolist() == [0, 0]
    assert tiles.max(0)[2:].tolist() == [width, height]
    for low, high in ((0, 2), (1, 3)):
        spans = sorted({(row[low], row[high]) for row in tiles.tolist()})
        shared = [(end - start) / (end - begin) for (begin, end), (start, _) in itertools.pairwise(spans)]
        assert min(shared) > 0.25 - 3 / (tiles[0, high] - tiles[0, low])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 3))
def test_everybody_is_found_once_small_or_large(seed, count):
    rng = np.random.default_rng(seed)
    frame, truth = np.zeros((360, 480, 3), np.uint8), []
    for _ in range(6):
        height = int(rng.integers(26, 31) if rng.random() < 0.8 else rng.integers(90, 250))
        x, y = int(rng.integers(0, 480 - height // 2)), int(rng.integers(0, 360 - height))
        box = (x, y, x + height // 2, y + height)
        if not frame[max(0, y - 2) : y + height + 2, max(0, x - 2) : x + height // 2 + 2].any():
            frame[y : y + height, x : x + height // 2] = 255
            truth.append(box)
    detector = TiledDetector(Blobs(least=9), DetectConfig(tiles=count))
    ((tag, image, found),) = detector.stream([("frame", frame)])
    assert (tag, image is frame) == ("frame", True)
    assert len(found) == len(truth)
    overlap = iou(np.array(truth, np.float32), found.boxes_xyxy)
    assert (overlap.max(1) > 0.99).all()
    middle = (found.boxes_xyxy[:, :2] + found.boxes_xyxy[:, 2:]) / 2
    np.testing.assert_allclose(found.keypoints_xyc[:, 3, :2], middle, atol=1e-3)


@pytest.mark.parametrize(("gap", "kept"), [(3, False), (6, True)])
def test_what_ends_near_a_tiles_border_is_cut_by_it_in_pixels_of_the_network(gap, kept):
    """In a large frame the network is off by several pixels of the tile."""
    height, width = 2160, 3840
    config = DetectConfig(tiles=2)
    tiles = tiles_of(width, height, 2)
    inner_px = (tiles[0, 2] - tiles[0, 0]) / config.image_size
    box = np.array([[300, 600, 500, tiles[0, 3] - gap * inner_px]], np.float32)
    nobody = Detections.empty(with_keypoints=False)
    found = [nobody, Detections(box, np.full(1, 0.9, np.float32), None), nobody, nobody, nobody]
    assert len(merge(found, tiles, (height, width, 3), config)) == kept


def test_frames_come_back_in_order_and_empty_ones_have_nobody():
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[40:80, 40:60] = 255
    detector = TiledDetector(Blobs(least=9), DetectConfig(tiles=2))
    empty = np.zeros((0, 0, 3), np.uint8)
    results = list(detector.stream([(0, frame), (1, empty), (2, frame)]))
    assert [(tag, len(found)) for tag, _, found in results] == [(0, 1), (1, 0), (2, 1)]
    assert detector.identifier == "blobs"


def test_the_bundled_detector_finds_more_small_people_in_tiles(short_scene):
    from pipeline.video import find_cameras, open_frames

    with open_frames(find_cameras(short_scene)[0]) as reader:
        frames = [frame.image for frame in reader][:4]
    large = np.vstack([np.hstack(frames[:2]), np.hstack(frames[2:])])
    alone = open_detector("bundled", DetectConfig(score=0.3), threads=1)
    height, width = frames[0].shape[:2]
    truth = []
    for number, (_, _, found) in enumerate(alone.stream(enumerate(frames))):
        truth.append(found.boxes_xyxy + np.tile([number % 2 * width, number // 2 * height], 2).astype(np.float32))
    truth = np.concatenate(truth)
    assert len(truth)
    recall = {}
    for tiles in (1, 2):
        detector = open_detector("bundled", DetectConfig(score=0.3, tiles=tiles), threads=1)
        ((_, _, found),) = detector.stream([(0, large)])
        recall[tiles] = (iou(truth, found.boxes_xyxy).max(1, initial=0) > 0.5).mean()
    assert recall[2] >= recall[1]
    assert recall[2] == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize(
    "wrong", [{"tiles": 0}, {"image_size": -3}, {"score": 1.5}, {"overlap": -0.1}, {"enlarge": 0}, {"batch": 0}]
)
def test_settings_that_cannot_be_are_told(wrong):
    with pytest.raises(SettingError, match=rf"detect.{next(iter(wrong))}: expected .* got"):
        DetectConfig(**wrong)
