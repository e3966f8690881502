"""Pictures of what the network goes by: part masks on a crop, ranked lists."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.pictures import write_bgr
from pipeline.people.finder import embed_people
from pipeline.people.tools import Tools
from reid.crops import sizes_px
from reid.data.folders import Say, label_of, pictures
from reid.distance import appearance_distance
from reid.drawing import masked, ranked_list, stacked
from reid.parts import part_masks


def draw_masks(tools: Tools, paths: Sequence[Path], output: Path) -> None:
    """One row per person of the pictures: joints, all parts, each part with its visibility. Raises InputError,
    OutputError."""
    people = [tools.person(path) for path in paths]
    keypoints = np.stack([person.keypoints_xyc for person in people])
    config = tools.embedder.network
    others = [person.others_xyc for person in people]
    found = part_masks(keypoints, others, sizes_px([p.image for p in people]), config.parts, config.grid)
    shown = zip(people, found.masks, found.visibility, strict=True)
    rows = [masked(p.image, masks, visibility, p.keypoints_xyc) for p, masks, visibility in shown]
    write_bgr(output, stacked(rows))


def draw_ranking(tools: Tools, paths: Sequence[Path], gallery: Path, output: Path, top: int, say: Say) -> None:
    """One row per picture: the nearest of `gallery`. Frames are green or red where names say who it is, as in
    Market-1501; a picture does not find itself. What of the gallery is left out is said. Raises InputError, also where
    nobody is left; OutputError."""
    asked = [tools.person(path) for path in paths]
    known = tools.everybody(pictures(gallery, say), say)
    distance, _ = appearance_distance(embed_people(tools.embedder, asked), embed_people(tools.embedder, known))
    rows = []
    for person, row in zip(asked, distance, strict=True):
        order = [i for i in np.argsort(row, kind="stable") if known[i].path.resolve() != person.path.resolve()][:top]
        label = label_of(person.path)
        right = [None if label is None else label_of(known[i].path) == label for i in order]
        captions = [f"{row[i]:.2f} {known[i].name[:9]}" for i in order]
        rows.append(ranked_list([person.image], [known[i].image for i in order], captions, right))
    write_bgr(output, stacked(rows))
