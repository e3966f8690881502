"""Why each tracklet is where it is: score, margin, probability, and the pair of crops that speaks most for it."""

from collections.abc import Mapping, Sequence

import numpy as np

from core.types import Appearance, Evidence, TrackletKey
from pipeline.association.doubt import Memberships
from pipeline.association.looks import TrackletPairs
from pipeline.association.pairs import Pairs
from pipeline.association.solve import Solution


def explain(
    keys: Sequence[TrackletKey],
    found: Memberships,
    solution: Solution,
    looks: TrackletPairs,
    appearances: Mapping[TrackletKey, Appearance],
) -> dict[TrackletKey, Evidence]:
    """One Evidence for each of the N keys.

    solution: the clusters before the doubtful left them, and all evidence; looks: that of appearance. The score is 1
    minus the mean distance of looks to the other members, weighted by evidence, at least 0. A row without evidence
    about anybody in its cluster, or alone, gets no more than whether it is unknown: so if it has no descriptor.
    """
    labels = {True: solution.label, False: found.label}
    clusters = {unknown: _members(label) for unknown, label in labels.items()}
    out = {}
    for row, key in enumerate(keys):
        unknown = bool(found.unknown[row])
        members = clusters[unknown][int(labels[unknown][row])]
        out[key] = _of_row(row, members[members != row], keys, found, solution.pairs, looks, appearances)
    return out


def _members(label: np.ndarray) -> dict[int, np.ndarray]:
    order = np.argsort(label, kind="stable")
    names, starts = np.unique(label[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, starts[1:]), strict=True))


def _of_row(
    row: int,
    others: np.ndarray,
    keys: Sequence[TrackletKey],
    found: Memberships,
    pairs: Pairs,
    looks: TrackletPairs,
    appearances: Mapping[TrackletKey, Appearance],
) -> Evidence:
    """Why one row is with `others` (K,), or was until it left."""
    mine = appearances.get(keys[row])
    if mine is None or not len(mine.descriptors):
        return Evidence(unknown=not len(others))
    apparent, evidence = looks.appearance(np.full(len(others), row), others)
    others, apparent, evidence = others[evidence > 0], apparent[evidence > 0], evidence[evidence > 0]
    if not len(others):
        return Evidence()
    distance = pairs.measure(np.full(len(others), row), others)[0]
    friend = appearances[keys[int(others[distance.argmin()])]]
    return Evidence(
        score=max(0.0, 1 - float(np.average(apparent, weights=evidence))),
        margin=float(found.margin[row]),
        probability=float(found.probability[row]),
        best_pair=friend.key,
        frames=_best_frames(mine, friend),
        unknown=bool(found.unknown[row]),
    )


def _best_frames(one: Appearance, other: Appearance) -> tuple[int, int]:
    """The frames of the two crops that look most alike."""
    similarity = one.descriptors.global_ @ other.descriptors.global_.T
    row, column = np.unravel_index(int(similarity.argmax()), similarity.shape)
    return int(one.frames[row]), int(other.frames[column])
