"""The benchmark's simulated detections: what is hidden is missed, and the rest lies where people are."""

import numpy as np

from benchmarks.simulated import View, detections, write_mot
from trackers import mot_files


def view(visibility: float, frames: int = 200) -> View:
    box = np.array([[100.0, 100, 180, 300]])
    return View("c", 640, 360, 12.5, (np.array([4]),) * frames, (box,) * frames, (np.array([visibility]),) * frames)


def near(found: list[tuple[np.ndarray, np.ndarray]]) -> int:
    return sum(bool((np.abs(boxes - [100, 100, 180, 300]).max(axis=1, initial=0) < 25).any()) for boxes, _ in found)


def test_the_visible_are_found_and_the_hidden_are_not():
    assert near(detections(view(1.0), 3)) > 180
    assert 40 < near(detections(view(0.3), 3)) < 160
    assert near(detections(view(0.05), 3)) == 0


def test_the_same_seed_finds_the_same():
    one, same, other = (detections(view(0.6), seed) for seed in (3, 3, 4))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(one, same, strict=True))
    assert not all(np.array_equal(a[0], b[0]) for a, b in zip(one, other, strict=True))


def test_a_written_sequence_is_read_as_it_was(tmp_path):
    shown = view(0.8, frames=30)
    found = detections(shown, 1)
    write_mot(shown, found, tmp_path / "s")
    sequence = mot_files.read(tmp_path / "s")
    assert (sequence.width, sequence.height, sequence.frame_rate) == (640, 360, 12.5)
    assert len(sequence.frames) == 30
    for frame, (boxes, _) in zip(sequence.frames, found, strict=True):
        assert np.allclose(frame.boxes_xyxy, boxes, atol=0.02)
