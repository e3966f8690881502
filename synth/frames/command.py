"""`python -m synth frames`: pictures and labels to train a person and pose detector on."""

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from core.errors import OutputError, UsageError
from synth.frames.picture import BLOCK, FramesConfig, make_picture
from synth.frames.stage import StageConfig
from synth.output import check_space, writing
from synth.scene.command import parse_size
from synth.scene.textures import Textures

_BYTES_PER_FRAME = 70_000
_STAMP = "frames.json"


def frames(
    output: Annotated[Path, typer.Option(help="Folder for images/ and labels/; a killed run goes on in it.")],
    count: Annotated[int, typer.Option(help="How many pictures.")] = 1000,
    seed: Annotated[int, typer.Option(help="Same seed, same pictures.")] = FramesConfig.seed,
    workers: Annotated[int, typer.Option(help="Processes; the pictures do not depend on it.")] = 1,
    size: Annotated[str, typer.Option(help="Picture size, WIDTHxHEIGHT.")] = "640x360",
    exercise: Annotated[
        float, typer.Option(help="Share of people who exercise: arms wide, bent, a leg up.")
    ] = StageConfig.exercise,
    bare: Annotated[float, typer.Option(help="Share of those who do it without a shirt.")] = StageConfig.bare,
    roll: Annotated[float, typer.Option(help="Degrees by which cameras hang askew.")] = StageConfig.roll_deg,
    smallest: Annotated[
        float, typer.Option(help="Px of the smallest person at a picture height of 360, furnished rooms apart.")
    ] = StageConfig.person_px[0],
    textures: Annotated[
        Path | None, typer.Option(help="Folder of CC0 tiles by material; for training data only.")
    ] = None,
) -> None:
    """Render pictures of people from surveillance heights with YOLO-pose labels."""
    if count < 1:
        raise UsageError(f"--count: expected at least 1, got {count}")
    if workers < 1:
        raise UsageError(f"--workers: expected at least 1, got {workers}")
    if seed < 0:
        raise UsageError(f"--seed: expected at least 0, got {seed}")
    for name, value, most in (("exercise", exercise, 1), ("bare", bare, 1), ("roll", roll, 90)):
        if not 0 <= value <= most:
            raise UsageError(f"--{name}: expected 0 to {most}, got {value}")
    tallest = StageConfig.person_px[1]
    if not 1 <= smallest < tallest:
        raise UsageError(f"--smallest: expected from 1 to less than {tallest:g}, got {smallest}")
    stage = StageConfig(exercise=exercise, bare=bare, roll_deg=roll, person_px=(smallest, tallest))
    config = FramesConfig(seed=seed, size=parse_size(size), stage=stage)
    source = Textures.from_folder(textures) if textures is not None else Textures()
    render_frames(config, output, count, source, workers)


def render_frames(config: FramesConfig, output: Path, count: int, textures: Textures, workers: int = 1) -> None:
    """Write pictures 0 to count − 1 that are not there yet; a label file is there only once its picture is whole.

    Raises OutputError.
    """
    with writing(output):
        _claim(config, output, textures)
        missing = [n for n in range(count) if not _label_path(output, n).exists()]
        check_space(output, _BYTES_PER_FRAME * len(missing))
        _write_missing(config, output, textures, missing, count, workers)


def _write_missing(
    config: FramesConfig, output: Path, textures: Textures, missing: list[int], count: int, workers: int
) -> None:
    blocks: dict[int, list[int]] = {}
    for number in missing:
        blocks.setdefault(number // BLOCK, []).append(number)
    with Progress() as progress:
        task = progress.add_task("frames", total=count, completed=count - len(missing))
        for _ in _written(config, output, textures, list(blocks.values()), workers):
            progress.advance(task)


def _written(
    config: FramesConfig, output: Path, textures: Textures, blocks: list[list[int]], workers: int
) -> Iterator[int]:
    """Numbers of pictures as they are finished."""
    if workers == 1:
        for block in blocks:
            for number in block:
                _write(config, output, textures, number)
                yield number
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done in pool.map(_write_block, *zip(*((config, output, textures, b) for b in blocks), strict=True)):
            yield from done


def _write_block(config: FramesConfig, output: Path, textures: Textures, numbers: list[int]) -> list[int]:
    for number in numbers:
        _write(config, output, textures, number)
    return numbers


def _write(config: FramesConfig, output: Path, textures: Textures, number: int) -> None:
    data, lines = make_picture(config, number, textures)
    (output / "images" / f"{number:06d}.jpg").write_bytes(data)
    label = _label_path(output, number)
    partial = label.with_suffix(".partial")
    partial.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    partial.rename(label)


def _label_path(output: Path, number: int) -> Path:
    return output / "labels" / f"{number:06d}.txt"


def _claim(config: FramesConfig, output: Path, textures: Textures) -> None:
    """Make the folder ours, or make sure that it holds the beginning of just this set."""
    wanted = json.loads(json.dumps({"frames": asdict(config), "tiles": sum(len(f) for _, f in textures.tiles)}))
    stamp = output / _STAMP
    if stamp.exists():
        if json.loads(stamp.read_text(encoding="utf-8")) != wanted:
            raise OutputError(f"{output}: holds frames made with other settings ({stamp}): choose another --output")
    elif output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise OutputError(f"{output}: expected a new folder or one begun by this command: choose another --output")
    for name in ("images", "labels"):
        (output / name).mkdir(parents=True, exist_ok=True)
    if not stamp.exists():
        check_space(output, _BYTES_PER_FRAME)
        stamp.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
