"""The pose network's training set: a crop of every person in frames with Ultralytics pose labels.

    python -m models.pose.dataset --rendered build/frames/train --real build/detector/data --output build/pose/train

Crops are cut with room around the network's window, for turning and moving them. In rendered frames it is
known which joints can be seen; in real ones a label says where the teacher is sure a joint is, and no more.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.progress import track

from core.errors import InputError
from core.keypoints import COUNT
from core.pose_crop import CONTEXT, cut, windows
from evaluation.detection import parse_labels

ROOM = 1.5  # side of what is kept over that of the network's window
KEPT_HEIGHT_PX, KEPT_WIDTH_PX = 192, 144
LEAST_PX = 32.0  # shorter people are left out
LEAST_JOINTS = 4  # as are those with fewer labelled joints


def people(folder: Path, split: str) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Picture, box (4,) xyxy px and joints (17, 3) x, y px, v of each person of `folder`, one of whom is enough.

    Raises InputError where there are no pictures or one cannot be read.
    """
    images = sorted((folder / "images" / split).glob("*.jpg"))
    if not images:
        raise InputError(f"{folder / 'images' / split}: expected pictures (.jpg), found none.")
    for path in track(images, description=str(folder), transient=True):
        image = cv2.imread(str(path))
        if image is None:
            raise InputError(f"{path}: not an image, or damaged.")
        labels = folder / "labels" / split / f"{path.stem}.txt"
        lines = [line for line in labels.read_text().splitlines() if line.strip()]
        for box, joints in zip(*parse_labels(lines, image.shape[1], image.shape[0]), strict=True):
            if box[3] >= LEAST_PX and (joints[:, 2] > 0).sum() >= LEAST_JOINTS:
                yield image, np.concatenate([box[:2], box[:2] + box[2:]]), joints


def kept(image: np.ndarray, box: np.ndarray, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The crop with room, and the box (4,) and joints (17, 3) in its pixels."""
    window = windows(box[None], CONTEXT * ROOM)[0]
    scale = KEPT_HEIGHT_PX / window[2]
    shift = np.array([KEPT_WIDTH_PX, KEPT_HEIGHT_PX]) / 2 - scale * window[:2]
    moved = np.concatenate([joints[:, :2] * scale + shift, joints[:, 2:]], 1)
    crop = cut(image, window, KEPT_HEIGHT_PX, KEPT_WIDTH_PX)
    return crop, (box.reshape(2, 2) * scale + shift).ravel(), moved


def main(
    output: Annotated[Path, typer.Option(help="Folder to write crops.npy and labels.npz into.")],
    rendered: Annotated[list[Path] | None, typer.Option(help="Written by `synth frames`; repeatable.")] = None,
    real: Annotated[Path | None, typer.Option(help="Written by models.detector.dataset.")] = None,
) -> None:
    """Cut the crops."""
    sources = [(folder, "", True) for folder in rendered or []] + ([(real, "train", False)] if real else [])
    crops, boxes, joints, certain = [], [], [], []
    for folder, split, known in sources:
        for person in people(folder, split):
            crop, box, places = kept(*person)
            crops.append(crop)
            boxes.append(box)
            joints.append(places)
            certain.append(known)
    output.mkdir(parents=True, exist_ok=True)
    np.save(output / "crops.npy", np.array(crops, np.uint8).reshape(-1, KEPT_HEIGHT_PX, KEPT_WIDTH_PX, 3))
    np.savez(
        output / "labels.npz",
        boxes_xyxy=np.array(boxes, np.float32).reshape(-1, 4),
        joints_xyv=np.array(joints, np.float32).reshape(-1, COUNT, 3),
        certain=np.array(certain, bool),
    )
    typer.echo(f"{output}: {len(crops)} people, {sum(certain)} of them rendered")


if __name__ == "__main__":
    typer.run(main)
