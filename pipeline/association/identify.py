"""From every camera's tracks to who is who: clocks, tracklets that change person, association."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.types import Identity, Tracklet
from pipeline.association.clocks import Clocks
from pipeline.association.config import AssociateConfig
from pipeline.association.corrections import Corrections
from pipeline.association.cut import cut
from pipeline.association.merging import LooksOf, associate, clocks_of, common_paths
from pipeline.association.overlap import overlapping_views
from pipeline.association.switches import find_switches
from pipeline.association.view_clocks import clock_notes
from pipeline.association.view_map import ViewMap
from pipeline.calibration import Calibration
from pipeline.camera_tracks import CameraTracks


@dataclass(frozen=True)
class Identified:
    """tracks: of every camera, cut where a tracklet changes person; identities: who those tracklets are.

    clocks: of calibrated cameras; warnings: what a user should hear about the clocks of all cameras.
    """

    tracks: Sequence[CameraTracks]
    identities: Sequence[Identity]
    clocks: Clocks
    warnings: Sequence[str] = ()


def identify(
    tracks: Sequence[CameraTracks],
    config: AssociateConfig,
    calibrations: Mapping[str, Calibration],
    given: Collection[str],
    corrections: Corrections = Corrections(),  # noqa: B008  frozen, hence safe to share
    looks: LooksOf | None = None,
) -> Identified:
    """As `associate`, of whole cameras. given: those whose clock the user set.

    Tracklets are cut by what is found without the corrections and at a caution of its own, so that neither corrections
    nor caution change the tracklets that corrections are about.
    """
    tracks = list(tracks)
    cameras = [one.camera for one in tracks]
    clocks = clocks_of([t for one in tracks for t in one.tracklets], cameras, config, calibrations, given)
    steady = replace(config, caution=config.switch_caution)
    for _ in range(config.switch_rounds):
        pieces = _recut(tracks, steady, calibrations, clocks, looks)
        if pieces is None:
            break
        tracks = pieces
    identities = _associate(tracks, config, calibrations, clocks, looks, corrections)
    views = _overlapping(tracks, identities, config, calibrations, clocks)
    notes = clock_notes(views, {camera.id: camera.offset_s for camera in cameras})
    return Identified(tracks, identities, clocks, [*clocks.warnings, *notes])


def _overlapping(
    tracks: Sequence[CameraTracks],
    identities: Sequence[Identity],
    config: AssociateConfig,
    calibrations: Mapping[str, Calibration],
    clocks: Clocks,
) -> dict[tuple[str, str], ViewMap]:
    """The cameras that turn out to see the same floor, by who is who in the end."""
    if not config.overlap_rounds:
        return {}
    cameras = [one.camera for one in tracks]
    tracklets = sorted((tracklet for one in tracks for tracklet in one.tracklets), key=lambda one: one.key)
    paths = common_paths(tracklets, cameras, config, calibrations, clocks)
    on_floor = np.isin(np.arange(len(tracklets)), list(paths))
    return overlapping_views(tracklets, cameras, _label(tracklets, identities), on_floor, config)


def _label(tracklets: Sequence[Tracklet], identities: Sequence[Identity]) -> np.ndarray:
    """The identity of each tracklet (N,)."""
    owner = {key: identity.id for identity in identities for key in identity.tracklets}
    return np.array([owner[one.key] for one in tracklets], np.int64)


def _recut(
    tracks: Sequence[CameraTracks],
    config: AssociateConfig,
    calibrations: Mapping[str, Calibration],
    clocks: Clocks,
    looks: LooksOf | None,
) -> list[CameraTracks] | None:
    """The tracks with the tracklets in pieces that change person; None if none does."""
    tracklets = sorted((tracklet for one in tracks for tracklet in one.tracklets), key=lambda one: one.key)
    paths = common_paths(tracklets, [one.camera for one in tracks], config, calibrations, clocks)
    if len({tracklets[row].key.camera for row in paths}) < 2:
        return None
    found = _associate(tracks, config, calibrations, clocks, looks)
    rows: dict[str, dict[int, list[int]]] = {}
    for row, instants_s in find_switches(tracklets, paths, _label(tracklets, found), config).items():
        one = tracklets[row]
        times_s = one.times_s + clocks.offset_s(one.key.camera)
        rows.setdefault(one.key.camera, {})[one.key.local_id] = np.searchsorted(times_s, instants_s).tolist()
    return [cut(one, rows[one.camera.id]) if one.camera.id in rows else one for one in tracks] if rows else None


def _associate(
    tracks: Sequence[CameraTracks],
    config: AssociateConfig,
    calibrations: Mapping[str, Calibration],
    clocks: Clocks,
    looks: LooksOf | None,
    corrections: Corrections = Corrections(),  # noqa: B008
) -> list[Identity]:
    tracklets = [tracklet for one in tracks for tracklet in one.tracklets]
    appearances = {appearance.key: appearance for one in tracks for appearance in one.appearances}
    cameras = [one.camera for one in tracks]
    return associate(tracklets, appearances, cameras, config, calibrations, looks, corrections, clocks)
