"""The passes over a whole recording, in their order: split, join, leave out clutter, fill and steady, hand over."""

from dataclasses import dataclass, replace

import numpy as np

from core.types import Tracklet, TrackletKey
from trackers.config import OfflineConfig, SplitConfig
from trackers.offline.backwards import backward_ids, backward_links
from trackers.offline.clutter import doubles, is_clutter
from trackers.offline.common_path import common_path
from trackers.offline.hand_over import hand_over
from trackers.offline.join import Hints, Looks, chains, mean_looks
from trackers.offline.smooth import fill
from trackers.offline.split import cuts, pieces_of

Origin = dict[TrackletKey, list[tuple[TrackletKey, int, int]]]


@dataclass(frozen=True, eq=False)
class Refined:
    """Tracklets with new local ids from 1 up, and where each came from: (old key, first frame, last frame)."""

    tracklets: list[Tracklet]
    origin: Origin


def refine(
    tracklets: list[Tracklet], frame_times_s: np.ndarray, width: int, height: int,
    config: OfflineConfig | None = None, appearances: Looks | None = None,
) -> Refined:  # fmt: skip
    """Better tracklets of one camera, now that all its frames are known.

    frame_times_s (F,): presentation time of every frame. width, height: of the picture, px. appearances: the crops of
    each tracklet, by its key, where they were looked at. No tracklets give none. Never two boxes of one tracklet in a
    frame; filled boxes never reach beyond the picture.
    """
    config = config or OfflineConfig()
    times_s = np.asarray(frame_times_s, np.float64)
    tracklets = [tracklet for tracklet in tracklets if len(tracklet)]
    path = common_path(tracklets, len(times_s))
    pieces, hints = tracklets, Hints()
    if config.splitting:
        pieces, hints = _cut(tracklets, times_s, config.split, appearances)
    groups = [[i] for i in range(len(pieces))]
    if config.joining:
        groups = chains(pieces, config.join, replace(hints, looks=mean_looks(pieces, appearances), path=path))
    whole = [_concatenate([pieces[i] for i in group]) for group in groups]
    if config.cleaning:
        kept = [k for k, tracklet in enumerate(whole) if not is_clutter(tracklet, config.clutter)]
        double = doubles([whole[k] for k in kept], config.clutter)  # of what is left: nobody goes for lying on clutter
        kept = [k for place, k in enumerate(kept) if place not in double]
        whole, groups = [whole[k] for k in kept], [groups[k] for k in kept]
    if config.filling:
        whole = fill(whole, times_s, (width, height), config.smooth, path)
    if config.handing_over:  # last: two tracklets most often share a moment because one was filled up to its end
        whole = hand_over(whole, config.hand_over)
    order = sorted(range(len(whole)), key=lambda k: (int(whole[k].frames[0]), whole[k].key))
    named, origin = [], {}
    for number, k in enumerate(order, 1):
        key = TrackletKey(whole[k].key.camera, number)
        named.append(replace(whole[k], key=key))
        origin[key] = _within(_spans([pieces[i] for i in groups[k]]), whole[k])
    return Refined(named, origin)


def _cut(
    tracklets: list[Tracklet], times_s: np.ndarray, config: SplitConfig, appearances: Looks | None
) -> tuple[list[Tracklet], Hints]:
    """The pieces of all tracklets, which of them the tracker had linked in either direction, and which must not be."""
    ids = backward_ids(tracklets, times_s) if config.backwards else [None] * len(tracklets)
    pieces: list[Tracklet] = []
    piece_ids: list[int] = []
    forward: set[tuple[int, int]] = set()
    apart: set[tuple[int, int]] = set()
    for tracklet, mine in zip(tracklets, ids, strict=True):
        rows, changed = cuts(tracklet, mine, appearances.get(tracklet.key) if appearances else None, config)
        for row, piece in zip([0, *rows], pieces_of(tracklet, rows), strict=True):
            if row > 0:
                (apart if row in changed else forward).add((len(pieces) - 1, len(pieces)))
            pieces.append(piece)
            piece_ids.append(-1 if mine is None else int(mine[row]))
    return pieces, Hints(forward=frozenset(forward), backward=backward_links(pieces, piece_ids), apart=frozenset(apart))


def _spans(parts: list[Tracklet]) -> list[tuple[TrackletKey, int, int]]:
    """Key, first and last frame of each part: what was cut out between two parts of one tracklet is in none of them."""
    return [(part.key, int(part.frames[0]), int(part.frames[-1])) for part in parts]


def _within(spans: list[tuple[TrackletKey, int, int]], tracklet: Tracklet) -> list[tuple[TrackletKey, int, int]]:
    """What is left of the spans in the life of the tracklet: a moment that was handed over is no longer its own."""
    first, last = int(tracklet.frames[0]), int(tracklet.frames[-1])
    return [(key, max(a, first), min(b, last)) for key, a, b in spans if a <= last and b >= first]


def _concatenate(parts: list[Tracklet]) -> Tracklet:
    if len(parts) == 1:
        return parts[0]
    joints = [part.keypoints_xyc for part in parts if part.keypoints_xyc is not None]
    keypoints = np.concatenate(joints) if len(joints) == len(parts) else None
    frames, times_s, boxes_xyxy, scores, source = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("frames", "times_s", "boxes_xyxy", "scores", "source")
    )
    return Tracklet(parts[0].key, frames, times_s, boxes_xyxy, scores, source, keypoints)
