"""Nobody is twice in one frame of one camera: who may not be linked, and the proof that nobody was."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from core.errors import ConstraintError
from core.types import Identity, Tracklet, TrackletKey
from pipeline.association.pair_set import PairSet


def cannot_link(tracklets: Sequence[Tracklet]) -> PairSet:
    """The pairs of N tracklets that share a frame of one camera."""
    rows_of: dict[str, list[int]] = {}
    for row, tracklet in enumerate(tracklets):
        rows_of.setdefault(tracklet.key.camera, []).append(row)
    found = [np.zeros((2, 0), np.int64)]
    for rows in rows_of.values():
        found.append(np.array(rows)[_share_a_frame([tracklets[row].frames for row in rows])])
    return PairSet.of(len(tracklets), *np.concatenate(found, axis=1))


def _share_a_frame(frames: Sequence[np.ndarray]) -> np.ndarray:
    """The pairs (2, P) of frame sets that meet: the boolean square of their incidence with frames."""
    lengths = np.array([len(part) for part in frames])
    if not lengths.sum():
        return np.zeros((2, 0), np.int64)
    columns, inverse = np.unique(np.concatenate(frames), return_inverse=True)
    rows = np.repeat(np.arange(len(frames)), lengths)
    incidence = sparse.csr_array((np.ones(len(rows), np.int32), (rows, inverse)), shape=(len(frames), len(columns)))
    return np.array(sparse.triu(incidence @ incidence.T, 1).nonzero(), np.int64)


def check(tracklets: Sequence[Tracklet] | Mapping[TrackletKey, Tracklet], identities: Sequence[Identity]) -> None:
    """Prove that every tracklet is in exactly one identity and no identity is twice in a frame of a camera.

    Linear in the boxes. Raises ConstraintError naming the identity, the camera and the first frame.
    """
    values = tracklets.values() if isinstance(tracklets, Mapping) else tracklets
    by_key = {tracklet.key: tracklet for tracklet in values}
    owner: dict[TrackletKey, int] = {}
    for identity in identities:
        for key in identity.tracklets:
            if key not in by_key:
                raise ConstraintError(f"identity {identity.id} holds {tuple(key)}, which is no tracklet of this run")
            if key in owner:
                raise ConstraintError(f"tracklet {tuple(key)} is in identity {owner[key]} and in {identity.id}")
            owner[key] = identity.id
        _check_frames(identity, by_key)
    missing = sorted(by_key.keys() - owner.keys())
    if missing:
        raise ConstraintError(f"{len(missing)} tracklets have no identity, the first is {tuple(missing[0])}")


def _check_frames(identity: Identity, by_key: Mapping[TrackletKey, Tracklet]) -> None:
    seen: dict[str, list[np.ndarray]] = {}
    for key in identity.tracklets:
        seen.setdefault(key.camera, []).append(by_key[key].frames)
    for camera, parts in seen.items():
        frames, counts = np.unique(np.concatenate(parts), return_counts=True)
        if (counts > 1).any():
            frame = int(frames[counts > 1][0])
            here = [key for key in identity.tracklets if key.camera == camera]
            guilty = [key.local_id for key in here if frame in by_key[key].frames]
            raise ConstraintError(
                f"identity {identity.id} would be {len(guilty)} times in frame {frame} of camera {camera!r} "
                f"(tracklets {guilty})"
            )
