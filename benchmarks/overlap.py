"""What overlapping views bring, with and without calibration: `python -m benchmarks.overlap SCENE …`.

The scenes are those of benchmarks.worlds. Cross-camera IDF1 of our tracks, cameras uncalibrated and their clocks off,
with looks as they are and spoiled: `noise` times a random direction is added to every embedding, half of it the same
for all crops of a tracklet, as a light, a uniform or somebody in front would. Beside it: without looking for overlap;
calibrated with the right clocks; and that without cutting tracklets that change person. Writes results/overlap.json.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import write_result
from benchmarks.worlds import OURS, read_world, score
from core.types import Appearance
from pipeline.camera_tracks import CameraTracks
from pipeline.settings import Settings

NOISE = (0.0, 0.6, 1.0)
SEED = 5


def spoiled(tracks: Sequence[CameraTracks], noise: float) -> list[CameraTracks]:
    """The same tracks with noisier looks."""
    rng = np.random.default_rng(SEED)
    return [replace(one, appearances=[_spoil(look, noise, rng) for look in one.appearances]) for one in tracks]


def _spoil(look: Appearance, noise: float, rng: np.random.Generator) -> Appearance:
    def add(vectors: np.ndarray) -> np.ndarray:
        shared, own = rng.normal(size=(1, *vectors.shape[1:])), rng.normal(size=vectors.shape)
        moved = vectors + noise * (shared + own) / np.sqrt(2 * max(1, vectors.shape[-1]))
        moved = np.where(vectors.any(axis=-1, keepdims=True), moved, 0)  # what was not seen stays unseen
        norm = np.linalg.norm(moved, axis=-1, keepdims=True)
        return np.divide(moved, norm, out=np.zeros_like(moved), where=norm > 0).astype(vectors.dtype)

    one = look.descriptors
    names = [name for name in ("global_", "parts", "stripes") if getattr(one, name).size]
    vectors: dict[str, Any] = {name: add(getattr(one, name)) for name in names} if noise else {}
    return replace(look, descriptors=replace(one, **vectors))


def _without(settings: Settings, rounds: str) -> Settings:
    change: dict[str, Any] = {rounds: 0}
    return replace(settings, associate=replace(settings.associate, **change))


def main() -> None:
    """Measure the scenes named, and write and print the results."""
    settings = Settings()
    whole, alone = _without(settings, "switch_rounds"), _without(settings, "overlap_rounds")
    worlds = {Path(text).name: read_world(Path(text), settings) for text in sys.argv[1:]}
    if not worlds:
        raise SystemExit(f"name overlapping scenes of benchmarks.worlds:\n{__doc__}")
    result: dict[str, Any] = {}
    for noise in NOISE:
        rows: dict[str, dict[str, float]] = {}
        for name, world in worlds.items():
            tracks = spoiled(world.tracks[OURS], noise)
            rows[name] = {
                "uncalibrated": score(tracks, world.truth, {}, world.off_s, settings)["idf1"],
                "without overlap": score(tracks, world.truth, {}, world.off_s, alone)["idf1"],
                "calibrated": score(tracks, world.truth, world.calibrations, {}, settings)["idf1"],
                "calibrated, uncut": score(tracks, world.truth, world.calibrations, {}, whole)["idf1"],
            }
        means = {
            key: round(float(np.mean([row[key] for row in rows.values()])), 4) for key in next(iter(rows.values()))
        }
        result[f"noise {noise:g}"] = {"mean": means, "scenes": rows}
        print(f"noise {noise:g}:", json.dumps(means), flush=True)
    print("written to", write_result("overlap", {"idf1": result}))


if __name__ == "__main__":
    main()
