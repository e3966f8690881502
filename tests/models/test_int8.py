"""The detector in integers finds the people that it finds in floating point."""

from pathlib import Path

import cv2
import pytest

from core.errors import InputError, WeightsError
from models.detector.int8 import quantize
from pipeline.video import find_cameras, open_frames

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = ROOT / "models" / "detector" / "detector.xml"


@pytest.fixture
def frames(tmp_path: Path) -> list[Path]:
    """Twelve frames of the demo, without labels."""
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    camera = find_cameras(ROOT / "examples" / "demo")[0]
    with open_frames(camera) as reader:
        for frame in reader:
            if frame.index % 10 == 0:
                cv2.imwrite(str(tmp_path / "images" / f"{frame.index:04d}.png"), frame.image)
                (tmp_path / "labels" / f"{frame.index:04d}.txt").write_text("")
            if frame.index == 110:
                break
    return sorted((tmp_path / "images").iterdir())


def test_integers_find_the_same_people(tmp_path: Path, frames: list[Path]) -> None:
    parity = quantize(BUNDLED, frames, 416, tmp_path / "out" / "small.xml")
    assert parity.people > 5
    assert parity.found > 0.9
    assert parity.overlap > 0.85
    assert parity.score < 0.15
    assert 0 < parity.joints < 0.1
    weights = (tmp_path / "out" / "small.bin").stat().st_size
    assert weights < 0.8 * BUNDLED.with_suffix(".bin").stat().st_size


def test_without_frames_it_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--calibration"):
        quantize(BUNDLED, [], 416, tmp_path / "small.xml")


def test_a_file_that_is_no_network_is_refused(tmp_path: Path, frames: list[Path]) -> None:
    (tmp_path / "broken.xml").write_text("<net/>")
    with pytest.raises(WeightsError, match="Export the network first"):
        quantize(tmp_path / "broken.xml", frames, 416, tmp_path / "small.xml")
