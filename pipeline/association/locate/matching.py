"""Which box of a camera is whose, frame by frame, and which boxes nobody claims are somebody new."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from core.boxes import iou
from pipeline.association.locate.body import edges
from pipeline.association.locate.config import LocateConfig
from pipeline.association.locate.scene import CameraDetections
from pipeline.association.locate.walker import Gaussian, View, newborn, surprise, update

Boxes = Mapping[str, np.ndarray]  # by camera (N, 4) px
FIRST_GUESS_M = 3.0  # how far before a camera its newborn is first looked for


def without_duplicates(boxes_xyxy: np.ndarray, scores: np.ndarray, config: LocateConfig) -> np.ndarray:
    """Rows, best first, of the boxes (N, 4) that score enough and overlap no better one by `duplicate_iou`."""
    kept: list[int] = []
    overlap = iou(boxes_xyxy, boxes_xyxy)
    for row in np.argsort(-scores, kind="stable"):
        if scores[row] >= config.least_score and not (overlap[row, kept] >= config.duplicate_iou).any():
            kept.append(int(row))
    return np.array(kept, np.int64)


def claims(
    states: Sequence[Gaussian], projection: np.ndarray, boxes_xyxy: np.ndarray, config: LocateConfig
) -> list[int]:
    """For each of the states, the row of its box (N, 4) in this camera, −1 for none: the cheapest one-to-one match."""
    claimed = [-1] * len(states)
    if not states or not len(boxes_xyxy):
        return claimed
    cost = np.stack([surprise(state, projection, boxes_xyxy, config) for state in states])
    # A match must be worth more than none: leave-outs cost `gate`.
    for row, column in zip(*linear_sum_assignment(np.minimum(cost, config.gate)), strict=True):
        if cost[row, column] < config.gate:
            claimed[row] = int(column)
    return claimed


def newcomers(
    scene: Mapping[str, CameraDetections], boxes: Boxes, taken: np.ndarray, config: LocateConfig
) -> list[tuple[Gaussian, list[View]]]:
    """People who explain unclaimed boxes of at least `birth_cameras` cameras, the best supported first.

    taken (N, 2): where people already are. Every box is used once.
    """
    free = {name: list(range(len(found))) for name, found in boxes.items()}
    born: list[tuple[Gaussian, list[View]]] = []
    while True:
        best: tuple[tuple[float, float], Gaussian, dict[str, int]] | None = None
        for name, rows in free.items():
            for row in rows:
                state, chosen, cost = _agreement(name, row, scene, boxes, free, config)
                rank = (-float(len(chosen)), cost)
                if len(chosen) >= config.birth_cameras and (best is None or rank < best[0]):
                    best = (rank, state, chosen)
        if best is None:
            return born
        _, state, chosen = best
        for name, row in chosen.items():
            free[name].remove(row)
        others = np.concatenate([taken, np.array([one.mean[:2] for one, _ in born]).reshape(-1, 2)])
        if not (np.linalg.norm(others - state.mean[:2], axis=1) < config.apart_m).any():
            born.append((state, [View(scene[name].projection, boxes[name][row]) for name, row in chosen.items()]))


def _agreement(
    name: str,
    row: int,
    scene: Mapping[str, CameraDetections],
    boxes: Boxes,
    free: Mapping[str, list[int]],
    config: LocateConfig,
) -> tuple[Gaussian, dict[str, int], float]:
    """Who stands in one camera's box, the free boxes of each camera that agree, and how badly they do in all."""
    chosen = {name: row}
    start = newborn(foot_m(scene[name].projection, boxes[name][row]), config)
    state = update(start, [View(scene[name].projection, boxes[name][row])], config)
    cost = 0.0
    for other in scene:
        if other == name or not free.get(other):
            continue
        rows = np.array(free[other])
        far = surprise(state, scene[other].projection, boxes[other][rows], config)
        if far.min() < config.gate:
            chosen[other] = int(rows[far.argmin()])
            cost += float(far.min())
            state = update(start, [View(scene[c].projection, boxes[c][r]) for c, r in chosen.items()], config)
    return state, chosen, cost


def foot_m(projection: np.ndarray, box_xyxy: np.ndarray) -> np.ndarray:
    """Where the middle of a box's lower edge meets the floor, (2,) m; a few metres ahead where it lies above it."""
    centre_px, _, bottom_px = edges(box_xyxy)
    camera_m = -np.linalg.solve(projection[:, :3], projection[:, 3])
    ray = np.linalg.solve(projection[:, :3], np.array([centre_px, bottom_px, 1.0]))
    if ray[2] < 0:
        return camera_m[:2] + ray[:2] * (-camera_m[2] / ray[2])
    return camera_m[:2] + FIRST_GUESS_M * ray[:2] / max(float(np.linalg.norm(ray[:2])), 1e-9)
