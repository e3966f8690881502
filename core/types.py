"""The words everyone speaks. Struct of arrays: validated when made, read-only, sliceable, with an empty form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from core.arrays import frozen
from core.errors import ShapeError
from core.keypoints import COUNT

DETECTED, FILLED = 0, 1  # where a box of a tracklet comes from


class TrackletKey(NamedTuple):
    """A local id never leaves its camera without the camera's name."""

    camera: str
    local_id: int


@dataclass(frozen=True)
class Frame:
    """One picture of one camera.

    index: 0-based. time_s: presentation time from the stream's timestamps, plus the camera's offset.
    image: (H, W, 3) uint8 BGR, upright.
    """

    camera: str
    index: int
    time_s: float
    image: np.ndarray


@dataclass(frozen=True, eq=False)
class Detections:
    """People found in one frame.

    boxes_xyxy (N, 4) float32 px; scores (N,) float32 in [0, 1]; keypoints_xyc (N, 17, 3) float32 (px, px, confidence
    that the joint is visible) or None where the network has none. Raises ShapeError.
    """

    boxes_xyxy: np.ndarray
    scores: np.ndarray
    keypoints_xyc: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Validate and freeze."""
        object.__setattr__(self, "boxes_xyxy", frozen("boxes_xyxy", self.boxes_xyxy, (None, 4), np.float32))
        count = len(self.boxes_xyxy)
        object.__setattr__(self, "scores", frozen("scores", self.scores, (count,), np.float32))
        if self.keypoints_xyc is not None:
            keypoints = frozen("keypoints_xyc", self.keypoints_xyc, (count, COUNT, 3), np.float32)
            object.__setattr__(self, "keypoints_xyc", keypoints)

    @classmethod
    def empty(cls, *, with_keypoints: bool = True) -> "Detections":
        """No people."""
        keypoints = np.zeros((0, COUNT, 3), np.float32) if with_keypoints else None
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), keypoints)

    def __len__(self) -> int:
        return len(self.boxes_xyxy)

    def __getitem__(self, rows: np.ndarray | slice) -> "Detections":
        keypoints = None if self.keypoints_xyc is None else self.keypoints_xyc[rows]
        return Detections(self.boxes_xyxy[rows], self.scores[rows], keypoints)


@dataclass(frozen=True, eq=False)
class Tracklet:
    """One person's way through one camera, without a switch, as far as the tracker can tell.

    frames (T,) int32, strictly increasing; times_s (T,) float64; boxes_xyxy (T, 4) float32 px; scores (T,) float32
    (0 where filled); source (T,) uint8, DETECTED or FILLED; keypoints_xyc (T, 17, 3) float32 or None.
    """

    key: TrackletKey
    frames: np.ndarray
    times_s: np.ndarray
    boxes_xyxy: np.ndarray
    scores: np.ndarray
    source: np.ndarray
    keypoints_xyc: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Validate and freeze."""
        object.__setattr__(self, "frames", frozen("frames", self.frames, (None,), np.int32))
        length = len(self.frames)
        if (np.diff(self.frames) <= 0).any():
            raise ShapeError(f"tracklet {self.key}: frames must increase strictly")
        object.__setattr__(self, "times_s", frozen("times_s", self.times_s, (length,), np.float64))
        object.__setattr__(self, "boxes_xyxy", frozen("boxes_xyxy", self.boxes_xyxy, (length, 4), np.float32))
        object.__setattr__(self, "scores", frozen("scores", self.scores, (length,), np.float32))
        object.__setattr__(self, "source", frozen("source", self.source, (length,), np.uint8))
        if self.keypoints_xyc is not None:
            keypoints = frozen("keypoints_xyc", self.keypoints_xyc, (length, COUNT, 3), np.float32)
            object.__setattr__(self, "keypoints_xyc", keypoints)

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, rows: np.ndarray | slice) -> "Tracklet":
        keypoints = None if self.keypoints_xyc is None else self.keypoints_xyc[rows]
        return Tracklet(
            self.key, self.frames[rows], self.times_s[rows], self.boxes_xyxy[rows], self.scores[rows],
            self.source[rows], keypoints,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Descriptors:
    """What people look like, one row per crop. Vectors have unit norm, or are zero where unseen.

    global_ (N, D); parts (N, K, d) with visibility (N, K) in [0, 1]; stripes (N, H, d) from top to bottom; quality (N,)
    in [0, 1]: how much there was to see. All float32. N, K and H may be 0. Raises ShapeError.
    """

    global_: np.ndarray
    parts: np.ndarray
    visibility: np.ndarray
    stripes: np.ndarray
    quality: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze."""
        object.__setattr__(self, "global_", frozen("global_", self.global_, (None, None), np.float32))
        count = len(self.global_)
        parts = np.asarray(self.parts, np.float32)
        if parts.ndim != 3 or len(parts) != count:
            raise ShapeError(f"parts: expected shape ({count}, any, any), got {parts.shape}")
        object.__setattr__(self, "parts", _read_only(parts))
        visibility = np.asarray(self.visibility, np.float32)
        if visibility.shape != parts.shape[:2]:
            raise ShapeError(f"visibility: expected shape {parts.shape[:2]}, got {visibility.shape}")
        object.__setattr__(self, "visibility", _read_only(visibility))
        stripes = np.asarray(self.stripes, np.float32)
        if stripes.ndim != 3 or len(stripes) != count:
            raise ShapeError(f"stripes: expected shape ({count}, any, any), got {stripes.shape}")
        object.__setattr__(self, "stripes", _read_only(stripes))
        object.__setattr__(self, "quality", frozen("quality", self.quality, (count,), np.float32))

    def __len__(self) -> int:
        return len(self.global_)

    def __getitem__(self, rows: np.ndarray | slice) -> "Descriptors":
        return Descriptors(
            self.global_[rows], self.parts[rows], self.visibility[rows], self.stripes[rows], self.quality[rows]
        )

    @classmethod
    def concatenate(cls, batches: Sequence["Descriptors"]) -> "Descriptors":
        """All rows of `batches` (at least one) in order."""
        fields = ("global_", "parts", "visibility", "stripes", "quality")
        return cls(*(np.concatenate([getattr(batch, name) for batch in batches]) for name in fields))


def _read_only(array: np.ndarray) -> np.ndarray:
    copy = array.copy()
    copy.setflags(write=False)
    return copy


@dataclass(frozen=True, eq=False)
class Appearance:
    """The crops of one tracklet that were looked at closely: row i of `descriptors` is its box in frame `frames`[i].

    frames (C,) int32, strictly increasing; C may be 0 for a tracklet without a crop worth looking at.
    """

    key: TrackletKey
    frames: np.ndarray
    descriptors: Descriptors

    def __post_init__(self) -> None:
        """Validate and freeze."""
        object.__setattr__(self, "frames", frozen("frames", self.frames, (len(self.descriptors),), np.int32))


@dataclass(frozen=True)
class Evidence:
    """Why a tracklet belongs to its identity, or, where it is `unknown`, to the one it was not put into.

    score: how alike it and the rest of the identity look, 1 the same; None for a tracklet that is its identity alone.
    margin: how much closer it is to its own identity than to the nearest other one it might have joined, or than it
    might be at most. probability: that it belongs there. best_pair: the other tracklet that speaks most for it; frames:
    the best crop of itself and of that. unknown: nobody can tell who it is, so it stands alone.
    """

    score: float | None = None
    margin: float | None = None
    probability: float | None = None
    best_pair: TrackletKey | None = None
    frames: tuple[int, int] | None = None
    unknown: bool = False


@dataclass(frozen=True)
class Identity:
    """One person in all cameras. `id` counts from 1 in one run; evidence has one entry per tracklet."""

    id: int
    tracklets: tuple[TrackletKey, ...]
    evidence: Mapping[TrackletKey, Evidence] = field(default_factory=dict)
