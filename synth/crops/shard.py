"""One shard of the crops: some identities with all their crops, made from the seed and the shard's number alone."""

from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np

from synth.crops.config import MASK_STEP, CropsConfig
from synth.crops.shoot import Crop, shoot
from synth.crops.surroundings import floor_tiles, read_tiles, wall_tiles
from synth.crops.viewpoints import Viewpoint, draw_viewpoint
from synth.people import Person, PersonStyle
from synth.people.outfit import ATTRIBUTE_VALUES

_POOL, _SHARD = 1, 2  # streams of the seed
_EXTRAS = 3
_FABRICS = ("Fabric", "Carpet")


@dataclass(frozen=True)
class Shard:
    """Crops in a row (n): images (n, H, W, 3) uint8 BGR, identity (n,) int32, camera (n,) int16, keypoints_xyc and
    others_xyc (n, 17, 3) float32, materials (n, H / 8, W / 8) uint8, attributes (n, A) int16."""

    images: np.ndarray
    identity: np.ndarray
    camera: np.ndarray
    keypoints_xyc: np.ndarray
    others_xyc: np.ndarray
    materials: np.ndarray
    attributes: np.ndarray


@lru_cache(maxsize=2)
def camera_pool(config: CropsConfig) -> tuple[Viewpoint, ...]:
    """The cameras of the whole set: every worker draws the same."""
    floors, walls = floor_tiles(config.textures), wall_tiles(config.textures)
    return tuple(
        draw_viewpoint(np.random.default_rng([config.seed, _POOL, k]), config.near_m, config.far_m, floors, walls)
        for k in range(config.cameras)
    )


@lru_cache(maxsize=2)
def _fabrics(folder: Path | None) -> tuple[np.ndarray, ...]:
    return read_tiles(folder, _FABRICS, 80)


def make_shard(config: CropsConfig, number: int) -> Shard:
    """Make a shard. The same whatever else is made, and by whom."""
    rng = np.random.default_rng([config.seed, _SHARD, number])
    first = number * config.identities_per_shard
    identities = range(first, min(first + config.identities_per_shard, config.identities))
    people = _cast(rng, len(identities) + _EXTRAS, config)
    pool = camera_pool(config)
    crops: list[Crop] = []
    cameras: list[int] = []
    for place in range(len(identities)):
        count = int(rng.integers(config.fewest_cameras, config.most_cameras + 1))
        chosen = rng.choice(len(pool), count, replace=False)
        extras = people[:place] + people[place + 1 :]
        for k in range(config.per_identity):
            camera = int(chosen[k % count])
            crops.append(shoot(people[place], extras, pool[camera], config, rng))
            cameras.append(camera)
    return _stack(crops, identities, cameras, people, config)


def _cast(rng: np.random.Generator, count: int, config: CropsConfig) -> list[Person]:
    """People, some of whom wear what another wears."""
    fabrics = _fabrics(config.textures)
    people: list[Person] = []
    styles: list[PersonStyle] = []
    for _ in range(count):
        if styles and rng.random() < config.twins:
            style = styles[int(rng.integers(len(styles)))]
        else:
            style = _style(rng, fabrics)
        styles.append(style)
        people.append(Person.make(rng, style))
    return people


def _style(rng: np.random.Generator, fabrics: tuple[np.ndarray, ...]) -> PersonStyle:
    """Pins for those who may be copied: a common dark coat, or a plain outfit drawn once."""
    from synth.people.palette import draw_colour

    if rng.random() < 0.5:
        return PersonStyle(fabrics=fabrics)
    return PersonStyle(upper_colour=draw_colour(rng), lower_colour=draw_colour(rng, lower=True), fabrics=fabrics)


def _stack(
    crops: list[Crop], identities: range, cameras: list[int], people: list[Person], config: CropsConfig
) -> Shard:
    values = np.array(
        [
            [ATTRIBUTE_VALUES[name].index(people[k].attributes[name]) for name in ATTRIBUTE_VALUES]
            for k in range(len(identities))
        ],
        np.int16,
    )
    each = config.per_identity
    return Shard(
        images=np.stack([c.image for c in crops]),
        identity=np.repeat(np.array(identities, np.int32), each),
        camera=np.array(cameras, np.int16),
        keypoints_xyc=np.stack([c.keypoints_xyc for c in crops]),
        others_xyc=np.stack([c.others_xyc for c in crops]),
        materials=np.stack([c.materials for c in crops]),
        attributes=np.repeat(values, each, axis=0),
    )


def bytes_of(config: CropsConfig) -> int:
    """Size on disk of the whole set, about."""
    pixels = config.height * config.width
    one = pixels * 3 + pixels // MASK_STEP**2 + 2 * 17 * 3 * 4 + 64
    return one * config.identities * config.per_identity + 4096 * (1 + len(fields(Shard))) * config.shards
