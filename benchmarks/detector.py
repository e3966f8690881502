"""The bundled detector beside YOLOX-nano and person-detection-retail-0013, in one run: how much each finds, how fast.

    python -m benchmarks.detector [--rendered 300]

AP50 on the real validation frames, and on rendered ones of a seed and of places that were never trained on (people at
least 60 px tall are asked for, others cost nothing); on these OKS-AP50 of the keypoints as well, those of the pose
network and (`bundled_frame`) those that the detector gives with the box. Precision and recall on the labelled frames of
pose2sim-multi at IoU 0.5, at a score of 0.5. Speed: one network after the other over the same input size, two
single-threaded requests at a time, pictures in memory; and the pose network, for one person more.
"""

import csv
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from rich.progress import track

from benchmarks.realism.__main__ import JUDGES
from benchmarks.realism.judges import RetailDetector, YoloxNano
from benchmarks.record import write_result
from core.boxes import iou
from core.pose_crop import HEIGHT_PX, WIDTH_PX
from core.quiet import hush
from evaluation.detection import average_precision, ignore_small, parse_labels, read_truth
from evaluation.keypoints import has_joints, keypoint_precision
from pipeline.detect import DetectConfig, open_detector
from pipeline.detect.pose import TOGETHER
from pipeline.video import find_cameras, open_frames
from synth.frames.labels import label_line
from synth.frames.picture import FramesConfig, photograph
from synth.scene.textures import Textures
from synth.scene.truth import PersonTruth

hush()

import openvino as ov  # noqa: E402

DATA = JUDGES.parent
SEED, LEAST_PX, LEAST_VISIBLE = 80, 60.0, 0.25
SURE = 0.5
SPEED_SIDE, ROUNDS, PICTURES = 416, 7, 60

Find = Callable[[np.ndarray], tuple[np.ndarray, ...]]  # boxes, scores, and keypoints where there are any


def bundled(pose: str = "auto") -> Find:
    """The bundled detector as a function of one picture; pose as in DetectConfig."""
    detector = open_detector("bundled", DetectConfig(score=0.01, pose=pose), "cpu")

    def find(image_bgr: np.ndarray) -> tuple[np.ndarray, ...]:
        ((_, _, found),) = detector.stream([(0, image_bgr)])
        if found.keypoints_xyc is None:
            return found.boxes_xyxy, found.scores
        return found.boxes_xyxy, found.scores, found.keypoints_xyc

    return find


def real(finders: dict[str, Find]) -> dict[str, dict[str, float]]:
    """AP50 by group of the validation frames."""
    folder = DATA / "person-images" / "val"
    truth, found = read_truth(folder), {name: [] for name in finders}  # type: dict[str, Any]
    for row in track(truth, "real frames"):
        image = cv2.imread(str(folder / "images" / row["file_name"]))
        _note(finders, found, row["file_name"], image)
    return {
        group: _scores([row for row in truth if row["file_name"].startswith(group)], found)
        for group in ("office", "street")
    }


def rendered(finders: dict[str, Find], count: int) -> dict[str, dict[str, float]]:
    """AP50 on rendered frames, and OKS-AP50 of those that find keypoints."""
    config, truth, found = FramesConfig(seed=SEED), [], {name: [] for name in finders}  # type: Any
    for number in track(range(count), "rendered frames"):
        data, people = photograph(config, number, Textures())
        name = f"{number:06d}.jpg"
        truth.append({"file_name": name, "width": config.size[0], "height": config.size[1]} | _truth(config, people))
        _note(finders, found, name, cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
    truth = ignore_small(truth, LEAST_PX)
    keypoints = {
        name: round(keypoint_precision(truth, rows)["OKS-AP50"], 4)
        for name, rows in found.items()
        if has_joints(truth, rows)
    }
    return {"AP50": _scores(truth, found), "OKS-AP50": keypoints}


def _truth(config: FramesConfig, people: list[PersonTruth]) -> dict[str, np.ndarray]:
    """Boxes and keypoints in px of those who can be seen; those hardly seen need not be found."""
    people = [person for person in people if np.isfinite(person.visible_xyxy).all()]
    boxes, keypoints = parse_labels([label_line(person, config.size) for person in people], *config.size)
    clear = np.array([person.visibility >= LEAST_VISIBLE for person in people], bool)
    return {"boxes_xywh": boxes[clear], "keypoints_xyv": keypoints[clear], "ignored_xywh": boxes[~clear]}


def _note(finders: dict[str, Find], found: dict[str, list[Any]], name: str, image: np.ndarray | None) -> None:
    assert image is not None, name
    for finder, find in finders.items():
        boxes, scores, *keypoints = find(image)
        row = {"file_name": name, "boxes_xyxy": boxes.tolist(), "scores": scores.tolist()}
        found[finder].append(row | {"keypoints_xyc": keypoints[0].tolist() if keypoints else None})


def _scores(truth: list[dict[str, Any]], found: dict[str, list[Any]]) -> dict[str, float]:
    return {name: round(average_precision(truth, rows)["AP50"], 4) for name, rows in found.items()}


def labelled_video(finders: dict[str, Find]) -> dict[str, dict[str, float]]:
    """Precision and recall over the labelled frames of pose2sim-multi."""
    folder = DATA / "videos" / "pose2sim-multi"
    truth: dict[tuple[str, int], list[list[float]]] = defaultdict(list)
    with (folder / "identities.csv").open() as file:
        for row in csv.DictReader(file):
            truth[row["camera"], int(row["frame"])].append([float(row[k]) for k in ("x1", "y1", "x2", "y2")])
    right, said = dict.fromkeys(finders, 0), dict.fromkeys(finders, 0)
    for camera in find_cameras(folder):
        with open_frames(camera) as reader:
            for frame in reader:
                boxes = np.array(truth.get((camera.id, frame.index), []))
                if not len(boxes):
                    continue
                for name, find in finders.items():
                    found, scores, *_ = find(frame.image)
                    found = found[scores >= SURE]
                    said[name] += len(found)
                    right[name] += int((iou(boxes, found) >= 0.5).any(axis=1).sum()) if len(found) else 0
    asked = sum(len(boxes) for boxes in truth.values())
    return {
        name: {"precision": round(right[name] / max(1, said[name]), 4), "recall": round(right[name] / asked, 4)}
        for name in finders
    }


def speed() -> dict[str, float]:
    """Median ms of the networks alone: per picture of SPEED_SIDE × SPEED_SIDE (boxes and keypoints, or boxes), and per
    person whose joints the pose network looks for.
    """
    models = Path(__file__).parents[1] / "models"
    files = {
        "bundled": (models / "detector" / "detector.xml", (1, 3, SPEED_SIDE, SPEED_SIDE)),
        "yolox_nano": (JUDGES / "yolox_nano.onnx", (1, 3, SPEED_SIDE, SPEED_SIDE)),
        "bundled_per_person": (models / "pose" / "pose.xml", (TOGETHER, 3, HEIGHT_PX, WIDTH_PX)),
    }
    networks = {}
    for name, (path, shape) in files.items():
        model = ov.Core().read_model(path)
        model.reshape(list(shape))
        options = {"NUM_STREAMS": 2, "INFERENCE_NUM_THREADS": 2, "INFERENCE_PRECISION_HINT": "f32"}
        networks[name] = ov.Core().compile_model(model, "CPU", options)
    spent: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(ROUNDS):  # in turns: what else the machine does hits all
        for name, network in networks.items():
            shape = files[name][1]
            picture = np.random.default_rng(0).random(shape, np.float32)
            queue = ov.AsyncInferQueue(network, 3)
            begin = time.perf_counter()
            for _ in range(PICTURES):
                queue.start_async({0: picture})
            queue.wait_all()
            spent[name].append(1000 * (time.perf_counter() - begin) / PICTURES / shape[0])
    return {name: round(statistics.median(values), 3) for name, values in spent.items()}


def main(
    frames: Annotated[int, typer.Option("--rendered", help="Rendered frames to score on.")] = 300,
) -> None:
    """Compare the detectors and write results/detector.json."""
    if not DATA.is_dir():
        typer.echo(f"{DATA}: the data is not here; nothing was measured.")
        raise typer.Exit(3)
    finders = {
        "bundled": bundled(),
        "yolox_nano": YoloxNano(JUDGES / "yolox_nano.onnx").find,
        "retail_0013": RetailDetector(JUDGES / "person-detection-retail-0013.xml").find,
    }
    content: dict[str, Any] = {"image_size": DetectConfig.image_size, "AP50": real(finders)}
    on_rendered = rendered(finders | {"bundled_frame": bundled("frame")}, frames)
    content["AP50"]["rendered"] = on_rendered["AP50"]
    content["OKS-AP50"] = {"rendered": on_rendered["OKS-AP50"]}
    content["pose2sim_at_score_0.5"] = labelled_video(finders)
    content["ms_per_picture_416"] = speed()
    for name, value in content["AP50"].items():
        typer.echo(f"AP50 {name}: {value}")
    for name in ("OKS-AP50", "pose2sim_at_score_0.5", "ms_per_picture_416"):
        typer.echo(f"{name}: {content[name]}")
    typer.echo(f"written to {write_result('detector', content)}")


if __name__ == "__main__":
    typer.run(main)
