"""Detections that a fair detector might give, made from a rendered scene's truth: misses, jitter, clutter, doubles.

As `mot17-sim` does it: what is hidden is missed, the errors of one person's boxes change slowly, scores fall with what
is hidden. So that trackers are compared on many scenes without a detector in between.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class View:
    """What one camera of a scene has in view.

    Of each frame the people: ids (M,), boxes_xyxy (M, 4) cut at the picture, what is hidden included, visibility (M,).
    """

    name: str
    width: int
    height: int
    fps: float
    ids: tuple[np.ndarray, ...]
    boxes_xyxy: tuple[np.ndarray, ...]
    visibility: tuple[np.ndarray, ...]


def views(scene: Path) -> list[View]:
    """The cameras of a scene that `python -m synth scene` wrote."""
    truth = json.loads((scene / "truth" / "truth.json").read_text(encoding="utf-8"))
    found = []
    for name, camera in truth["cameras"].items():
        size = (camera["width"], camera["height"])
        ids, boxes, visibility = [], [], []
        for frame in camera["frames"]:
            box = np.array([person["full_xyxy"] for person in frame["people"]], np.float64).reshape(-1, 4)
            box = np.clip(box, 0, [*size, *size])
            inside = ((box[:, 2:] - box[:, :2]) > 2).all(axis=1)
            boxes.append(box[inside])
            ids.append(np.array([person["id"] for person in frame["people"]], int)[inside])
            visibility.append(np.array([person["visibility"] for person in frame["people"]], float)[inside])
        found.append(View(name, *size, camera["fps"], tuple(ids), tuple(boxes), tuple(visibility)))
    return found


def detections(view: View, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each frame the boxes (D, 4) and scores (D,) that are found. The same seed finds the same."""
    rng = np.random.default_rng(seed)
    drift: dict[int, np.ndarray] = {}
    found = []
    for ids, boxes, visibility in zip(view.ids, view.boxes_xyxy, view.visibility, strict=True):
        kept, scores = [], []
        for person, box, seen in zip(ids.tolist(), boxes, visibility.tolist(), strict=True):
            before = drift.get(person, rng.normal(0, 1, 4))
            drift[person] = 0.8 * before + 0.6 * rng.normal(0, 1, 4)
            if rng.random() > 0.97 * np.clip((seen - 0.1) / 0.4, 0, 1):
                continue
            size = np.tile(box[2:] - box[:2], 2)
            score = float(np.clip(0.25 + 0.65 * seen + rng.normal(0, 0.08), 0.05, 0.98))
            kept.append(box + drift[person] * 0.03 * size)
            scores.append(score)
            if rng.random() < 0.02:  # a double, lower and off
                kept.append(box + rng.normal(0, 0.08, 4) * size)
                scores.append(0.5 * score)
        if rng.random() < 0.1:  # clutter
            tall = rng.uniform(0.15, 0.5) * view.height
            x, y = rng.uniform(0, [view.width - 0.4 * tall, view.height - tall])
            kept.append(np.array([x, y, x + 0.4 * tall, y + tall]))
            scores.append(float(rng.uniform(0.1, 0.45)))
        found.append((np.array(kept).reshape(-1, 4), np.array(scores)))
    return found


def write_mot(view: View, found: list[tuple[np.ndarray, np.ndarray]], folder: Path) -> None:
    """One sequence in the manner of MOTChallenge: seqinfo.ini, gt/gt.txt, det/det.txt."""
    (folder / "gt").mkdir(parents=True, exist_ok=True)
    (folder / "det").mkdir(exist_ok=True)
    truth = [
        f"{frame},{person},{_ltwh(box)},1,1,{seen:.3f}\n"
        for frame, (ids, boxes, visibility) in enumerate(
            zip(view.ids, view.boxes_xyxy, view.visibility, strict=True), 1
        )
        for person, box, seen in zip(ids, boxes, visibility, strict=True)
    ]
    det = [
        f"{frame},-1,{_ltwh(box)},{score:.3f}\n"
        for frame, (boxes, scores) in enumerate(found, 1)
        for box, score in zip(boxes, scores, strict=True)
    ]
    (folder / "gt" / "gt.txt").write_text("".join(truth), encoding="ascii")
    (folder / "det" / "det.txt").write_text("".join(det), encoding="ascii")
    (folder / "seqinfo.ini").write_text(
        f"[Sequence]\nname={folder.name}\nframeRate={view.fps:g}\nseqLength={len(view.ids)}\n"
        f"imWidth={view.width}\nimHeight={view.height}\n",
        encoding="ascii",
    )


def _ltwh(box: np.ndarray) -> str:
    return ",".join(f"{value:.2f}" for value in (box[0], box[1], box[2] - box[0], box[3] - box[1]))
