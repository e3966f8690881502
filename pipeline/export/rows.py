"""The numbers of a tracklet as every text and table gives them: rounded once, here, so that all files agree."""

from dataclasses import dataclass

import numpy as np

from core.types import Tracklet

BOX_DECIMALS, TIME_DECIMALS, SCORE_DECIMALS = 1, 3, 3


@dataclass(frozen=True, eq=False)
class Rows:
    """One row per box: frames (T,) int32, 0-based; times_s (T,) float64, to the millisecond; boxes_xyxy (4, T) float64
    px, a row per coordinate, to a tenth; scores (T,) float64, to three decimals; source (T,) uint8.
    """

    frames: np.ndarray
    times_s: np.ndarray
    boxes_xyxy: np.ndarray
    scores: np.ndarray
    source: np.ndarray

    def __len__(self) -> int:
        return len(self.frames)


def rounded(tracklet: Tracklet) -> Rows:
    """The rows of `tracklet`. Rounded as float64: a rounded float32 would print as 0.30000001192092896."""
    return Rows(
        tracklet.frames,
        _round(tracklet.times_s, TIME_DECIMALS),
        _round(np.ascontiguousarray(tracklet.boxes_xyxy.T), BOX_DECIMALS),
        _round(tracklet.scores, SCORE_DECIMALS),
        tracklet.source,
    )


def _round(values: np.ndarray, decimals: int) -> np.ndarray:
    return np.round(values.astype(np.float64), decimals) + 0.0  # + 0.0: no -0.0 in a text
