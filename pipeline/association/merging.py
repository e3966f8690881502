"""Tracklets of all cameras become identities."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from core.types import Appearance, Evidence, Identity, Tracklet, TrackletKey
from pipeline.association.config import AssociateConfig
from pipeline.association.constraints import cannot_link, check
from pipeline.association.corrections import Corrections, Links, check_corrections, resolve_corrections
from pipeline.association.doubt import judge
from pipeline.association.floor import floor_evidence
from pipeline.association.labels import canonical
from pipeline.association.membership import explain
from pipeline.association.pairs import MatrixPairs
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
    corrections: Corrections = Corrections(),  # noqa: B008
) -> list[Identity]:
    """Every tracklet in exactly one identity, by id from 1 in the order of first appearance, camera, local id.

    A tracklet without a descriptor is an identity alone and unknown, unless `corrections` link it: what they say
    stands. So is one whose membership is too doubtful. The result does not depend on the order of the input. `distance`
    replaces `reid.tracklet.tracklet_distance`. No tracklets: no identities. Raises ConstraintError if an identity were
    twice in one frame of one camera (never expected: the linkage cannot do it), UsageError where the corrections
    contradict each other or the frames.
    """
    ordered = sorted(tracklets, key=lambda tracklet: tracklet.key)
    described = {key for key, appearance in appearances.items() if len(appearance.descriptors)}
    links = resolve_corrections(corrections, [one.key for one in ordered], cannot_link(ordered))
    rows = [row for row, one in enumerate(ordered) if one.key in described or one.key in corrections.mentioned()]
    seen = [ordered[row] for row in rows]
    clusters, reasons = _cluster(
        seen, appearances, cameras, config, calibrations or {}, distance, _of_rows(links, np.array(rows, np.int64))
    )
    described = {one.key for one in seen}
    clusters += [(tracklet.key,) for tracklet in ordered if tracklet.key not in described]
    identities = _number(clusters, reasons, {tracklet.key: tracklet for tracklet in ordered})
    check(ordered, identities)
    check_corrections(corrections, identities)
    return identities


def _of_rows(links: Links, rows: np.ndarray) -> Links:
    """The same links for some of the tracklets (K,), in order, which hold all that are linked."""
    return Links(canonical(links.start[rows]), np.searchsorted(rows, links.apart))


def _cluster(
    tracklets: Sequence[Tracklet],
    appearances: Mapping[TrackletKey, Appearance],
    cameras: Sequence[CameraResult],
    config: AssociateConfig,
    calibrations: Mapping[str, Calibration],
    measure: AppearanceDistance | None,
    links: Links,
) -> tuple[list[tuple[TrackletKey, ...]], dict[TrackletKey, Evidence]]:
    """Clusters of keys, and why, for tracklets with at least one descriptor each or linked by the user."""
    if not tracklets:
        return [], {}
    apparent, evidence = _all_looks(tracklets, appearances, measure or _appearance_distance)
    forbidden = cannot_link(tracklets)
    distance = apparent / strangers_distance(apparent, evidence, forbidden, config.scale_prior)
    if config.floor and calibrations:
        nats, apart = floor_evidence(tracklets, cameras, calibrations, config)
        distance, forbidden = distance - config.nat_distance * nats, forbidden | apart
    # The user's word is above the floor's; frames that two tracklets share were checked when it was read.
    forbidden = forbidden & (links.start[:, None] != links.start)
    forbidden[links.apart[:, 0], links.apart[:, 1]] = forbidden[links.apart[:, 1], links.apart[:, 0]] = True
    solution = solve(distance, evidence, forbidden, _timeline(tracklets), config, links.start)
    found = judge(solution, config, links.start)
    keys = [one.key for one in tracklets]
    clusters = [tuple(keys[int(row)] for row in np.flatnonzero(found.label == one)) for one in np.unique(found.label)]
    looks = MatrixPairs(apparent, evidence, forbidden)
    return clusters, explain(keys, found, solution.label, solution.pairs, looks, appearances)


def _described(tracklet: Tracklet, appearances: Mapping[TrackletKey, Appearance]) -> bool:
    return tracklet.key in appearances and len(appearances[tracklet.key].descriptors) > 0


def _all_looks(
    tracklets: Sequence[Tracklet], appearances: Mapping[TrackletKey, Appearance], measure: AppearanceDistance
) -> tuple[np.ndarray, np.ndarray]:
    """Distance and evidence (N, N); no evidence, and distance 1, where a tracklet has no descriptor."""
    some = np.array([row for row, one in enumerate(tracklets) if _described(one, appearances)], np.int64)
    apparent = np.ones((len(tracklets), len(tracklets)), np.float32)
    evidence = np.zeros_like(apparent)
    if len(some):
        apparent[np.ix_(some, some)], evidence[np.ix_(some, some)] = measure(
            [appearances[tracklets[int(row)].key] for row in some]
        )
    return apparent, evidence


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
        Identity(number, tuple(group), {key: reasons.get(key, Evidence(unknown=True)) for key in group})
        for number, group in enumerate(ranked, start=1)
    ]
