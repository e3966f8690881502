"""What all trackers share: the life of a track. A tracker adds how detections are told apart: `_match`."""

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from core.boxes import iou
from core.errors import InputError
from core.types import Detections, Tracklet
from trackers.clock import Clock
from trackers.config import LifeConfig, MotionConfig
from trackers.history import History
from trackers.kalman import KalmanBatch, to_boxes
from trackers.seen import Seen, look
from trackers.table import Columns, TrackTable

Pairs = tuple[np.ndarray, np.ndarray]


class TrackerConfig(Protocol):
    """What every tracker's config holds."""

    @property
    def motion(self) -> MotionConfig: ...  # noqa: D102
    @property
    def life(self) -> LifeConfig: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Tracked:
    """The tracks seen in one frame, by local id, M of them.

    local_ids (M,) int32, from 1 up per instance; rows (M,) int: the detection of each; confirmed (M,) bool: false
    while a track is provisional; boxes_xyxy (M, 4) float32: the filter's estimate, steadier than the detection's.
    ended: ids that will never come back.
    """

    local_ids: np.ndarray
    rows: np.ndarray
    confirmed: np.ndarray
    boxes_xyxy: np.ndarray
    ended: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.local_ids)


class Tracker:
    """One camera's tracker. Instances share nothing."""

    extra_columns: Columns = {}  # noqa: RUF012 - a constant of the class

    def __init__(self, config: TrackerConfig) -> None:
        self.config = config
        self.reset()

    def reset(self) -> None:
        """Forget everything; ids start at 1 again."""
        self.kalman = KalmanBatch(self.config.motion)
        self.tracks = TrackTable(self.extra_columns)
        self.clock = Clock()
        self.history = History()
        self._frame = -1
        self._next_id = 1
        self._confirmed_ids: list[int] = []

    def update(
        self, detections: Detections, frame: int, time_s: float, image_bgr: np.ndarray | None = None,
        embeddings: np.ndarray | None = None,
    ) -> Tracked:  # fmt: skip
        """Take in the next frame's N detections; returns the tracks seen in it.

        frame: 0-based, later than the last one. time_s: presentation time; may repeat or run back (see `Clock`).
        image_bgr (H, W, 3) uint8: used by trackers that compensate camera motion, and only by them. embeddings (N, D)
        of unit norm: used by trackers that compare appearance. No detections are fine. Raises InputError where the
        frame is not later or the time is not a number.
        """
        if frame <= self._frame:
            raise InputError(f"tracker: frames must come in order; expected a frame after {self._frame}, got {frame}")
        if not math.isfinite(time_s):
            raise InputError(f"tracker, frame {frame}: expected a finite time_s, got {time_s}")
        self._frame = frame
        life = self.config.life
        seen = look(detections, self.config.motion.shape, life.most_detections, embeddings)
        self.kalman.predict(self.clock.advance(time_s))
        self._before_match(seen, image_bgr)
        rows, columns = self._match(seen)
        self._correct(rows, columns, seen)
        detection_of = np.full(len(self.tracks), -1)
        detection_of[rows] = columns
        ended, detection_of = self._retire(detection_of)
        detection_of = np.concatenate([detection_of, self._begin(seen, columns)])
        return self._report(seen, detection_of, ended, frame, time_s)

    def tracklets(self, camera: str) -> list[Tracklet]:
        """All confirmed tracks so far, ended or not, with their boxes from before they were confirmed."""
        return self.history.tracklets(camera, np.array(sorted(self._confirmed_ids), np.int32))

    def state(self) -> dict[str, Any]:
        """All that the next update depends on, as plain numbers, strings and arrays; a copy."""
        return {
            "tracker": type(self).__name__, "kalman": self.kalman.state.copy(), "tracks": self.tracks.state(),
            "clock": self.clock.state(), "history": self.history.state(), "frame": self._frame,
            "next_id": self._next_id, "confirmed_ids": list(self._confirmed_ids),
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken. Raises InputError for another kind of tracker's state."""
        if state["tracker"] != type(self).__name__:
            raise InputError(f"saved tracker: expected the state of {type(self).__name__}, got {state['tracker']}")
        self.reset()
        self.kalman.state = np.array(state["kalman"])
        self.tracks.restore(state["tracks"])
        self.clock.restore(state["clock"])
        self.history.restore(state["history"])
        self._frame, self._next_id = state["frame"], state["next_id"]
        self._confirmed_ids = list(state["confirmed_ids"])

    # What a tracker may do its own way.

    def _match(self, seen: Seen) -> Pairs:
        """Which tracks (K,) are which detections (K,)."""
        raise NotImplementedError

    def _before_match(self, seen: Seen, image_bgr: np.ndarray | None) -> None:
        """Anything between prediction and matching."""

    def _may_begin(self, seen: Seen, free: np.ndarray) -> np.ndarray:
        """Which of the `free` detections (F,) begin a track."""
        return free[seen.scores[free] >= self.config.life.begin_score]

    def _given_up(self) -> np.ndarray:
        """Tracks (N,) that end unless they are seen in this frame."""
        life = self.config.life
        patience_s = np.where(self.tracks["confirmed"], life.lost_s, life.provisional_lost_s)
        return self.clock.now_s - self.tracks["seen_s"] > patience_s + 1e-6

    def _duplicates(self, detection_of: np.ndarray) -> np.ndarray:
        """Tracks (N,) that are another one's double."""
        return np.zeros(len(detection_of), bool)

    def _noise_factor(self, seen: Seen, columns: np.ndarray) -> np.ndarray | float:
        """How much less to trust these detections than the filter's noise says."""
        return 1.0

    def _first_columns(self, seen: Seen, columns: np.ndarray) -> dict[str, np.ndarray]:
        """Values of a tracker's own columns for tracks that begin."""
        return {}

    # Parts that more than one tracker uses.

    def _in_view(self) -> np.ndarray:
        """Tracks (N,) that were seen in the last frame."""
        return self.tracks["seen_s"] >= self.clock.now_s - self.clock.last_step_s - 1e-6

    def _doubles_of(self, detection_of: np.ndarray, least_iou: float) -> np.ndarray:
        """Of a seen and an unseen confirmed track that overlap that much, the one that lived shorter (N,)."""
        confirmed = self.tracks["confirmed"]
        here, lost = np.flatnonzero(confirmed & (detection_of >= 0)), np.flatnonzero(confirmed & (detection_of < 0))
        doubles = np.zeros(len(detection_of), bool)
        if not len(here) or not len(lost):
            return doubles
        boxes = to_boxes(self.kalman.values, self.config.motion.shape)
        a, b = np.nonzero(iou(boxes[here], boxes[lost]) > least_iou)
        lived_s = self.tracks["seen_s"] - self.tracks["born_s"]
        younger = np.where(lived_s[here[a]] < lived_s[lost[b]], here[a], lost[b])
        doubles[younger] = True
        return doubles

    # The life of a track.

    def _correct(self, rows: np.ndarray, columns: np.ndarray, seen: Seen) -> None:
        self.kalman.update(rows, seen.z[columns], self._noise_factor(seen, columns))
        tracks, life = self.tracks, self.config.life
        tracks["hits"][rows] += 1
        tracks["seen_s"][rows] = self.clock.now_s
        tracks["score"][rows] = seen.scores[columns]
        tracks["box"][rows] = seen.boxes_xyxy[columns]
        ripe = (
            ~tracks["confirmed"][rows]
            & (tracks["hits"][rows] >= life.confirm_hits)
            & (self.clock.now_s - tracks["born_s"][rows] >= life.confirm_s - 1e-6)
        )
        if ripe.any():
            self._confirm(rows[ripe])

    def _confirm(self, rows: np.ndarray) -> None:
        self.tracks["confirmed"][rows] = True
        self._confirmed_ids.extend(int(local_id) for local_id in self.tracks["local_id"][rows])

    def _retire(self, detection_of: np.ndarray) -> tuple[tuple[int, ...], np.ndarray]:
        """Drop tracks unseen for too long, and doubles."""
        tracks = self.tracks
        gone = (detection_of < 0) & self._given_up()
        gone |= self._duplicates(detection_of)
        if not gone.any():
            return (), detection_of
        ended = tracks["local_id"][gone]
        self.history.forget(ended[~tracks["confirmed"][gone]])
        keep = ~gone
        tracks.keep(keep)
        self.kalman.keep(keep)
        return tuple(int(local_id) for local_id in ended), detection_of[keep]

    def _begin(self, seen: Seen, taken: np.ndarray) -> np.ndarray:
        """Begin tracks at detections that no track took; returns them (B,)."""
        free = np.ones(len(seen), bool)
        free[taken] = False
        columns = self._may_begin(seen, np.flatnonzero(free))
        count = len(columns)
        if not count:
            return columns
        local_ids = np.arange(self._next_id, self._next_id + count, dtype=np.int32)
        self._next_id += count
        self.kalman.append(seen.z[columns])
        self.tracks.append(
            count, local_id=local_ids, hits=1, born_s=self.clock.now_s, seen_s=self.clock.now_s,
            score=seen.scores[columns], box=seen.boxes_xyxy[columns], **self._first_columns(seen, columns),
        )  # fmt: skip
        if self.config.life.confirm_hits <= 1 and self.config.life.confirm_s <= 0:
            self._confirm(np.arange(len(self.tracks) - count, len(self.tracks)))
        return columns

    def _report(
        self, seen: Seen, detection_of: np.ndarray, ended: tuple[int, ...], frame: int, time_s: float
    ) -> Tracked:
        rows = np.flatnonzero(detection_of >= 0)
        columns = detection_of[rows]
        local_ids = self.tracks["local_id"][rows]
        keypoints = None if seen.keypoints_xyc is None else seen.keypoints_xyc[columns]
        self.history.add(local_ids, frame, time_s, seen.boxes_xyxy[columns], seen.scores[columns], keypoints)
        boxes = to_boxes(self.kalman.values[rows], self.config.motion.shape).astype(np.float32)
        return Tracked(local_ids, seen.rows[columns], self.tracks["confirmed"][rows], boxes, ended)
