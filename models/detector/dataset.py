"""The detector's training set: real frames with keypoints added by the teacher, beside rendered frames from `synth`.

    python -m models.detector.dataset --real ../shared/data/person-images --teacher MOVENET --output build/detector/data

Written as an Ultralytics pose set (images/, labels/, data.yaml). Real images are linked, not copied. Nothing of the
validation split is read for training; it is linked beside it for scoring.
"""

import os
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
import yaml
from rich.progress import track

from core.errors import InputError
from models.detector.teacher import MIRROR, MoveNetTeacher

SMALL = 0.25  # of the picture's height


def read_boxes(label_file: Path, width: int, height: int) -> np.ndarray:
    """Boxes (N, 4) xyxy px of a YOLO label file (class, cx, cy, w, h over the image's size); (0, 4) if empty."""
    rows = np.loadtxt(label_file, ndmin=2, dtype=np.float64) if label_file.stat().st_size else np.zeros((0, 5))
    centre, size = rows[:, 1:3] * (width, height), rows[:, 3:5] * (width, height)
    return np.concatenate([centre - size / 2, centre + size / 2], 1)


def write_pose_labels(path: Path, boxes_xyxy: np.ndarray, keypoints: np.ndarray, width: int, height: int) -> None:
    """Write boxes (N, 4) px and keypoints (N, 17, 3) px as an Ultralytics label file (0 unlabelled, 2 visible)."""
    lines = []
    for box, joints in zip(boxes_xyxy, keypoints, strict=True):
        x1, y1, x2, y2 = np.clip(box, 0, (width, height, width, height))
        values = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height]
        for x, y, labelled in joints:
            values += [x / width, y / height, 2] if labelled else [0, 0, 0]
        lines.append("0 " + " ".join(f"{v:.5f}".rstrip("0").rstrip(".") for v in values))
    path.write_text("\n".join(lines) + "\n" if lines else "")


def add_split(source: Path, output: Path, split: str, teacher: MoveNetTeacher | None) -> int:
    """Link the images of `source` into `output`/images/`split`, write their labels; returns how many were taken."""
    images = sorted((source / "images").iterdir())
    for kind in ("images", "labels"):
        (output / kind / split).mkdir(parents=True, exist_ok=True)
    for path in track(images, description=f"{split}: keypoints on {source.name}", transient=True):
        link = output / "images" / split / path.name
        if not link.exists():
            os.symlink(path.resolve(), link)
        label_file = output / "labels" / split / f"{path.stem}.txt"
        if label_file.exists():
            continue
        image = cv2.imread(str(path))
        if image is None:
            raise InputError(f"{path}: not an image, or damaged. Copy the set again.")
        height, width = image.shape[:2]
        boxes = read_boxes(source / "labels" / f"{path.stem}.txt", width, height)
        keypoints = teacher.label(image, boxes) if teacher else np.zeros((len(boxes), 17, 3))
        write_pose_labels(label_file, boxes, keypoints, width, height)
    return len(images)


def write_small(output: Path) -> None:
    """small.txt of `output`: the training pictures of people less tall than SMALL of the picture, to be seen often.

    They are what a detector of the real frames misses most, and few (repeat factor sampling, Gupta et al. 2019, LVIS).
    """
    listed = []
    for path in sorted((output / "images" / "train").iterdir()):
        lines = (output / "labels" / "train" / f"{path.stem}.txt").read_text().splitlines()
        if any(float(line.split()[4]) < SMALL for line in lines if line.strip()):
            listed.append(f"{path.absolute()}\n")
    (output / "small.txt").write_text("".join(listed))


def write_data_yaml(output: Path, train: list[str]) -> Path:
    """The data.yaml Ultralytics reads; `train`: folders or lists of images, relative to `output`; twice is twice."""
    path = output / "data.yaml"
    content = {
        "path": str(output.resolve()),
        "train": train,
        "val": "images/val",
        "kpt_shape": [17, 3],
        "flip_idx": MIRROR.tolist(),
        "names": {0: "person"},
    }
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def main(
    real: Annotated[Path, typer.Option(help="Folder with train/ and val/, each with images/ and labels/.")],
    teacher: Annotated[Path, typer.Option(help="MoveNet Lightning, the TFLite file.")],
    output: Annotated[Path, typer.Option(help="Where the set is written.")] = Path("build/detector/data"),
    rendered: Annotated[
        list[Path] | None, typer.Option(help="Frames made by `python -m synth frames`; repeatable.")
    ] = None,
    times: Annotated[int, typer.Option(min=1, help="How often an epoch sees the real frames.")] = 1,
    small_times: Annotated[int, typer.Option(min=0, help="How often more, those of small people.")] = 0,
) -> None:
    """Label the real frames and write the training set."""
    labeller = MoveNetTeacher(teacher)
    taken = {split: add_split(real / split, output, split, labeller) for split in ("train", "val")}
    write_small(output)
    folders = ["images/train"] * times + ["small.txt"] * small_times
    folders += [str((folder / "images").resolve()) for folder in rendered or []]
    write_data_yaml(output, folders)
    typer.echo(f"{output}: {taken['train']} training frames, {taken['val']} validation frames")


if __name__ == "__main__":
    typer.run(main)
