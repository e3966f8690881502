"""Tracklets of all cameras become identities."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from core.types import Appearance, Evidence, Identity, Tracklet, TrackletKey
from pipeline.association.config import AssociateConfig
from pipeline.association.constraints import cannot_link, check
from pipeline.association.floor import floor_evidence
from pipeline.association.membership import explain
from pipeline.association.scale import strangers_distance
from pipeline.association.solve import solve
from pipeline.association.travel import Timeline
from pipeline.calibration import Calibration
from pipeline.result import CameraResult

# Appearances of N tracklets to their distances (N, N) and the amount of evidence (N, N) behind each; 0 is none.
AppearanceDistance = Callable[[Sequence[Appearance]], tuple[np.ndarray, np.ndarray]]


def associate(
    tracklets: Sequence[Tracklet],
    appearances: Mapping[TrackletKey, Appearance],
    cameras: Sequence[CameraResult],
    config: AssociateConfig = AssociateConfig(),  # noqa: B008  frozen, hence safe to share
    calibrations: Mapping[str, Calibration] | None = None,
    distance: AppearanceDistance | None = None,
) -> list[Identity]:
    """Every tracklet in exactly one identity, by id from 1 in the order of first appearance, camera, local id.

    A tracklet without a descriptor is an identity alone. The result does not depend on the order of the input.
    `distance` replaces `reid.tracklet.tracklet_distance`. No tracklets: no identities. Raises ConstraintError if an
    identity were twice in one frame of one camera (never expected: the linkage cannot do it).
    """
    ordered = sorted(tracklets, key=lambda tracklet: tracklet.key)
    described = {key for key, appearance in appearances.items() if len(appearance.descriptors)}
    seen = [tracklet for tracklet in ordered if tracklet.key in described]
    clusters, reasons = _cluster(seen, appearances, cameras, config, calibrations or {}, distance)
    clusters += [(tracklet.key,) for tracklet in ordered if tracklet.key not in described]
    identities = _number(clusters, reasons, {tracklet.key: tracklet for tracklet in ordered})
    check(ordered, identities)
    return identities


def _cluster(
    tracklets: Sequence[Tracklet],
    appearances: Mapping[TrackletKey, Appearance],
    cameras: Sequence[CameraResult],
    config: AssociateConfig,
    calibrations: Mapping[str, Calibration],
    measure: AppearanceDistance | None,
) -> tuple[list[tuple[TrackletKey, ...]], dict[TrackletKey, Evidence]]:
    """Clusters of keys, and why, for tracklets with at least one descriptor each."""
    if not tracklets:
        return [], {}
    looks = [appearances[tracklet.key] for tracklet in tracklets]
    apparent, evidence = (measure or _appearance_distance)(looks)
    forbidden = cannot_link(tracklets)
    distance = apparent / strangers_distance(apparent, evidence, forbidden, config.scale_prior)
    if config.floor and calibrations:
        nats, apart = floor_evidence(tracklets, cameras, calibrations, config)
        distance, forbidden = distance - config.nat_distance * nats, forbidden | apart
    solution = solve(distance, evidence, forbidden, _timeline(tracklets), config)
    label = solution.label
    clusters = [tuple(tracklets[int(row)].key for row in np.flatnonzero(label == first)) for first in np.unique(label)]
    return clusters, explain(label, apparent, solution.distance, evidence, forbidden, looks)


def _timeline(tracklets: Sequence[Tracklet]) -> Timeline:
    """Each camera is a clock of its own: what its offset to the others is, the travel times learn."""
    _, clock = np.unique([tracklet.key.camera for tracklet in tracklets], return_inverse=True)
    middle_s = [(one.times_s[0] + one.times_s[-1]) / 2 if len(one) else 0.0 for one in tracklets]
    return Timeline(clock, np.array(middle_s, np.float64))


def _appearance_distance(appearances: Sequence[Appearance]) -> tuple[np.ndarray, np.ndarray]:
    from reid.tracklet import tracklet_distance

    return tracklet_distance(appearances)


def _number(
    groups: Sequence[tuple[TrackletKey, ...]],
    reasons: Mapping[TrackletKey, Evidence],
    by_key: Mapping[TrackletKey, Tracklet],
) -> list[Identity]:
    """Identities counted from 1, in the order in which people were first seen."""

    def first_seen(key: TrackletKey) -> tuple[float, TrackletKey]:
        times_s = by_key[key].times_s
        return (float(times_s[0]) if len(times_s) else np.inf, key)

    ranked = sorted((sorted(group, key=first_seen) for group in groups), key=lambda group: first_seen(group[0]))
    return [
        Identity(number, tuple(group), {key: reasons.get(key, Evidence()) for key in group})
        for number, group in enumerate(ranked, start=1)
    ]
