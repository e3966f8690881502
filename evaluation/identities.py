"""Is one person one identity in every camera? Scores over image boxes, all cameras taken together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from core.arrays import frozen
from core.boxes import iou
from core.errors import InputError, ShapeError

IOU_OF_A_MATCH = 0.5
PEDESTRIAN = 1
COLUMNS_NEEDED = 6  # frame, id, x, y, w, h


@dataclass(frozen=True, eq=False)
class CameraBoxes:
    """The boxes of one camera: frames (N,) int64, ids (N,) int64, boxes_xyxy (N, 4) float64 px.

    ignored (N,) bool: boxes that need not be found and whose finding is not wrong. An id is at most once in a frame.
    """

    frames: np.ndarray
    ids: np.ndarray
    boxes_xyxy: np.ndarray
    ignored: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze."""
        object.__setattr__(self, "frames", frozen("frames", self.frames, (None,), np.int64))
        count = len(self.frames)
        object.__setattr__(self, "ids", frozen("ids", self.ids, (count,), np.int64))
        object.__setattr__(self, "boxes_xyxy", frozen("boxes_xyxy", self.boxes_xyxy, (count, 4), np.float64))
        object.__setattr__(self, "ignored", frozen("ignored", self.ignored, (count,), bool))
        pairs, counts = np.unique(np.column_stack([self.frames, self.ids]), axis=0, return_counts=True)
        if (counts > 1).any():
            frame, identity = pairs[counts > 1][0]
            raise ShapeError(f"identity {identity} is {counts.max()} times in frame {frame} (as numbered in the file)")

    @classmethod
    def empty(cls) -> "CameraBoxes":
        """No boxes."""
        return cls(np.zeros(0), np.zeros(0), np.zeros((0, 4)), np.zeros(0, bool))

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, rows: np.ndarray) -> "CameraBoxes":
        return CameraBoxes(self.frames[rows], self.ids[rows], self.boxes_xyxy[rows], self.ignored[rows])


@dataclass(frozen=True)
class IdentityScores:
    """Cross-camera identity over image boxes; all but the counts lie in [0, 1].

    idf1, idp, idr: boxes right under the best one-to-one map of found to true identities, one map for all cameras
    (Ristani et al. 2016). pair_*: of the pairs of found boxes in two different cameras, each matched to a true one,
    those called the same person rightly. hota, assa, deta: HOTA (Luiten et al. 2021) with the cameras one after the
    other as one sequence, by trackeval; None where trackeval is not installed.
    """

    idf1: float
    idp: float
    idr: float
    pair_precision: float
    pair_recall: float
    pair_f1: float
    hota: float | None
    assa: float | None
    deta: float | None
    true_boxes: int
    found_boxes: int
    true_identities: int
    found_identities: int


@dataclass(frozen=True)
class FrameOverlap:
    """Rows 0..T of true and 0..F of found identities in one frame of one camera, and their IoU (T, F)."""

    camera: int
    true: np.ndarray
    found: np.ndarray
    overlap: np.ndarray


def cross_camera_idf1(truth: Mapping[str, CameraBoxes], found: Mapping[str, CameraBoxes]) -> IdentityScores:
    """Scores of `found` against `truth`, both by camera; an id means the same person in every camera.

    A camera of the truth that was not found counts as missed; one without truth is not judged. A found box whose best
    match is an ignored true box counts neither way. Without any box the shares are 0.
    """
    frames, true_ids, found_ids = _frames(truth, found)
    overlaps = np.zeros((len(true_ids), len(found_ids)))
    true_boxes, found_boxes = 0, 0
    for frame in frames:
        true_boxes, found_boxes = true_boxes + len(frame.true), found_boxes + len(frame.found)
        overlaps[np.ix_(frame.true, frame.found)] += frame.overlap >= IOU_OF_A_MATCH
    right = float(overlaps[linear_sum_assignment(-overlaps)].sum())
    precision, recall, f1 = _pairs(frames, len(true_ids), len(found_ids), len(truth))
    hota = hota_scores(frames, len(true_ids), len(found_ids))
    return IdentityScores(
        idf1=_share(2 * right, true_boxes + found_boxes),
        idp=_share(right, found_boxes),
        idr=_share(right, true_boxes),
        pair_precision=precision,
        pair_recall=recall,
        pair_f1=f1,
        hota=hota.get("HOTA"),
        assa=hota.get("AssA"),
        deta=hota.get("DetA"),
        true_boxes=true_boxes,
        found_boxes=found_boxes,
        true_identities=len(true_ids),
        found_identities=len(found_ids),
    )


def _frames(
    truth: Mapping[str, CameraBoxes], found: Mapping[str, CameraBoxes]
) -> tuple[list[FrameOverlap], np.ndarray, np.ndarray]:
    """All frames of all cameras with identities as rows of the two returned lists of ids."""
    pairs = {camera: _without_ignored(boxes, found.get(camera, CameraBoxes.empty())) for camera, boxes in truth.items()}
    nobody = np.zeros(0, np.int64)
    true_ids = np.unique(np.concatenate([nobody, *(true.ids for true, _ in pairs.values())]))
    found_ids = np.unique(np.concatenate([nobody, *(other.ids for _, other in pairs.values())]))
    frames = [
        FrameOverlap(
            camera,
            np.searchsorted(true_ids, true.ids[true_rows]),
            np.searchsorted(found_ids, other.ids[found_rows]),
            iou(true.boxes_xyxy[true_rows], other.boxes_xyxy[found_rows]),
        )
        for camera, (true, other) in enumerate(pairs.values())
        for true_rows, found_rows in _by_frame(true, other)
    ]
    return frames, true_ids, found_ids


def _by_frame(true: CameraBoxes, found: CameraBoxes) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows of the true and of the found boxes of each frame that has any."""
    numbers = np.unique(np.concatenate([true.frames, found.frames]))
    return list(zip(_rows_of(true.frames, numbers), _rows_of(found.frames, numbers), strict=True))


def _rows_of(frames: np.ndarray, numbers: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(frames, kind="stable")
    bounds = np.searchsorted(frames[order], numbers)
    return np.split(order, bounds[1:]) if len(numbers) else []


def _without_ignored(true: CameraBoxes, found: CameraBoxes) -> tuple[CameraBoxes, CameraBoxes]:
    """Drop ignored true boxes, and found boxes that match one, as MOTChallenge does with its distractors."""
    if not true.ignored.any():
        return true, found
    keep = np.ones(len(found), bool)
    for true_rows, found_rows in _by_frame(true, found):
        overlap = iou(true.boxes_xyxy[true_rows], found.boxes_xyxy[found_rows])
        for row, column in _matches(overlap):
            keep[found_rows[column]] &= not true.ignored[true_rows[row]]
    return true[~true.ignored], found[keep]


def _matches(overlap: np.ndarray) -> np.ndarray:
    """Rows and columns (M, 2) of the one-to-one matches at IOU_OF_A_MATCH that overlap most together."""
    rows, columns = linear_sum_assignment(-np.where(overlap >= IOU_OF_A_MATCH, overlap, 0))
    matched = overlap[rows, columns] >= IOU_OF_A_MATCH
    return np.column_stack([rows[matched], columns[matched]])


def _pairs(frames: list[FrameOverlap], true_count: int, found_count: int, cameras: int) -> tuple[float, float, float]:
    """Precision, recall and F1 over pairs of matched boxes in different cameras."""
    table = np.zeros((cameras, true_count, found_count))
    for frame in frames:
        matches = _matches(frame.overlap)
        table[frame.camera, frame.true[matches[:, 0]], frame.found[matches[:, 1]]] += 1
    right = _pairs_across(table)
    same_found, same_true = _pairs_across(table.sum(axis=1)), _pairs_across(table.sum(axis=2))
    return _share(right, same_found), _share(right, same_true), _share(2 * right, same_found + same_true)


def _pairs_across(counts: np.ndarray) -> float:
    """Pairs of boxes of one group in two different cameras, for counts (cameras, …groups)."""
    return float((counts.sum(axis=0) ** 2 - (counts**2).sum(axis=0)).sum() / 2)


def hota_scores(frames: list[FrameOverlap], true_count: int, found_count: int) -> dict[str, float]:
    """HOTA, DetA and AssA by trackeval, mean over its thresholds; empty where trackeval is not installed."""
    try:
        from trackeval.metrics import HOTA
    except ImportError:
        return {}
    result = HOTA().eval_sequence(trackeval_data(frames, true_count, found_count))
    return {name: float(np.mean(result[name])) for name in ("HOTA", "DetA", "AssA")}


def trackeval_data(frames: list[FrameOverlap], true_count: int, found_count: int) -> dict[str, object]:
    """The frames of all cameras as one sequence, in the words of trackeval's metrics."""
    return {
        "num_timesteps": len(frames),
        "num_gt_ids": true_count,
        "num_tracker_ids": found_count,
        "num_gt_dets": sum(len(frame.true) for frame in frames),
        "num_tracker_dets": sum(len(frame.found) for frame in frames),
        "gt_ids": [frame.true for frame in frames],
        "tracker_ids": [frame.found for frame in frames],
        "similarity_scores": [frame.overlap for frame in frames],
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def read_boxes(path: Path, min_visibility: float = 0.0, *, truth: bool = False) -> CameraBoxes:
    """The boxes of a MOTChallenge text: rows `frame, id, x, y, w, h, conf, class, visibility`, the last three optional.

    With `truth`, rows with conf 0, another class than 1, or less than `min_visibility` are ignored; a negative class
    says that the row is none of MOTChallenge's truth but of a tracker's (as ours): it counts, and conf is a score. An
    empty file has no boxes, and in a view where everybody is hidden all may be ignored. Raises InputError naming the
    file, and the line where one is wrong, or where no row of the truth is of a person.
    """
    try:
        lines = enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected numbers between commas ({error})") from error
    rows = np.array([_numbers(path, number, line) for number, line in lines if line.strip()]).reshape(-1, 9)
    conf, kind, visibility = rows[:, 6:].T
    if truth and len(rows) and ((kind >= 0) & (kind != PEDESTRIAN)).all():
        raise InputError(
            f"{path}: expected class {PEDESTRIAN} in the 8th column of some rows; the first has {kind[0]:g}"
        )
    ignored = (kind >= 0) & ((conf == 0) | (kind != PEDESTRIAN)) | (visibility >= 0) & (visibility < min_visibility)
    boxes_xyxy = np.column_stack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]])
    try:
        return CameraBoxes(rows[:, 0], rows[:, 1], boxes_xyxy, ignored if truth else np.zeros(len(rows), bool))
    except ShapeError as error:
        raise InputError(f"{path}: {error}") from error


def _numbers(path: Path, number: int, line: str) -> list[float]:
    """Nine numbers of a row; what it leaves out is conf 1, class 1, visibility 1."""
    try:
        values = [float(value) for value in line.split(",")]
    except ValueError as error:
        raise InputError(f"{path}, line {number}: expected numbers between commas, got {line!r}") from error
    if len(values) < COLUMNS_NEEDED:
        raise InputError(f"{path}, line {number}: expected at least frame,id,x,y,w,h, got {line!r}")
    if not (values[0].is_integer() and values[1].is_integer()):
        raise InputError(f"{path}, line {number}: expected whole numbers of frame and id, got {line!r}")
    return [*values, *[1.0] * 9][:9] if len(values) < 9 else values[:9]
