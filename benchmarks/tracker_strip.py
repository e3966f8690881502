"""A strip of frames in which one tracker keeps a rendered person's identity and another does not."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from benchmarks.simulated import View
from core.boxes import iou
from trackers.mot_files import Rows

PANELS = 6
TILE_PX = (200, 230)
COLOURS = ((60, 60, 230), (60, 180, 60), (230, 120, 30), (30, 190, 230), (200, 60, 200), (190, 190, 40))


@dataclass(frozen=True, eq=False)
class Moment:
    """A person whom `lost_by` calls by another id from frame `end` on than up to frame `begin`, and `kept_by` does not.

    worth: how much there is to see: the person's height in px.
    """

    view: View
    video: Path
    person: int
    begin: int
    end: int
    kept_by: Rows
    lost_by: Rows
    worth: float


def ids_of(person: int, view: View, rows: Rows) -> np.ndarray:
    """The id (F,) under which a tracker has the person in each frame, 0 where it has not."""
    found = np.zeros(len(view.ids), int)
    for frame, (ids, boxes) in enumerate(zip(view.ids, view.boxes_xyxy, strict=True)):
        here = rows.frames == frame
        if person not in ids or not here.any():
            continue
        overlap = iou(boxes, rows.boxes_xyxy[here])
        mine = overlap[ids.tolist().index(person)]
        best = int(mine.argmax())
        if mine[best] >= 0.5 and overlap[:, best].max() == mine[best]:
            found[frame] = rows.ids[here][best]
    return found


def moments(view: View, kept_by: Rows, lost_by: Rows, video: Path) -> list[Moment]:
    """All switches of the one tracker on people of whom the other has one id all along."""
    found = []
    for person in sorted({int(one) for ids in view.ids for one in ids}):
        kept, lost = ids_of(person, view, kept_by), ids_of(person, view, lost_by)
        if len(set(kept[kept > 0].tolist())) != 1:
            continue
        had = np.flatnonzero(lost > 0)
        for before, after in pairwise(had.tolist()):
            if lost[before] != lost[after] and kept[before] > 0 and kept[after] > 0:
                box = view.boxes_xyxy[after][view.ids[after].tolist().index(person)]
                worth = float(box[3] - box[1])
                found.append(Moment(view, video, person, before, after, kept_by, lost_by, worth))
    return found


def draw(moment: Moment, frames_bgr: list[np.ndarray], path: Path) -> None:
    """Two rows of pictures around the moment, the one who loses the person above."""
    around = 3 + (moment.end - moment.begin) // 2
    first, last = max(0, moment.begin - around), min(len(frames_bgr) - 1, moment.end + around)
    frames = np.unique(np.linspace(first, last, PANELS).round().astype(int))
    rows = [
        np.hstack([_tile(moment, rows, int(frame), frames_bgr[frame]) for frame in frames])
        for rows in (moment.lost_by, moment.kept_by)
    ]
    cv2.imwrite(str(path), np.vstack([_title("bytetrack", rows[0]), rows[0], _title("default", rows[1]), rows[1]]))


def _tile(moment: Moment, rows: Rows, frame: int, image_bgr: np.ndarray) -> np.ndarray:
    """The surroundings of the person in a frame, with every box and id."""
    shown = image_bgr.copy()
    here = rows.frames == frame
    for box, one in zip(rows.boxes_xyxy[here], rows.ids[here], strict=True):
        x1, y1, x2, y2 = (int(v) for v in box.round())
        colour = COLOURS[int(one) % len(COLOURS)]
        cv2.rectangle(shown, (x1, y1), (x2, y2), colour, 2)
        cv2.putText(shown, str(int(one)), (x1 + 3, y1 + 16), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (0, 0, 0), 3)
        cv2.putText(shown, str(int(one)), (x1 + 3, y1 + 16), cv2.FONT_HERSHEY_SIMPLEX, 0.55, colour, 2)
    # As much of the picture as holds the person with some room around, and no more than there is.
    zoom = max(1.0, 1.35 * moment.worth / TILE_PX[1])
    zoom = min(zoom, image_bgr.shape[1] / TILE_PX[0], image_bgr.shape[0] / TILE_PX[1])
    half = (np.array(TILE_PX) * zoom / 2).astype(int)
    x, y = (np.clip(_place(moment, frame), half, np.array(image_bgr.shape[1::-1]) - half) - half).astype(int)
    w, h = TILE_PX
    tile = cv2.resize(shown[y : y + 2 * half[1], x : x + 2 * half[0]], TILE_PX, interpolation=cv2.INTER_AREA)
    cv2.putText(tile, f"frame {frame}", (4, h - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1)
    cv2.rectangle(tile, (0, 0), (w - 1, h - 1), (255, 255, 255), 1)
    return tile


def _place(moment: Moment, frame: int) -> np.ndarray:
    """Where the person is in a frame, or was in the nearest frame of which the truth has them."""
    having = [k for k, ids in enumerate(moment.view.ids) if moment.person in ids]
    near = min(having, key=lambda k: abs(k - frame))
    box = moment.view.boxes_xyxy[near][moment.view.ids[near].tolist().index(moment.person)]
    return (box[:2] + box[2:]) / 2


def _title(text: str, below: np.ndarray) -> np.ndarray:
    strip = np.full((22, below.shape[1], 3), 255, np.uint8)
    cv2.putText(strip, text, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1)
    return strip
