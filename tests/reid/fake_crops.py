"""Tiny sets of stick people: coloured blocks along a skeleton, in the layout of `python -m synth crops`."""

import json
from pathlib import Path

import numpy as np

# x, y of the 17 COCO joints of a standing person as shares of a crop's width and height.
STANDING = np.array([
    (0.50, 0.09), (0.53, 0.08), (0.47, 0.08), (0.56, 0.09), (0.44, 0.09), (0.65, 0.20), (0.35, 0.20), (0.72, 0.33),
    (0.28, 0.33), (0.75, 0.45), (0.25, 0.45), (0.60, 0.50), (0.40, 0.50), (0.60, 0.71), (0.40, 0.71), (0.60, 0.92),
    (0.40, 0.92),
], np.float32)  # fmt: skip
PAINTS = {"black": (25, 25, 25), "white": (230, 230, 230), "red": (40, 40, 200), "green": (60, 160, 60)}  # BGR
ATTRIBUTES = {"upper_colour": [*PAINTS, "none"], "lower_colour": list(PAINTS), "bag": ["none", "backpack"]}
BODY = ((0.04, 0.16), (0.16, 0.50), (0.50, 0.90), (0.90, 0.98))  # head, torso, legs, feet: top and bottom


def standing(height: int, width: int) -> np.ndarray:
    """(17, 3) px, all visible."""
    return np.column_stack([STANDING * (width, height), np.ones(17)]).astype(np.float32)


def person(colours: np.ndarray, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """(h, w, 3) uint8: four blocks of `colours` (4, 3) before a grey wall, with noise."""
    image = np.full((height, width, 3), rng.integers(60, 200), np.float32)
    for (top, bottom), colour in zip(BODY, colours, strict=True):
        image[int(top * height) : int(bottom * height), width // 4 : 3 * width // 4] = colour
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def worn(colours: np.ndarray) -> list[int]:
    """A value of each of ATTRIBUTES for somebody in blocks of `colours` (4, 3); who has bright feet has a bag."""
    nearest = [int(np.abs(np.array(list(PAINTS.values())) - colour).sum(axis=1).argmin()) for colour in colours]
    return [nearest[1], nearest[2], int(colours[3].mean() > 128)]


def write_set(
    folder: Path, identities: int = 8, per_identity: int = 4, height: int = 96, seed: int = 0, *, plain: bool = False
) -> Path:
    """A set of two shards under `folder`; gives `folder`. plain: people in PAINTS alone, not in all colours."""
    rng = np.random.default_rng(seed)
    width = height // 2
    colours = rng.uniform(0, 255, (identities, 4, 3))
    if plain:
        colours = np.array(list(PAINTS.values()))[rng.integers(0, len(PAINTS), (identities, 4))]
    folder.mkdir(parents=True, exist_ok=True)
    about = {"format": 1, "seed": seed, "identities": identities, "per_identity": per_identity, "height": height}
    about |= {"textures": None, "attributes": ATTRIBUTES}
    (folder / "dataset.json").write_text(json.dumps(about))
    for shard, members in enumerate(np.array_split(np.arange(identities), 2)):
        identity = np.repeat(members, per_identity)
        count = len(identity)
        path = folder / f"shard-{shard:05d}"
        path.mkdir()
        images = np.stack([person(colours[one], height, width, rng) for one in identity])
        np.save(path / "images.npy", images)
        np.save(path / "identity.npy", identity.astype(np.int32))
        np.save(path / "camera.npy", np.resize(np.arange(per_identity) // 2, count).astype(np.int16))
        np.save(path / "keypoints_xyc.npy", np.tile(standing(height, width), (count, 1, 1)))
        np.save(path / "others_xyc.npy", np.zeros((count, 17, 3), np.float32))
        np.save(path / "attributes.npy", np.array([worn(colours[one]) for one in identity], np.int16))
    return folder
