"""Who came out of a crossing as whom, judged with both sides of it known.

Following decides frame by frame; where two pass close to each other it may go on with the wrong one. Afterwards there
is more to go by: how they moved before and after, and how tall they were. Tails are exchanged where that explains the
boxes better by more than a doubt, the clearest case first, until no exchange does (coordinate ascent, as in the swap
moves of Oh, Russell & Sastry's MCMC data association, 2009).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from pipeline.association.locate.config import LocateConfig
from pipeline.association.locate.walker import noise, transition

WINDOW_S = 2.5  # of movement before and after a crossing
PLACE_SIGMA_M = 0.06  # what a body sways beside its boxes' own errors
FREEDOM = 4.0  # of the Student-t that movement is judged by: one odd box decides nothing
POSTURE_SIGMA_M = 0.015  # how much somebody's mean height differs between two walks
HEIGHT_SIGMA_M = 0.05  # of what one second shows
LEAST_FRAMES = 3  # on each side


@dataclass(frozen=True, eq=False)
class Track:
    """One person from frame `first` on: means (T, 4) of x, y and their speeds; seen (T, 3): x, y and height, m, as the
    boxes of that frame alone say, NaN where there are none; spread (T, 2, 2): covariance of x and y."""

    first: int
    means: np.ndarray
    seen: np.ndarray
    spread: np.ndarray

    def __len__(self) -> int:
        return len(self.means)

    @property
    def end(self) -> int:
        """The frame after the last."""
        return self.first + len(self)

    def until(self, frame: int) -> "Track":
        """Its frames before `frame`."""
        return self._part(slice(None, max(0, frame - self.first)), self.first)

    def since(self, frame: int) -> "Track":
        """Its frames from `frame` on."""
        return self._part(slice(max(0, frame - self.first), None), max(frame, self.first))

    def _part(self, rows: slice, first: int) -> "Track":
        return Track(first, self.means[rows], self.seen[rows], self.spread[rows])

    def followed_by(self, other: "Track") -> "Track":
        """Both as one; `other` begins where this ends."""
        columns = [np.concatenate([getattr(self, name), getattr(other, name)]) for name in ("means", "seen", "spread")]
        return Track(self.first, *columns)


def untangled(tracks: Sequence[Track], fps: float, config: LocateConfig) -> list[Track]:
    """The same tracks with tails exchanged at crossings where that fits better by `swap_evidence`."""
    tracks = list(tracks)
    if len(tracks) < 2:
        return tracks
    known = {(i, j): best_exchange(tracks[i], tracks[j], fps, config) for i, j in combinations(range(len(tracks)), 2)}
    for _ in range(len(tracks) ** 2):  # ascent ends by itself; rounding must not make it run in circles
        pair = max(known, key=lambda one: (known[one][0], one))
        ratio, frame = known[pair]
        if ratio <= config.swap_evidence:
            break
        one, other = tracks[pair[0]], tracks[pair[1]]
        tracks[pair[0]] = one.until(frame).followed_by(other.since(frame))
        tracks[pair[1]] = other.until(frame).followed_by(one.since(frame))
        for again in known:
            if set(again) & set(pair):
                known[again] = best_exchange(tracks[again[0]], tracks[again[1]], fps, config)
    return tracks


def best_exchange(one: Track, other: Track, fps: float, config: LocateConfig) -> tuple[float, int]:
    """The log-likelihood ratio of exchanging tails at the best frame, and that frame; −∞ without a crossing."""
    first, last = max(one.first, other.first) + LEAST_FRAMES, min(one.end, other.end) - LEAST_FRAMES
    best = (-np.inf, first)
    if last <= first:
        return best
    apart_m = np.linalg.norm(
        one.means[first - one.first : last - one.first, :2] - other.means[first - other.first : last - other.first, :2],
        axis=1,
    )
    for frame in (first + np.flatnonzero(apart_m < config.crossing_m)).tolist():
        ratio = _by_movement(one, other, frame, fps, config) + _by_height(one, other, frame, fps)
        best = max(best, (ratio, frame))
    return best


def _by_movement(one: Track, other: Track, frame: int, fps: float, config: LocateConfig) -> float:
    reach = round(WINDOW_S * fps)
    heads = [track.since(frame - reach).until(frame) for track in (one, other)]
    tails = [track.since(frame).until(frame + reach) for track in (one, other)]
    kept = sum(_movement(heads[i].followed_by(tails[i]), fps, config) for i in (0, 1))
    exchanged = sum(_movement(heads[i].followed_by(tails[1 - i]), fps, config) for i in (0, 1))
    return exchanged - kept


def _movement(track: Track, fps: float, config: LocateConfig) -> float:
    """Log-likelihood, up to a constant, of the places seen under walking at a nearly constant speed."""
    total, waited = 0.0, 0
    mean: np.ndarray | None = None
    covariance = np.zeros((4, 4))
    for place, spread in zip(track.seen[:, :2], track.spread, strict=True):
        waited += 1
        if np.isnan(place).any():
            continue
        blur = spread + np.eye(2) * PLACE_SIGMA_M**2
        if mean is None:
            mean = np.array([*place, 0, 0])
            covariance = np.diag([blur[0, 0], blur[1, 1], config.speed_m_s**2, config.speed_m_s**2])
        else:
            move, unsure = transition(waited / fps)[:4, :4], noise(waited / fps, config)[:4, :4]
            mean, covariance = move @ mean, move @ covariance @ move.T + unsure
            expected = covariance[:2, :2] + blur
            off = place - mean[:2]
            gain = covariance[:, :2] @ np.linalg.inv(expected)
            squared = float(off @ np.linalg.solve(expected, off))
            total -= np.log(np.linalg.det(expected)) / 2 + (FREEDOM + 2) / 2 * np.log1p(squared / FREEDOM)
            mean, covariance = mean + gain @ off, covariance - gain @ expected @ gain.T
        waited = 0
    return total


def _by_height(one: Track, other: Track, frame: int, fps: float) -> float:
    heads = [_height(track.until(frame), fps) for track in (one, other)]
    tails = [_height(track.since(frame), fps) for track in (one, other)]
    return (_misfit(heads[0], tails[0]) + _misfit(heads[1], tails[1])
            - _misfit(heads[0], tails[1]) - _misfit(heads[1], tails[0])) / 2  # fmt: skip


Height = tuple[float, float] | None


def _height(track: Track, fps: float) -> Height:
    """Median height and its variance, None where nothing was seen."""
    heights = track.seen[~np.isnan(track.seen[:, 2]), 2]
    if not len(heights):
        return None
    return float(np.median(heights)), POSTURE_SIGMA_M**2 + HEIGHT_SIGMA_M**2 * fps / len(heights)


def _misfit(one: Height, other: Height) -> float:
    """−2 log of the likelihood that two heights are one person's; 0 where nothing is known."""
    if one is None or other is None:
        return 0.0
    variance = one[1] + other[1]
    return (one[0] - other[0]) ** 2 / variance + float(np.log(variance))
