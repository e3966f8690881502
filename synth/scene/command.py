"""`python -m synth scene`: render a world for several cameras, with the truth about it."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import track

from core.errors import UsageError
from synth.output import check_space, whole_folder, writing
from synth.scene import record
from synth.scene.film import film
from synth.scene.rigs import RigConfig
from synth.scene.video import write_video
from synth.scene.world import SceneConfig, World, build_world

_RATES = ",".join(f"{rate:g}" for rate in RigConfig.frame_rates)
_BYTES_PER_FRAME = 20_000  # of 640×360 with its truth, generously


def scene(
    output: Annotated[Path, typer.Option(help="New or empty folder for videos, cameras.toml and truth/.")],
    cameras: Annotated[int, typer.Option(help="How many cameras.")] = SceneConfig.cameras,
    people: Annotated[int, typer.Option(help="How many people.")] = SceneConfig.people,
    seconds: Annotated[float, typer.Option(help="How long every camera records.")] = SceneConfig.seconds,
    overlap: Annotated[
        bool, typer.Option("--overlap/--disjoint", help="One hall for all cameras, or a room for each.")
    ] = SceneConfig.overlap,
    uniforms: Annotated[int, typer.Option(help="How many of the people wear the same clothes.")] = SceneConfig.uniforms,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = SceneConfig.seed,
    size: Annotated[str, typer.Option(help="Picture size, WIDTHxHEIGHT.")] = "640x360",
    fps: Annotated[
        str, typer.Option(help="Frame rates, separated by commas; every camera draws one of them.")
    ] = _RATES,
    shake: Annotated[
        float, typer.Option(help="Most degrees by which the cameras sway, as on a pole; cameras.toml has them at rest.")
    ] = SceneConfig.shake_deg,
    workers: Annotated[int, typer.Option(help="Processes; each renders whole cameras.")] = 1,
) -> None:
    """Render a place with several cameras and people crossing it, and the truth about every frame."""
    if workers < 1:
        raise UsageError(f"--workers: expected at least 1, got {workers}")
    config = SceneConfig(
        cameras=cameras,
        people=people,
        seconds=seconds,
        overlap=overlap,
        uniforms=uniforms,
        seed=seed,
        size=parse_size(size),
        shake_deg=shake,
        rigs=RigConfig(frame_rates=_parse_rates(fps)),
    )
    render_scene(config, output, workers)


def render_scene(config: SceneConfig, output: Path, workers: int = 1) -> None:
    """Write the scene of a config into a new folder, whole or not at all; the bytes do not depend on `workers`.

    Raises OutputError.
    """
    area = config.size[0] * config.size[1] / (640 * 360)
    frames = config.cameras * config.seconds * max(config.rigs.frame_rates)
    with writing(output):
        check_space(output, _BYTES_PER_FRAME * area * frames)
        with whole_folder(output) as staging:
            (staging / "truth").mkdir()
            world = build_world(config)
            (staging / "cameras.toml").write_text(record.cameras_toml(world.rigs), encoding="utf-8")
            frames_by_camera = _render_all(config, world, staging, workers)
            record.write_truth(staging / "truth", config, world, frames_by_camera)


def _render_all(config: SceneConfig, world: World, staging: Path, workers: int) -> dict[str, list[dict[str, Any]]]:
    ids = [rig.id for rig in world.rigs]
    if workers == 1:
        return {
            id_: _render_camera(config, world, number, staging)
            for number, id_ in enumerate(track(ids, description="cameras"))
        }
    with ProcessPoolExecutor(min(workers, len(ids)), mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(_render_camera, config, None, number, staging) for number in range(len(ids))]
        return {id_: job.result() for id_, job in zip(ids, track(jobs, description="cameras"), strict=True)}


def _render_camera(config: SceneConfig, world: World | None, number: int, staging: Path) -> list[dict[str, Any]]:
    """Video and MOTChallenge text of one camera; its part of truth.json is given back."""
    world = world if world is not None else build_world(config)
    rig = world.rigs[number]
    records: list[dict[str, Any]] = []
    rows: list[str] = []

    def pictures() -> Iterator[np.ndarray]:
        for shot in film(world, rig, config):
            records.append(record.frame_record(shot))
            rows.extend(record.mot_lines(shot, config.size, config.truth_visibility))
            yield shot.image_bgr

    write_video(staging / f"{rig.id}.mp4", pictures(), rig.fps, config.size, rig.sensor.crf)
    (staging / "truth" / f"{rig.id}.txt").write_text("".join(f"{row}\n" for row in rows), encoding="ascii")
    return records


def parse_size(text: str) -> tuple[int, int]:
    """(width, height) of `640x360`; UsageError if it is not two numbers."""
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(side.strip().isdigit() for side in sides):
        raise UsageError(f"--size: expected WIDTHxHEIGHT such as 640x360, got {text!r}")
    return int(sides[0]), int(sides[1])


def _parse_rates(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--fps: expected numbers separated by commas such as 12.5,25, got {text!r}") from error
