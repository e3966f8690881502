"""Tracklet retrieval on rendered crops: three ways to pool a tracklet's crops against the distance of sets.

    python -m synth crops build/crops/pooling --identities 150 --per-identity 12 --seed 71
    python -m benchmarks.reid_pooling build/crops/pooling

A tracklet is what one camera saw of a person, or what half of her cameras saw. Queries are each person's first
tracklet, the others the gallery. In the harder half of the rows a third of the crops is spoilt: shrunk to a height of
24 to 64 px, or with a side hidden by a piece of somebody else.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer

from benchmarks.record import write_result
from core.types import Descriptors
from reid.data.shards import Sample, ShardSet
from reid.distance import appearance_distance
from reid.embedder import Embedder
from reid.pooling import POOLS, pooled
from reid.retrieval import retrieval_scores
from reid.tracklet import set_distance

SPOILT, SMALLEST_PX, TALLEST_PX, HIDDEN = 1 / 3, 24, 64, (0.3, 0.6)


def main(
    data: Annotated[Path, typer.Argument(help="Shards that no training saw.")],
    weights: Annotated[str, typer.Option(help="A folder that `export` wrote.")] = "bundled",
    threads: Annotated[int, typer.Option(help="0: all cores.")] = 0,
) -> None:
    """Measure all, print a table, write the result."""
    embedder, crops = Embedder.open(weights, "cpu", threads), ShardSet(data)
    rows = []
    for spoils in (False, True):
        found = _embedded(embedder, crops, spoils)
        for kind, place in (("one camera", crops.camera), ("half of the cameras", _halves(crops))):
            rows += [{"crops": "a third spoilt" if spoils else "as rendered", "tracklet": kind, **one}
                     for one in _compared(found, crops.identity, place)]  # fmt: skip
    typer.echo("| crops | tracklet | crops each | how | rank-1 | mAP |\n| --- | --- | --- | --- | --- | --- |")
    for row in rows:
        typer.echo("| " + " | ".join(str(value) for value in row.values()) + " |")
    content = {"network": embedder.identifier, "people": crops.identities, "rows": rows}
    typer.echo(f"written to {write_result('reid_pooling', content)}")


def _embedded(embedder: Embedder, crops: ShardSet, spoils: bool) -> Descriptors:
    rng = np.random.default_rng(0)
    batches = []
    for first in range(0, len(crops), 256):
        samples = [crops[row] for row in range(first, min(first + 256, len(crops)))]
        if spoils:
            donors = [crops[int(rng.integers(len(crops)))] for _ in samples]
            samples = [_spoilt(one, donor, rng) for one, donor in zip(samples, donors, strict=True)]
        keypoints = np.stack([one.keypoints_xyc for one in samples])
        others = [one.others_xyc[None] for one in samples]
        batches.append(embedder.embed([one.image for one in samples], keypoints, others))
    return Descriptors.concatenate(batches)


def _spoilt(sample: Sample, donor: Sample, rng: np.random.Generator) -> Sample:
    """Two thirds of them as they are."""
    if rng.random() >= SPOILT:
        return sample
    image, own, others = sample.image.copy(), sample.keypoints_xyc.copy(), sample.others_xyc.copy()
    height, width = image.shape[:2]
    if rng.random() < 0.5:
        scale = rng.integers(SMALLEST_PX, TALLEST_PX) / height
        for joints in (own, others):
            joints[:, :2] *= scale
        image = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
        return Sample(image, own, others)
    covered = round(width * rng.uniform(*HIDDEN))
    left = 0 if rng.random() < 0.5 else width - covered
    image[:, left : left + covered] = donor.image[:, left : left + covered]
    own[(own[:, 0] >= left) & (own[:, 0] < left + covered), 2] = 0
    return Sample(image, own, others)


def _halves(crops: ShardSet) -> np.ndarray:
    """0 or 1 (n,): in which half of its person's cameras a crop is."""
    half = np.zeros(len(crops), np.int64)
    for who in range(crops.identities):
        own = np.flatnonzero(crops.identity == who)
        cameras = np.unique(crops.camera[own])
        half[own] = np.searchsorted(cameras, crops.camera[own]) % 2
    return half


def _compared(found: Descriptors, identity: np.ndarray, place: np.ndarray) -> list[dict[str, Any]]:
    """One row per way: tracklets are all crops of one identity in one place."""
    keys, group = np.unique(np.stack([identity, place], axis=1), axis=0, return_inverse=True)
    sets = [found[np.flatnonzero(group == one)] for one in range(len(keys))]
    query = np.unique(keys[:, 0], return_index=True)[1]
    gallery = np.setdiff1d(np.arange(len(keys)), query)
    ways: dict[str, Callable[[], np.ndarray]] = {
        how: lambda how=how: appearance_distance(pooled(sets, how), pooled(sets, how))[0] for how in POOLS
    }
    ways["set distance"] = lambda: set_distance(sets)[0]
    rows = []
    for how, distance in ways.items():
        scores = retrieval_scores(distance()[np.ix_(query, gallery)], *keys[query].T, *keys[gallery].T)
        each = round(len(found) / len(sets), 1)
        rows.append({
            "each": each, "how": how, "rank1": round(100 * scores.rank1, 1), "map": round(100 * scores.mean_ap, 1)
        })  # fmt: skip
    return rows


if __name__ == "__main__":
    typer.run(main)
