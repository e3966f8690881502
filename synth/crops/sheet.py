"""`python -m synth sheet`: some crops side by side in one picture, to see what a set is like."""

from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from core.errors import InputError, OutputError
from synth.crops.store import Crops, open_crops

_GAP_PX = 4
_PAPER = 255
_QUALITY = 88
_ENDINGS = (".jpg", ".jpeg", ".png")


def sheet(
    crops: Annotated[Path, typer.Argument(help="Folder that `python -m synth crops` wrote.")],
    output: Annotated[Path, typer.Option(help="The picture to write, .jpg or .png.")],
    people: Annotated[int, typer.Option(min=1, help="Columns: one person each.")] = 12,
    each: Annotated[int, typer.Option(min=1, help="Rows: pictures of each.")] = 4,
) -> None:
    """Put crops into one picture: a column for each person, different cameras below each other."""
    picture = contact_sheet(open_crops(crops), people, each)
    # OpenCV has no word for a name that ends in neither and throws for it.
    known = output.suffix.lower() in _ENDINGS
    if not (known and cv2.imwrite(str(output), picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])):
        raise OutputError(f"{output}: cannot be written; expected a name ending in .jpg or .png in a folder there is")
    typer.echo(f"{output}: {people} people, {each} pictures of each")


def contact_sheet(crops: Crops, people: int, each: int) -> np.ndarray:
    """(H, W, 3) uint8 BGR: a column of `each` crops for each of `people` identities; InputError if there are fewer."""
    identity = crops.labels("identity")
    names = np.unique(identity)[:people]
    rows = [np.flatnonzero(identity == name)[:each] for name in names]
    if len(names) < people or min(len(row) for row in rows) < each:
        raise InputError(f"expected {people} people with {each} crops each, the set has {len(names)}: ask for fewer")
    height, width = crops.image(0).shape[:2]
    pitch_y, pitch_x = height + _GAP_PX, width + _GAP_PX
    paper = np.full((each * pitch_y + _GAP_PX, people * pitch_x + _GAP_PX, 3), _PAPER, np.uint8)
    for column, row in enumerate(rows):
        for line, index in enumerate(row.tolist()):
            y, x = _GAP_PX + line * pitch_y, _GAP_PX + column * pitch_x
            paper[y : y + height, x : x + width] = crops.image(index)
    return paper
