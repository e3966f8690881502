"""How fast crops and scenes are rendered, for one process and for two.

    python -m benchmarks.rendering

Crops: 256×128 pixels, people made on the way, as `python -m synth crops` does. Scene: 640×360, ten people, a camera for
each process, as `python -m synth scene` does, videos and truth written. Loading Python and the body model is paid once
a process however much is rendered: it is taken out by rendering twice, little and much, and dividing what lies between.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import typer

from benchmarks.record import write_result
from synth.crops import CropsConfig, write_crops
from synth.scene.command import render_scene
from synth.scene.rigs import RigConfig
from synth.scene.world import SceneConfig

SEED = 77
PER_IDENTITY = 12
CROPS = (20, 120)  # identities, little and much
SCENE_S = (2.0, 8.0)
FPS = 12.5


def crops(identities: int, workers: int, folder: Path) -> int:
    """Render crops; how many."""
    write_crops(folder, CropsConfig(identities, PER_IDENTITY, SEED), workers)
    return identities * PER_IDENTITY


def scene(seconds: float, workers: int, folder: Path) -> int:
    """Render a scene with a camera for each worker; how many frames."""
    rigs = RigConfig(frame_rates=(FPS,))
    render_scene(SceneConfig(cameras=workers, people=10, seconds=seconds, seed=SEED, rigs=rigs), folder, workers)
    return round(seconds * FPS) * workers


def per_second(work: Callable[[float, int, Path], int], amounts: tuple[float, float], workers: int) -> float:
    """How many more are made per second when there is more to make."""
    made, spent = [], []
    for amount in amounts:
        with tempfile.TemporaryDirectory() as scratch:
            begin = time.perf_counter()
            made.append(work(amount, workers, Path(scratch) / "out"))
            spent.append(time.perf_counter() - begin)
    return (made[1] - made[0]) / (spent[1] - spent[0])


def main() -> None:
    """Measure and write results/rendering.json."""
    with tempfile.TemporaryDirectory() as scratch:  # compiles the kernels and fills the caches on disk
        crops(1, 1, Path(scratch) / "crops")
        scene(1.0, 1, Path(scratch) / "scene")
    rows = {
        f"{workers} processes": {
            "crops_per_s": round(per_second(crops, CROPS, workers), 2),  # type: ignore[arg-type]
            "scene_frames_per_s": round(per_second(scene, SCENE_S, workers), 2),
        }
        for workers in (1, 2)
    }
    for name, row in rows.items():
        typer.echo(f"{name}: " + "  ".join(f"{key} {value}" for key, value in row.items()))
    typer.echo(f"written to {write_result('rendering', rows)}")


if __name__ == "__main__":
    typer.run(main)
