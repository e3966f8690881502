"""Tracklets of all cameras become identities."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from core.types import Appearance, Evidence, Identity, Tracklet, TrackletKey
from pipeline.association.config import AssociateConfig
from pipeline.association.constraints import cannot_link, check
from pipeline.association.linkage import average_linkage
from pipeline.association.membership import explain
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
    groups, reasons = _group(seen, [appearances[tracklet.key] for tracklet in seen], config, distance)
    grouped = {key for group in groups for key in group}
    groups += [(tracklet.key,) for tracklet in ordered if tracklet.key not in grouped]
    identities = _number(groups, reasons, {tracklet.key: tracklet for tracklet in ordered})
    check(ordered, identities)
    return identities


def _group(
    tracklets: Sequence[Tracklet],
    appearances: Sequence[Appearance],
    config: AssociateConfig,
    measure: AppearanceDistance | None,
) -> tuple[list[tuple[TrackletKey, ...]], dict[TrackletKey, Evidence]]:
    """Groups of keys and why, for tracklets with at least one descriptor."""
    if not tracklets:
        return [], {}
    distance, evidence = (measure or _appearance_distance)(appearances)
    forbidden = cannot_link(tracklets)
    label = average_linkage(distance, evidence, forbidden, config.largest_distance)
    groups = [tuple(tracklets[int(row)].key for row in np.flatnonzero(label == first)) for first in np.unique(label)]
    return groups, explain(label, distance, evidence, forbidden, appearances)


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
