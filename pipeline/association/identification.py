"""From every camera's tracks to who is who: clocks, tracklets that change person, association."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.types import Appearance, Identity, Tracklet, TrackletKey
from pipeline.association.clocks import Clocks
from pipeline.association.config import AssociateConfig
from pipeline.association.conflicts import find_conflicts
from pipeline.association.corrections import Corrections
from pipeline.association.cut import cut
from pipeline.association.floor import FloorPath
from pipeline.association.merging import LooksOf, associate, clocks_of, common_paths, tracklet_looks
from pipeline.association.overlap import overlapping_views
from pipeline.association.switches import Unlike, find_switches
from pipeline.association.view_clocks import clock_notes
from pipeline.association.view_map import ViewMap
from pipeline.calibration import Calibration
from pipeline.camera_tracks import CameraTracks
from pipeline.result import CameraResult


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
    clocks = clocks_of(_tracklets(tracks), cameras, config, calibrations, given)
    site = _Site(cameras, calibrations, clocks, looks)
    tracks, settled = _cut_changes(tracks, replace(config, caution=config.switch_caution), site)
    if settled is None or config.caution != config.switch_caution or corrections.mentioned():
        settled = site.associate(tracks, config, corrections)
    notes = clock_notes(_overlapping(tracks, settled, config, site), {camera.id: camera.offset_s for camera in cameras})
    return Identified(tracks, settled, clocks, [*clocks.warnings, *notes])


@dataclass(frozen=True, eq=False)
class _Site:
    """What stays as it is however tracklets are cut."""

    cameras: Sequence[CameraResult]
    calibrations: Mapping[str, Calibration]
    clocks: Clocks
    looks: LooksOf | None

    def associate(
        self,
        tracks: Sequence[CameraTracks],
        config: AssociateConfig,
        corrections: Corrections = Corrections(),  # noqa: B008
    ) -> list[Identity]:
        everybody, crops = _tracklets(tracks), _appearances(tracks)
        return associate(
            everybody, crops, self.cameras, config, self.calibrations, self.looks, corrections, self.clocks
        )

    def unlike(self, tracks: Sequence[CameraTracks], config: AssociateConfig) -> Unlike:
        """By row of `_tracklets`: whether the crops of two stretches of a tracklet look like two people."""
        tracklets = _tracklets(tracks)
        appearances = _appearances(tracks)
        looks = self.looks or tracklet_looks

        def unlike(row: int, begin_s: float, change_s: float, end_s: float) -> bool:
            one = tracklets[row]
            if (whole := appearances.get(one.key)) is None:
                return False
            times_s = one.times_s[np.searchsorted(one.frames, whole.frames)] + self.clocks.offset_s(one.key.camera)
            stretches = [(begin_s, change_s), (change_s, end_s)]
            parts = [np.flatnonzero((times_s >= first) & (times_s < last)) for first, last in stretches]
            pair = [Appearance(one.key, whole.frames[part], whole.descriptors[part]) for part in parts]
            distance, evidence = looks(pair).block(np.array([0]), np.array([1]))
            return bool(evidence[0, 0] > 0 and distance[0, 0] > config.switch_unlike)

        return unlike

    def paths(self, tracklets: Sequence[Tracklet], config: AssociateConfig) -> dict[int, FloorPath]:
        return common_paths(tracklets, self.cameras, config, self.calibrations, self.clocks)


def _tracklets(tracks: Sequence[CameraTracks]) -> list[Tracklet]:
    """Those of all cameras, by key."""
    return sorted((tracklet for one in tracks for tracklet in one.tracklets), key=lambda one: one.key)


def _appearances(tracks: Sequence[CameraTracks]) -> dict[TrackletKey, Appearance]:
    """Those of all cameras."""
    return {appearance.key: appearance for one in tracks for appearance in one.appearances}


def _label(tracklets: Sequence[Tracklet], identities: Sequence[Identity]) -> np.ndarray:
    """The identity of each tracklet (N,)."""
    owner = {key: identity.id for identity in identities for key in identity.tracklets}
    return np.array([owner[one.key] for one in tracklets], np.int64)


def _cut_changes(
    tracks: list[CameraTracks], config: AssociateConfig, site: _Site
) -> tuple[list[CameraTracks], list[Identity] | None]:
    """The tracks with the tracklets in pieces that change person; who is who in them, None where nobody knows yet."""
    for _ in range(config.switch_rounds):
        tracklets = _tracklets(tracks)
        found = site.associate(tracks, config)
        label = _label(tracklets, found)
        conflicts = find_conflicts(tracklets, _appearances(tracks), label, config, site.looks or tracklet_looks)
        begins = {row: [begin] for row, begin in conflicts.items()}
        paths = site.paths(tracklets, config)
        for row, instants_s in find_switches(tracklets, paths, label, config, site.unlike(tracks, config)).items():
            times_s = tracklets[row].times_s + site.clocks.offset_s(tracklets[row].key.camera)
            # What the floor sees is as exact as its moments; looks only know between which crops it was.
            begins[row] = np.searchsorted(times_s, instants_s).tolist()
        if not begins:
            return tracks, found
        rows: dict[str, dict[int, list[int]]] = {}
        for row, within in begins.items():
            key = tracklets[row].key
            rows.setdefault(key.camera, {})[key.local_id] = within
        tracks = [cut(one, rows[one.camera.id]) if one.camera.id in rows else one for one in tracks]
    return tracks, None


def _overlapping(
    tracks: Sequence[CameraTracks], identities: Sequence[Identity], config: AssociateConfig, site: _Site
) -> dict[tuple[str, str], ViewMap]:
    """The cameras that turn out to see the same floor, by who is who in the end."""
    if not config.overlap_rounds:
        return {}
    tracklets = _tracklets(tracks)
    on_floor = np.isin(np.arange(len(tracklets)), list(site.paths(tracklets, config)))
    return overlapping_views(tracklets, site.cameras, _label(tracklets, identities), on_floor, config)
