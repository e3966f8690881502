"""Look at each tracklet from both ends: steady its boxes and fill its gaps.

Rauch, Tung and Striebel, "Maximum Likelihood Estimates of Linear Dynamic Systems", 1965. The forward pass is
`trackers.kalman`; the backward pass has the same four independent 2×2 blocks, so both run over many tracklets at once
and give what `filterpy`'s `KalmanFilter` and `rts_smoother` give for each (tests/trackers/test_offline.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.types import FILLED, Tracklet
from trackers.config import MotionConfig, SmoothConfig
from trackers.kalman import PP, PV, SPEED, VALUE, VV, KalmanBatch, measure, to_boxes

STEPS_AT_ONCE = 1 << 16  # of all tracklets smoothed together, filled up to the longest: bounds the memory


def fill(
    tracklets: list[Tracklet], frame_times_s: np.ndarray, size_px: tuple[int, int], config: SmoothConfig,
    path: np.ndarray | None = None,
) -> list[Tracklet]:  # fmt: skip
    """The tracklets, steadied and with a box in every frame of every gap up to `longest_fill_s`.

    frame_times_s (F,): when each frame of the camera was; size_px: width and height of the picture, outside of which
    nobody is filled in. path (F, 2): the common displacement, px (`trackers.offline.common_path`), or None. Filled
    boxes have source FILLED, score 0 and keypoints of confidence 0; boxes of detections stay, moved only where
    `config.steady`.
    """
    carried = np.zeros((len(frame_times_s), 4)) if path is None else np.tile(config.common_share * path, 2)
    timelines = [timeline(tracklet, frame_times_s, config.longest_fill_s) for tracklet in tracklets]
    done: list[Tracklet] = list(tracklets)
    for batch in batches([len(line.frames) for line in timelines]):
        lines = [timelines[i] for i in batch]
        smoothed = smooth(
            [line.times_s for line in lines],
            [_measured(tracklets[i], line, carried) for i, line in zip(batch, lines, strict=True)],
            config.motion,
            [1 + config.weak_noise * (1 - tracklets[i].scores.astype(np.float64)[line.row_of])
             for i, line in zip(batch, lines, strict=True)],
        )  # fmt: skip
        for i, line, z in zip(batch, lines, smoothed, strict=True):
            filled = _filled(tracklets[i], line, to_boxes(z, "size") + carried[line.frames], steady=config.steady)
            done[i] = filled[_in_picture(filled, size_px)]
    return done


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Which of the tracklets with `lengths` are smoothed together: those about as long, up to STEPS_AT_ONCE."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch and lengths[i] * (len(batch) + 1) > STEPS_AT_ONCE:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def smooth(
    times_s: list[np.ndarray], measured: list[np.ndarray], motion: MotionConfig,
    noise_factors: list[np.ndarray] | None = None,
) -> list[np.ndarray]:  # fmt: skip
    """Smoothed measurements (L, 4) of tracks with times (L,) and measurements (L, 4), NaN where nothing was measured.

    The first step of each must be measured. noise_factors (L,) each: how much more noise each has than the filter's
    own. An empty list gives an empty list.
    """
    if not measured:
        return []
    count, longest = len(measured), max(map(len, measured))
    lengths = np.array([len(z) for z in measured])
    z = np.full((longest, count, 4), np.nan)
    dt_s = np.zeros((longest, count, 1))
    factor = np.ones((longest, count, 1))
    for i, (times, values) in enumerate(zip(times_s, measured, strict=True)):
        z[: len(values), i] = values
        dt_s[1 : len(times), i, 0] = np.diff(times)
        if noise_factors is not None:
            factor[: len(values), i, 0] = noise_factors[i]
    kalman = KalmanBatch(motion)
    kalman.append(z[0])
    after = np.empty((longest, 5, count, 4))
    before = np.empty_like(after)
    after[0] = before[0] = kalman.state
    for step in range(1, longest):
        kalman.predict(dt_s[step])
        before[step] = kalman.state
        rows = np.flatnonzero(~np.isnan(z[step, :, 0]))
        kalman.update(rows, z[step, rows], factor[step, rows])
        after[step] = kalman.state
    _backwards(before, after, dt_s, lengths)
    return [after[:length, VALUE, i] for i, length in enumerate(lengths)]


def _backwards(before: np.ndarray, after: np.ndarray, dt_s: np.ndarray, lengths: np.ndarray) -> None:
    """Smooth values and speeds of `after` (L, 5, N, 4) in place, given the predictions `before` (L, 5, N, 4).

    With P after step k, P' predicted for step k + 1: gain C = P Fᵀ P'⁻¹; x_k += C (x_k+1 smoothed - x_k+1 predicted).
    """
    for step in range(len(after) - 2, -1, -1):
        now, predicted, later = after[step], before[step + 1], after[step + 1]
        inside = (step + 1 < lengths)[:, None]
        dt = dt_s[step + 1]
        determinant = predicted[PP] * predicted[VV] - predicted[PV] ** 2
        top, bottom = now[PP] + dt * now[PV], now[PV] + dt * now[VV]  # first column of P Fᵀ; its second is PV, VV
        miss_value, miss_speed = later[VALUE] - predicted[VALUE], later[SPEED] - predicted[SPEED]
        weight_value = (predicted[VV] * miss_value - predicted[PV] * miss_speed) / determinant
        weight_speed = (predicted[PP] * miss_speed - predicted[PV] * miss_value) / determinant
        now[VALUE] += np.where(inside, top * weight_value + now[PV] * weight_speed, 0.0)
        now[SPEED] += np.where(inside, bottom * weight_value + now[VV] * weight_speed, 0.0)


@dataclass(frozen=True, eq=False)
class Timeline:
    """The frames (L,) a filled tracklet has, their times (L,), and the row of its box in each, -1 where it has none."""

    frames: np.ndarray
    times_s: np.ndarray
    row_of: np.ndarray


def timeline(tracklet: Tracklet, frame_times_s: np.ndarray, longest_s: float) -> Timeline:
    """Its own frames and those of gaps of at most `longest_s`."""
    frames = tracklet.frames
    gaps = np.flatnonzero((np.diff(frames) > 1) & (np.diff(tracklet.times_s) <= longest_s))
    between = [np.arange(frames[i] + 1, frames[i + 1]) for i in gaps]
    all_frames = np.concatenate([frames, *between])
    row_of = np.full(len(all_frames), -1)
    row_of[: len(frames)] = np.arange(len(frames))
    times = np.concatenate([tracklet.times_s, *(frame_times_s[part] for part in between)])
    order = np.argsort(all_frames, kind="stable")
    return Timeline(all_frames[order], np.maximum.accumulate(times[order]), row_of[order])


def _measured(tracklet: Tracklet, line: Timeline, carried: np.ndarray) -> np.ndarray:
    z = np.full((len(line.frames), 4), np.nan)
    z[line.row_of >= 0] = measure(tracklet.boxes_xyxy - carried[tracklet.frames], "size")
    return z


def _filled(tracklet: Tracklet, line: Timeline, boxes: np.ndarray, *, steady: bool) -> Tracklet:
    seen = line.row_of >= 0
    if not steady:
        boxes[seen] = tracklet.boxes_xyxy
    scores = np.zeros(len(seen), np.float32)
    scores[seen] = tracklet.scores
    source = np.full(len(seen), FILLED, np.uint8)
    source[seen] = tracklet.source
    keypoints = None
    if tracklet.keypoints_xyc is not None:
        keypoints = np.zeros((len(seen), *tracklet.keypoints_xyc.shape[1:]), np.float32)
        keypoints[seen] = tracklet.keypoints_xyc
    return Tracklet(tracklet.key, line.frames, line.times_s, boxes, scores, source, keypoints)


def _in_picture(tracklet: Tracklet, size_px: tuple[int, int]) -> np.ndarray:
    """Rows (T,) to keep: all detected, and filled ones of which something lies in the picture."""
    boxes = tracklet.boxes_xyxy
    inside = (boxes[:, 2:] > 0).all(axis=1) & (boxes[:, :2] < np.array(size_px)).all(axis=1)
    return (tracklet.source != FILLED) | inside
