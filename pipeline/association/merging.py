"""Tracklets of all cameras become identities."""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from core.types import Appearance, Descriptors, Evidence, Identity, Tracklet, TrackletKey
from pipeline.association.clocks import Clocks, estimate_clocks
from pipeline.association.config import AssociateConfig
from pipeline.association.constraints import cannot_link, check
from pipeline.association.corrections import Corrections, Links, check_corrections, resolve_corrections
from pipeline.association.doubt import judge
from pipeline.association.floor import FloorPath, floor_evidence, floor_paths
from pipeline.association.labels import canonical
from pipeline.association.looks import FloorPairs, Looks, TrackletPairs, measure_near
from pipeline.association.membership import explain
from pipeline.association.overlap import overlap_evidence
from pipeline.association.pair_set import PairSet
from pipeline.association.scale import strangers_distance
from pipeline.association.solve import solve
from pipeline.association.travel import Timeline
from pipeline.calibration import Calibration
from pipeline.result import CameraResult

# Of each tracklet, so many times `neighbours` are compared beforehand: travel times may bring any of them near.
KEPT_PER_NEIGHBOUR = 4
# How N tracklets look, from one Appearance each, which may be empty.
LooksOf = Callable[[Sequence[Appearance]], Looks]


def associate(
    tracklets: Sequence[Tracklet],
    appearances: Mapping[TrackletKey, Appearance],
    cameras: Sequence[CameraResult],
    config: AssociateConfig = AssociateConfig(),  # noqa: B008  frozen, hence safe to share
    calibrations: Mapping[str, Calibration] | None = None,
    looks: LooksOf | None = None,
    corrections: Corrections = Corrections(),  # noqa: B008
    clocks: Clocks = Clocks({}),  # noqa: B008
) -> list[Identity]:
    """Every tracklet in exactly one identity, by id from 1 in the order of first appearance, camera, local id.

    A tracklet without a descriptor is an identity alone and unknown, unless `corrections` link it: what they say
    stands. So is one whose membership is too doubtful. The result does not depend on the order of the input. `looks`
    replaces `reid.tracklet.TrackletLooks`; `clocks` is what `clocks_of` found out. No tracklets: no identities. Raises
    ConstraintError if an identity were twice in one frame of one camera (never expected: the linkage cannot do it),
    UsageError where the corrections contradict each other or the frames.
    """
    ordered = sorted(tracklets, key=lambda tracklet: tracklet.key)
    described = {key for key, appearance in appearances.items() if len(appearance.descriptors)}
    links = resolve_corrections(corrections, [one.key for one in ordered], cannot_link(ordered))
    rows = [row for row, one in enumerate(ordered) if one.key in described or one.key in corrections.mentioned()]
    seen = [ordered[row] for row in rows]
    links = _of_rows(links, np.array(rows, np.int64))
    looks = looks or tracklet_looks
    clusters, reasons = _cluster(seen, appearances, cameras, config, calibrations or {}, clocks, looks, links)
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
    clocks: Clocks,
    looks_of: LooksOf,
    links: Links,
) -> tuple[list[tuple[TrackletKey, ...]], dict[TrackletKey, Evidence]]:
    """Clusters of keys, and why, for tracklets with at least one descriptor each or linked by the user."""
    if not tracklets:
        return [], {}
    looks = looks_of([appearances.get(one.key) or _nothing(one.key) for one in tracklets])
    paths = common_paths(tracklets, cameras, config, calibrations, clocks)
    floor, apart = floor_evidence(paths, tracklets, config)
    pairs = _pairs(tracklets, looks, floor, apart, config, links)
    timeline = _timeline(tracklets)
    solution = solve(pairs, timeline, config, links.start)
    on_floor = np.isin(np.arange(len(tracklets)), list(paths))
    for _ in range(config.overlap_rounds):
        before = solution.label
        overlap = overlap_evidence(tracklets, cameras, before, on_floor, config)
        if not len(overlap.pairs):
            break
        pairs = pairs.with_floor(floor | overlap)
        solution = solve(pairs, timeline, config, links.start)
        if (solution.label == before).all():  # what it would teach is known
            break
    found = judge(solution, config, links.start)
    keys = [one.key for one in tracklets]
    order = np.argsort(found.label, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(found.label[order])) + 1)
    clusters = [tuple(keys[int(row)] for row in group) for group in groups]
    return clusters, explain(keys, found, solution, pairs, appearances)


def clocks_of(
    tracklets: Sequence[Tracklet],
    cameras: Sequence[CameraResult],
    config: AssociateConfig,
    calibrations: Mapping[str, Calibration],
    given: Collection[str],
) -> Clocks:
    """What can be told about the clocks of calibrated cameras; those of `given` have one from the user."""
    if not (config.floor and config.clocks):
        return Clocks({})
    ordered = sorted(tracklets, key=lambda tracklet: tracklet.key)
    return estimate_clocks(floor_paths(ordered, cameras, calibrations, config), ordered, given, config)


def common_paths(
    tracklets: Sequence[Tracklet],
    cameras: Sequence[CameraResult],
    config: AssociateConfig,
    calibrations: Mapping[str, Calibration],
    clocks: Clocks,
) -> dict[int, FloorPath]:
    """Paths on the floor in common time, by row of tracklets, of cameras whose clock is known."""
    if not config.floor:
        return {}
    paths = floor_paths(tracklets, cameras, calibrations, config)
    cameras_of = {row: tracklets[row].key.camera for row in paths}
    unknown = clocks.unknown()
    return {row: clocks.shifted(paths[row], name) for row, name in cameras_of.items() if name not in unknown}


def _pairs(
    tracklets: Sequence[Tracklet],
    looks: Looks,
    floor: FloorPairs,
    apart: PairSet,
    config: AssociateConfig,
    links: Links,
) -> TrackletPairs:
    """All that is known about pairs of tracklets, but for travel times; floor, apart: what that says and forbids."""
    strangers = cannot_link(tracklets)
    forbidden, also = strangers | apart, strangers | floor.pairs.where(floor.nats > 0)
    # The user's word is above the floor's; frames that two tracklets share were checked when it was read.
    rows, columns = forbidden.pairs()
    forbidden = forbidden.where(links.start[rows] != links.start[columns]) | PairSet.of(len(looks), *links.apart.T)
    known = measure_near(looks, also, KEPT_PER_NEIGHBOUR * config.neighbours)
    at = known.pairs.find(*strangers.pairs())
    scale = strangers_distance(known.distance[at], known.evidence[at], config.scale_prior)
    return TrackletPairs(looks, known, forbidden, scale, config.nat_distance, floor)


def _nothing(key: TrackletKey) -> Appearance:
    row, plane, block = (np.zeros((0,) * axes) for axes in (1, 2, 3))
    return Appearance(key, row, Descriptors(plane, block, plane, block, row))


def _timeline(tracklets: Sequence[Tracklet]) -> Timeline:
    """Each camera is a clock of its own: what its offset to the others is, the travel times learn."""
    _, clock = np.unique([tracklet.key.camera for tracklet in tracklets], return_inverse=True)
    ends_s = [(one.times_s[0], one.times_s[-1]) if len(one) else (0.0, 0.0) for one in tracklets]
    first_s, last_s = np.array(ends_s, np.float64).reshape(-1, 2).T
    return Timeline(clock, (first_s + last_s) / 2, last_s - first_s)


def tracklet_looks(appearances: Sequence[Appearance]) -> Looks:
    """`reid.tracklet.TrackletLooks`, imported when it is first needed."""
    from reid.tracklet import TrackletLooks

    return TrackletLooks(appearances)


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
