"""`python -m pipeline detect IMAGES --output D.json`: any detector alone over a folder of images."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import orjson
import typer

from core.errors import InputError, ThroughlineError
from pipeline.detect.config import DetectConfig
from pipeline.detect.open import open_detector
from pipeline.device import choose_device
from pipeline.export.whole import whole_file
from pipeline.video.source import IMAGE_SUFFIXES


def detect(
    images: Annotated[Path, typer.Argument(help="A folder of images.")],
    output: Annotated[Path, typer.Option(help="The JSON file to write.")],
    detector: Annotated[str, typer.Option(help="As in run_pipeline.py.")] = "bundled",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    score: Annotated[float, typer.Option(help="Drop boxes below this score.")] = 0.01,
    image_size: Annotated[int, typer.Option(help="Longer side in px, a multiple of 32.")] = DetectConfig.image_size,
    tiles: Annotated[int, typer.Option(min=1, help="Look at so many × so many tiles too.")] = DetectConfig.tiles,
) -> None:
    """Find people in a folder of images and write boxes, scores and keypoints as JSON."""
    try:
        paths = sorted(p for p in images.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES) if images.is_dir() else []
        if not paths:
            raise InputError(
                f"{images}: no images found. Expected a folder of {', '.join(s[1:] for s in IMAGE_SUFFIXES)}."
            )
        config = DetectConfig(score=score, image_size=image_size, tiles=tiles)
        finder = open_detector(detector, config, choose_device(device))
        found = [
            {
                "file_name": path.name,
                "boxes_xyxy": result.boxes_xyxy.round(2).tolist(),
                "scores": result.scores.round(5).tolist(),
                "keypoints_xyc": None if result.keypoints_xyc is None else result.keypoints_xyc.round(3).tolist(),
            }
            for path, _, result in finder.stream(_pictures(paths))
        ]
        with whole_file(output) as temporary:
            temporary.write_bytes(orjson.dumps(found))
    except ThroughlineError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(3) from None
    typer.echo(f"{output}: {sum(len(row['scores']) for row in found)} people in {len(found)} images")


def _pictures(paths: list[Path]) -> Iterator[tuple[Path, np.ndarray]]:
    for path in paths:
        image = cv2.imread(str(path))
        if image is None:
            typer.echo(f"warning: {path}: not an image, or damaged; left out", err=True)
            continue
        yield path, image
