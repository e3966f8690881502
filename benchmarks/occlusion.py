"""What occlusion costs each distance: query crops hidden by a share, with keypoints from good to none.

    python -m synth crops build/occlusion --identities 150 --per-identity 6 --height 192 --seed 502
    python -m benchmarks.occlusion rendered build/occlusion
    python -m benchmarks.occlusion market ../shared/data/market1501-dev/images
    python -m benchmarks.occlusion table

Queries alone are hidden, the gallery is as it was. Rank-1 across cameras in per cent. `global` is the vector of the
whole crop, `owned` the same without the bodies of others (`reid.parts.PartMasks`). The detector's keypoints: those of
whom the crop is of, as the pipeline knows it from the box, which its pose network looks at; in `detector, crop alone`
and on real crops this is guessed from the crop, which cannot be known where two share it equally. market1501-dev is for
evaluation only; nothing but scores is kept of it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.record import RESULTS, write_result
from core.pictures import read_bgr
from core.types import Descriptors, Detections
from pipeline.people.finder import PeopleFinder
from reid.data.folders import market_folder
from reid.data.shards import Sample, ShardSet
from reid.distance.appearance import global_distance
from reid.embedder import Embedder
from reid.evaluation import DISTANCES
from reid.retrieval import first_per_camera, retrieval_scores

NAME = "occlusion"
SHARES = (0.0, 0.25, 0.5, 0.75)
SIDES = ("below", "side", "person")
JITTERS = {"jittered 5 %": 0.05, "jittered 10 %": 0.10}
GUESSED, NONE = "detector, crop alone", "none"
COLUMNS = ("global", "owned", *(name for name in DISTANCES if name != "global"))
LEAST_LIKENESS, SAME, NEAR = 0.2, 0.7, 0.1  # see `_own`; NEAR as a share of the crop's height
NOTHING = np.zeros((17, 3), np.float32)
NOBODY = np.zeros((0, 17, 3), np.float32)

Weights = Annotated[str, typer.Option(help="A folder that `export` wrote.")]
Queries = Annotated[int, typer.Option(help="At most so many; 0 for all.")]
Threads = Annotated[int, typer.Option(help="0: all cores.")]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def rendered(
    data: Annotated[Path, typer.Argument(help="Shards that no training saw.")],
    weights: Weights = "bundled",
    queries: Queries = 0,
    threads: Threads = 0,
) -> None:
    """Rendered people, with true, found, jittered and no keypoints."""
    crops = ShardSet(data)
    samples = [crops[row] for row in range(len(crops))]
    kinds = ("true", "detector", GUESSED, *JITTERS, NONE)
    _measure("rendered", samples, crops.identity, crops.camera, kinds, weights, queries, threads)


@app.command()
def market(
    data: Annotated[Path, typer.Argument(help="A flat folder named as Market-1501.")],
    weights: Weights = "bundled",
    queries: Queries = 0,
    threads: Threads = 0,
) -> None:
    """Real people, with keypoints by the bundled detector and none. Evaluation only."""
    folder = market_folder(data)
    samples = [Sample(read_bgr(path), NOTHING, NOTHING) for path in folder.paths]
    _measure("market1501-dev", samples, folder.identity, folder.camera, (GUESSED, NONE), weights, queries, threads)


@app.command()
def table() -> None:
    """Print all cells as Markdown."""
    known = json.loads((RESULTS / f"{NAME}.json").read_text(encoding="utf-8"))["sets"]
    for name, found in known.items():
        print(f"\n{name}: {found['queries']} queries, {found['gallery']} in the gallery, {found['network']}\n")
        print("| hidden | keypoints | " + " | ".join(COLUMNS) + " |")
        print("| --- | --- " + "| --- " * len(COLUMNS) + "|")
        for cell in found["cells"]:
            scores = " | ".join(f"{cell['rank1'][one]:.1f}" for one in COLUMNS)
            print(f"| {cell['hidden']} | {cell['keypoints']} | {scores} |")


def hidden(sample: Sample, share: float, side: str, donor: Sample, rng: np.random.Generator) -> Sample:
    """`sample` with `share` of its area covered; covered joints lose their confidence.

    side: below and side paste a piece of flat colour with noise; person pastes the nearer half of another crop, with
    that person's joints as those of another.
    """
    if share <= 0:
        return sample
    image, own = sample.image.copy(), sample.keypoints_xyc.copy()
    height, width = image.shape[:2]
    others = sample.others_xyc
    if side == "below":
        top, left, right = round(height * (1 - share)), 0, width
    else:
        top, cut = 0, max(1, round(width * share))
        left, right = (0, cut) if rng.random() < 0.5 else (width - cut, width)
    if side == "person":
        image[top:, left:right], others = _pasted(donor, height, right - left, left)
    else:
        noise = rng.normal(0, 8, (height - top, right - left, 3))
        image[top:, left:right] = np.clip(rng.uniform(20, 235, 3) + noise, 0, 255).astype(np.uint8)
    under = (own[:, 0] >= left) & (own[:, 0] < right) & (own[:, 1] >= top)
    own[under, 2] = 0
    return Sample(image, own, others)


def _pasted(donor: Sample, height: int, width: int, left: int) -> tuple[np.ndarray, np.ndarray]:
    """The middle of another crop at its own aspect, `width` px wide, and where that person's joints come to lie."""
    import cv2

    scale = height / donor.image.shape[0]
    full = max(width, round(donor.image.shape[1] * scale))
    picture = cv2.resize(donor.image, (full, height), interpolation=cv2.INTER_AREA)
    first = (full - width) // 2
    joints = donor.keypoints_xyc.copy()
    joints[:, 0] = joints[:, 0] * (full / donor.image.shape[1]) - first + left
    joints[:, 1] *= scale
    outside = (joints[:, 0] < left) | (joints[:, 0] >= left + width)
    joints[outside, 2] = 0
    return picture[:, first : first + width], joints


def _measure(
    name: str,
    samples: list[Sample],
    identity: np.ndarray,
    camera: np.ndarray,
    kinds: tuple[str, ...],
    weights: str,
    most: int,
    threads: int,
) -> None:
    embedder, finder = Embedder.open(weights, "cpu", threads), PeopleFinder("cpu", threads)
    asked = first_per_camera(identity, camera)
    known = np.setdiff1d(np.arange(len(identity)), asked)
    if 0 < most < len(asked):
        asked = np.sort(np.random.default_rng(0).permutation(asked)[:most])
    gallery = {kind: _embedded(embedder, finder, [samples[row] for row in known], kind) for kind in kinds}

    labels = identity[asked], camera[asked], identity[known], camera[known]

    def rank1(distance: np.ndarray) -> float:
        return round(100 * retrieval_scores(distance, *labels).rank1, 2)

    cells = []
    for share, side in _settings():
        changed = []
        for row in asked.tolist():
            rng = np.random.default_rng([7, row])
            donor = samples[int(rng.choice(np.flatnonzero(identity != identity[row])))]
            changed.append(hidden(samples[row], share, side, donor, rng))
        found = {kind: _embedded(embedder, finder, changed, kind) for kind in kinds}
        plain = rank1(global_distance(found[NONE], gallery[NONE]))
        for kind in kinds:
            scores = {one: rank1(distance(found[kind], gallery[kind])) for one, distance in DISTANCES.items()}
            scores |= {"owned": scores["global"], "global": plain}
            where = "nothing" if share == 0 else f"{share:.0%} {side}"
            cells.append({"hidden": where, "keypoints": kind, "rank1": {one: scores[one] for one in COLUMNS}})
            typer.echo(f"{name} {where} {kind}: " + ", ".join(f"{k} {scores[k]:.1f}" for k in COLUMNS))
    path = RESULTS / f"{NAME}.json"
    before = json.loads(path.read_text(encoding="utf-8"))["sets"] if path.exists() else {}
    scored = retrieval_scores(np.zeros((len(asked), len(known))), *labels).queries  # those another camera saw
    one = {"network": embedder.identifier, "queries": scored, "gallery": len(known), "cells": cells}
    typer.echo(f"written to {write_result(NAME, {'sets': before | {name: one}})}")


def _settings() -> Iterator[tuple[float, str]]:
    yield 0.0, "nothing"
    for share in SHARES[1:]:
        for side in SIDES:
            yield share, side


def _embedded(embedder: Embedder, finder: PeopleFinder, samples: list[Sample], kind: str) -> Descriptors:
    images = [np.ascontiguousarray(sample.image) for sample in samples]
    if kind == NONE:
        return embedder.embed(images)
    if kind in ("detector", GUESSED):
        if kind == GUESSED:
            found = list(finder.keypoints_of(images))
        else:
            seen = zip(finder.everybody_in(images), samples, strict=True)
            found = [
                _own(people, finder.joints_of_whole(crop), sample, finder.config.other_score)
                for (crop, people), sample in seen
            ]
        return embedder.embed(images, np.stack([own for own, _ in found]), [others for _, others in found])
    own = np.stack([sample.keypoints_xyc for sample in samples])
    if kind in JITTERS:
        rng = np.random.default_rng(3)
        heights = np.array([image.shape[0] for image in images])[:, None, None]
        own[:, :, :2] += rng.normal(0, 1, own[:, :, :2].shape) * heights * JITTERS[kind]
    others = [sample.others_xyc[None] for sample in samples]
    return embedder.embed(images, own, others)


def _own(
    people: Detections, whole_xyc: np.ndarray, sample: Sample, least_score: float
) -> tuple[np.ndarray, np.ndarray]:
    """Joints of the one whose joints lie where the person's visible joints are, and of the others.

    One of those found, or who is seen in the crop as a whole, `whole_xyc` (17, 3). Without one nobody is known. Who
    has the same joints is no other, but found twice.
    """
    visible, found = sample.keypoints_xyc[:, 2] > 0, people.keypoints_xyc
    if found is None or not visible.any():
        return NOTHING, NOBODY
    joints = np.concatenate([found, whole_xyc[None]])
    like = _likeness(joints[:, visible, :2], sample.keypoints_xyc[visible, :2], len(sample.image)).mean(axis=1)
    own = joints[int(np.argmax(like))]
    if like.max() < LEAST_LIKENESS:
        return NOTHING, NOBODY
    others = found[people.scores >= least_score]
    trust = np.sqrt(own[:, 2] * others[:, :, 2])
    same = _likeness(others[:, :, :2], own[:, :2], len(sample.image))
    return own, others[(same * trust).sum(axis=1) < SAME * np.maximum(trust.sum(axis=1), 1e-6)]


def _likeness(places: np.ndarray, of: np.ndarray, height_px: int) -> np.ndarray:
    """How near (N, J) in [0, 1] places (N, J, 2) are to others (J, 2), px of a crop so many px high."""
    away = np.linalg.norm(places - of, axis=-1)
    return np.exp(-np.square(away / (NEAR * height_px)))


if __name__ == "__main__":
    app()
