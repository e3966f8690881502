"""What is judged: rendered pictures with their truth. Not in __main__, which a spawned process cannot import."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from synth.frames.picture import FramesConfig, photograph
from synth.scene.textures import Textures
from synth.scene.truth import PersonTruth

SEED = 20_26

Picture = tuple[bytes, list[PersonTruth]]


def pictures(count: int, workers: int) -> Iterator[Picture]:
    """Rendered pictures with their truth, in order."""
    numbers = range(count)
    if workers == 1:
        yield from map(_picture, numbers)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_picture, numbers, chunksize=60)  # a cast of people is made once for sixty pictures


def _picture(number: int) -> Picture:
    return photograph(FramesConfig(seed=SEED), number, Textures())
