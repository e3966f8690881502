"""`python -m synth crops`: make a ReID set."""

import shutil
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from core.errors import OutputError, UsageError
from synth.crops.config import CropsConfig
from synth.crops.shard import bytes_of, make_shard
from synth.crops.store import begin, write_shard
from synth.output import writing


class NoSpaceError(OutputError):
    """The disk cannot hold what was asked for."""


def crops(
    output: Annotated[Path, typer.Argument(help="Folder to write; an unfinished one is continued.")],
    identities: Annotated[int, typer.Option(help="How many people.")] = 100,
    per_identity: Annotated[int, typer.Option(help="Crops of each.")] = 12,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 0,
    textures: Annotated[Path | None, typer.Option(help="Folder of tiles by material; none: generated only.")] = None,
    workers: Annotated[int, typer.Option(help="Processes; the output does not depend on it.")] = 1,
    height: Annotated[int, typer.Option(help="Crop height in pixels; they are half as wide.")] = 256,
) -> None:
    """Make a ReID set of rendered people: crops, identities, cameras, keypoints, part masks and attributes."""
    write_crops(output, CropsConfig(identities, per_identity, seed, height, textures), workers)


def write_crops(folder: Path, config: CropsConfig, workers: int = 1) -> None:
    """Make what is missing of a set, shard by shard.

    Fewer than one worker is a UsageError, a folder with other crops a CropsError, a full disk a NoSpaceError, a folder
    that cannot be written an OutputError.
    """
    if workers < 1:
        raise UsageError(f"workers: expected at least 1, got {workers}")
    with writing(folder):
        _check_space(folder, config)
        _write_missing(folder, config, begin(folder, config), workers)


def _write_missing(folder: Path, config: CropsConfig, missing: list[int], workers: int) -> None:
    columns = "[progress.description]{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns) as progress:
        task = progress.add_task("shards of crops", total=config.shards, completed=config.shards - len(missing))
        if workers == 1:
            for number in missing:
                _make_and_write(folder, config, number)
                progress.advance(task)
            return
        # Spawned, not forked: a forked worker would inherit the parent's threads' locks.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for done in as_completed([pool.submit(_make_and_write, folder, config, number) for number in missing]):
                done.result()
                progress.advance(task)


def _make_and_write(folder: Path, config: CropsConfig, number: int) -> None:
    write_shard(folder, number, make_shard(config, number))


def _check_space(folder: Path, config: CropsConfig) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    missing = config.shards - sum(1 for _ in folder.glob("shard-*"))
    need = bytes_of(config) * missing // config.shards
    free = shutil.disk_usage(folder).free
    if need > free * 0.98:
        raise NoSpaceError(
            f"{folder}: {need / 1e9:.2f} GB needed, {free / 1e9:.2f} GB free; ask for fewer crops or a smaller height"
        )
