"""One camera's tracks with some of its tracklets in pieces."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.types import Appearance, Tracklet, TrackletKey
from pipeline.camera_tracks import CameraTracks


def cut(tracks: CameraTracks, rows: Mapping[int, Sequence[int]]) -> CameraTracks:
    """The tracks with those tracklets in pieces whose local id is in `rows`, each cut before those of its rows.

    The first piece keeps the tracklet's local id, the others are numbered on from the camera's largest, in the order of
    those ids. Every crop stays with the piece that holds its frame; pieces without one have no appearance.
    """
    looks = {one.key: one for one in tracks.appearances}
    tracklets: list[Tracklet] = []
    appearances: list[Appearance] = []
    free = max((one.key.local_id for one in tracks.tracklets), default=0) + 1
    for whole in sorted(tracks.tracklets, key=lambda one: one.key):
        inside = sorted({row for row in rows.get(whole.key.local_id, ()) if 0 < row < len(whole)})
        if not inside:
            tracklets.append(whole)
            appearances += [looks[whole.key]] if whole.key in looks else []
            continue
        for number, (begin, end) in enumerate(zip([0, *inside], [*inside, len(whole)], strict=True)):
            key = whole.key if number == 0 else TrackletKey(whole.key.camera, free)
            free += number > 0
            piece = replace(whole[begin:end], key=key)
            tracklets.append(piece)
            if whole.key in looks:
                appearances += _within(looks[whole.key], piece)
    return replace(tracks, tracklets=tracklets, appearances=appearances)


def _within(whole: Appearance, piece: Tracklet) -> list[Appearance]:
    """The crops of the frames from the piece's first to its last, if there are any."""
    kept = np.flatnonzero((whole.frames >= piece.frames[0]) & (whole.frames <= piece.frames[-1]))
    return [Appearance(piece.key, whole.frames[kept], whole.descriptors[kept])] if len(kept) else []
