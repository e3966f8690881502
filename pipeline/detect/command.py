"""`python -m pipeline detect IMAGES --output D.json`: any detector alone over a folder of images."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from core.errors import InputError
from core.pictures import IMAGE_SUFFIXES, read_bgr
from core.whole import whole_file
from pipeline.detect.config import DetectConfig
from pipeline.detect.open import open_detector
from pipeline.device import choose_device


def detect(
    images: Annotated[Path, typer.Argument(help="A folder of images.")],
    output: Annotated[Path, typer.Option(help="The JSON file to write.")],
    detector: Annotated[str, typer.Option(help="As in run_pipeline.py.")] = "bundled",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    score: Annotated[float, typer.Option(help="Drop boxes below this score.")] = 0.01,
    image_size: Annotated[int, typer.Option(help="Longer side in px, a multiple of 32.")] = DetectConfig.image_size,
    tiles: Annotated[int, typer.Option(min=1, help="Look at so many × so many tiles too.")] = DetectConfig.tiles,
    pose: Annotated[str, typer.Option(help="Whose joints: auto, crop or frame.")] = DetectConfig.pose,
) -> None:
    """Find people in a folder of images and write boxes, scores and keypoints as JSON."""
    config = DetectConfig(score=score, image_size=image_size, tiles=tiles, pose=pose)
    finder = open_detector(detector, config, choose_device(device))
    found: list[dict[str, Any]] = [
        {
            "file_name": path.name,
            "boxes_xyxy": _rounded(result.boxes_xyxy, 2),
            "scores": _rounded(result.scores, 5),
            "keypoints_xyc": None if result.keypoints_xyc is None else _rounded(result.keypoints_xyc, 3),
        }
        for path, _, result in finder.stream(_pictures(_image_files(images)))
    ]
    if not found:
        raise InputError(f"{images}: none of the images can be read. Copy the folder again.")
    with whole_file(output) as temporary:
        temporary.write_text(json.dumps(found, separators=(",", ":")), encoding="utf-8")
    typer.echo(f"{output}: {sum(len(row['scores']) for row in found)} people in {len(found)} images")


def _image_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"{folder}: {'not a folder' if folder.exists() else 'no such folder'}. Give one with images.")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    if not paths:
        raise InputError(f"{folder}: no images found. Expected a folder of {', '.join(s[1:] for s in IMAGE_SUFFIXES)}.")
    return paths


def _pictures(paths: list[Path]) -> Iterator[tuple[Path, np.ndarray]]:
    for path in paths:
        try:
            image = read_bgr(path)
        except InputError:
            typer.echo(f"warning: {path}: not an image, or damaged; left out", err=True)
            continue
        yield path, image


def _rounded(values: np.ndarray, digits: int) -> list[Any]:
    """Rounded as float64: a rounded float32 is written with all its digits."""
    return values.astype(np.float64).round(digits).tolist()
