"""Networks trained on real people judge our rendered ones, on seeds that nothing was trained or tuned on.

    python -m benchmarks.realism [--frames 2000] [--identities 300] [--workers 1]

Detection: YOLOX-nano's AP50 on people at least 60 px tall and half visible; others are neither asked for nor counted
against it. Pose: PCK of MoveNet Lightning on the same people, at a fifth of the torso (shoulder to opposite hip), over
joints that are visible; MoveNet looks for one person, so people whose box no other touches are counted apart as well.
ReID: rank-1 between cameras, one query for each identity and camera, gallery all other cameras, of two networks and of
colour histograms.
"""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from rich.progress import track

from benchmarks.realism.judges import RetailReid, YoloxNano, colour_stripes
from benchmarks.realism.rendered import SEED, pictures
from benchmarks.record import write_result
from core.boxes import intersection_px
from evaluation.detection import average_precision
from models.detector.teacher import MoveNetTeacher
from synth.crops import CropsConfig, open_crops, write_crops
from synth.frames.labels import label_box
from synth.frames.picture import FramesConfig
from synth.scene.truth import PersonTruth, Seen

JUDGES = Path(__file__).resolve().parents[3] / "shared" / "data" / "weights"
LEAST_PX, LEAST_VISIBLE = 60.0, 0.5
PCK_AT = 0.2
SHOULDERS, HIPS = (5, 6), (11, 12)
CAMERAS = 6


def judged(truth: PersonTruth, size: tuple[int, int]) -> bool:
    """Whether somebody is tall and visible enough to be asked for."""
    box = label_box(truth, size)
    return truth.visibility >= LEAST_VISIBLE and box[3] - box[1] >= LEAST_PX


def stands_alone(person: PersonTruth, people: list[PersonTruth]) -> bool:
    """Whether nobody else's visible box touches this one's."""
    others = [other.visible_xyxy for other in people if other is not person and np.isfinite(other.visible_xyxy).all()]
    return not others or not intersection_px(person.visible_xyxy[None], np.array(others)).any()


def pck(found: np.ndarray, joints_px: np.ndarray, visible: np.ndarray) -> tuple[int, int]:
    """How many `visible` joints (17,) `found` (17, 3) has within a fifth of the torso of `joints_px` (17, 2), of how
    many there are."""
    x = joints_px
    torso = max(np.linalg.norm(x[SHOULDERS[0]] - x[HIPS[1]]), np.linalg.norm(x[SHOULDERS[1]] - x[HIPS[0]]))
    near = np.linalg.norm(found[:, :2] - x, axis=1) <= PCK_AT * torso
    return int((near & visible).sum()), int(visible.sum())


def judge_frames(count: int, workers: int) -> dict[str, Any]:
    """AP50 of YOLOX-nano and PCK of MoveNet on `count` pictures."""
    detector, poser = YoloxNano(JUDGES / "yolox_nano.onnx"), MoveNetTeacher(
        JUDGES / "movenet_singlepose_lightning_int8_4.tflite"
    )  # fmt: skip
    size = FramesConfig().size
    truth, found = [], []
    near, joints = {"everybody": 0, "alone": 0}, {"everybody": 0, "alone": 0}
    for number, (data, people) in enumerate(track(pictures(count, workers), "frames", total=count)):
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        asked = [person for person in people if judged(person, size)]
        others = [p for p in people if not judged(p, size) and np.isfinite(p.visible_xyxy).all()]
        name = f"{number:06d}.jpg"
        truth.append({"file_name": name, "width": size[0], "height": size[1], "boxes_xywh": _xywh(asked, size),
                      "ignored_xywh": _xywh(others, size)})  # fmt: skip
        boxes, scores = detector.find(image)
        found.append({"file_name": name, "boxes_xyxy": boxes.tolist(), "scores": scores.tolist()})
        for person in asked:
            guess = poser.guess(image, label_box(person, size))
            right, seen = pck(guess, person.joints_px, person.joints_seen == Seen.VISIBLE)
            for group in ("everybody", "alone") if stands_alone(person, people) else ("everybody",):
                near[group] += right
                joints[group] += seen
    return {
        "frames": count, "people": sum(len(row["boxes_xywh"]) for row in truth),
        "yolox_nano_AP50": round(average_precision(truth, found)["AP50"], 4),
        "movenet_PCK": round(near["everybody"] / joints["everybody"], 4), "joints": joints["everybody"],
        "movenet_PCK_alone": round(near["alone"] / joints["alone"], 4), "joints_alone": joints["alone"],
    }  # fmt: skip


def _xywh(people: list[PersonTruth], size: tuple[int, int]) -> np.ndarray:
    boxes = np.array([label_box(person, size) for person in people]).reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)


def rank_one(vectors: np.ndarray, identity: np.ndarray, camera: np.ndarray) -> float:
    """Share of queries whose nearest crop from another camera shows the same person."""
    distance = np.linalg.norm(vectors, axis=1)[:, None] ** 2 - 2 * vectors @ vectors.T
    distance = distance.T + (np.linalg.norm(vectors, axis=1) ** 2)[:, None]
    _, queries = np.unique(np.stack([identity, camera]), axis=1, return_index=True)
    right = []
    for query in queries:
        row = np.where(camera == camera[query], np.inf, distance[query])
        right.append(identity[int(row.argmin())] == identity[query])
    return float(np.mean(right))


def judge_crops(identities: int, workers: int) -> dict[str, Any]:
    """PCK of MoveNet on ReID crops, and rank-1 between six cameras of two ReID networks and of colours."""
    config = CropsConfig(
        identities, 2 * CAMERAS, SEED, 256, cameras=CAMERAS, fewest_cameras=CAMERAS, most_cameras=CAMERAS
    )
    with tempfile.TemporaryDirectory() as scratch:
        write_crops(Path(scratch) / "crops", config, workers)
        crops = open_crops(Path(scratch) / "crops")
        images = [np.array(crops.image(n)) for n in range(len(crops))]
        identity, camera = crops.labels("identity"), crops.labels("camera")
        keypoints = crops.labels("keypoints_xyc")
    scores: dict[str, Any] = {"identities": identities, "crops": len(images)}
    poser = MoveNetTeacher(JUDGES / "movenet_singlepose_lightning_int8_4.tflite")
    whole = np.array([0, 0, images[0].shape[1], images[0].shape[0]], float)
    counts = [
        pck(poser.guess(image, whole), joints[:, :2], joints[:, 2] > 0)
        for image, joints in zip(images, keypoints, strict=True)
    ]
    near, seen = np.sum(counts, axis=0)
    scores |= {"movenet_PCK": round(float(near / seen), 4), "joints": int(seen)}
    for name in ("0277", "0288"):
        network = RetailReid(JUDGES / f"person-reidentification-retail-{name}.xml")
        scores[f"retail_{name}_rank1"] = round(rank_one(network.embed(images), identity, camera), 4)
    colours = np.stack([colour_stripes(image) for image in images])
    scores["colours_rank1"] = round(rank_one(colours, identity, camera), 4)
    return scores


def main(
    frames: Annotated[int, typer.Option(help="Pictures for detection and pose.")] = 2000,
    identities: Annotated[int, typer.Option(help="People for ReID, twelve crops of each.")] = 300,
    workers: Annotated[int, typer.Option(help="Processes that render.")] = 1,
) -> None:
    """Judge rendered people and write results/realism.json."""
    if not JUDGES.is_dir():
        typer.echo(f"{JUDGES}: the judges are not here; nothing was measured.")
        raise typer.Exit(3)
    content = {
        "seed": SEED,
        "detection_and_pose": judge_frames(frames, workers),
        "reid": judge_crops(identities, workers),
    }
    for name in ("detection_and_pose", "reid"):
        typer.echo(f"{name}: " + "  ".join(f"{key} {value}" for key, value in content[name].items()))
    typer.echo(f"written to {write_result('realism', content)}")


if __name__ == "__main__":
    typer.run(main)
