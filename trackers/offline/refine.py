"""The passes over a whole recording, in their order: split, leave out clutter, join, fill and steady."""

from dataclasses import dataclass, replace

import numpy as np

from core.types import Tracklet, TrackletKey
from trackers.config import OfflineConfig
from trackers.offline.clutter import doubles, is_clutter
from trackers.offline.join import Looks, chains, mean_looks
from trackers.offline.smooth import fill
from trackers.offline.split import split

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
    pieces = [tracklet for tracklet in tracklets if len(tracklet)]
    if config.splitting:
        pieces = [piece for whole in pieces for piece in split(
            whole, appearances.get(whole.key) if appearances else None, config.split, config.join)]  # fmt: skip
    groups = [[i] for i in range(len(pieces))]
    if config.joining:
        groups = chains(pieces, config.join, mean_looks(pieces, appearances))
    whole = [_concatenate([pieces[i] for i in group]) for group in groups]
    if config.cleaning:
        double = doubles(whole, config.clutter)
        kept = [k for k, tracklet in enumerate(whole) if k not in double and not is_clutter(tracklet, config.clutter)]
        whole, groups = [whole[k] for k in kept], [groups[k] for k in kept]
    if config.filling:
        whole = fill(whole, np.asarray(frame_times_s, np.float64), (width, height), config.smooth)
    order = sorted(range(len(whole)), key=lambda k: (int(whole[k].frames[0]), whole[k].key))
    named, origin = [], {}
    for number, k in enumerate(order, 1):
        key = TrackletKey(whole[k].key.camera, number)
        named.append(replace(whole[k], key=key))
        origin[key] = [(pieces[i].key, int(pieces[i].frames[0]), int(pieces[i].frames[-1])) for i in groups[k]]
    return Refined(named, origin)


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
