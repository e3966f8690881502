"""What the bundled networks get wrong, as pictures for their cards: rendered people alone, drawn by chance.

python -m benchmarks.failures reid build/crops/val
python -m benchmarks.failures detector build/frames/test

The sets are `synth crops` and `synth frames` of seeds that nothing was trained on.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from benchmarks.detector import LEAST_PX, SURE, bundled
from core.boxes import iou
from evaluation.detection import read_truth
from pipeline.people.finder import embed_people
from pipeline.people.rendered import rendered_people
from pipeline.people.tools import Tools
from reid.data.shards import ShardSet
from reid.distance import appearance_distance
from reid.drawing import RIGHT_BGR, WRONG_BGR, ranked_list, stacked

DOCS = Path(__file__).parents[1] / "docs"
SEED, QUALITY = 0, 85
EACH_ROW, ROWS = 4, 3  # mistakes of the ReID network
TILES, TILE_PX, AROUND = 9, 150, 1.7  # mistakes of the detector: in each of two rows, and how much is shown about a box

app = typer.Typer(add_completion=False, help=__doc__)


@app.command()
def reid(
    data: Annotated[Path, typer.Argument(help="Shards of `python -m synth crops`.")],
    output: Annotated[Path, typer.Option()] = DOCS / "reid-failures.jpg",
) -> None:
    """Crops that are nearest to somebody else: the crop, the wrong one, and the right one nearest to it."""
    tools = Tools.open("bundled", "cpu", 0, are_crops=True)
    crops = ShardSet(data)
    people = rendered_people(tools, crops)
    found = embed_people(tools.embedder, people)
    distance, _ = appearance_distance(found, found)
    distance = np.where(crops.camera[:, None] == crops.camera[None], np.inf, distance)
    same = crops.identity[:, None] == crops.identity[None]
    right, wrong = np.where(same, distance, np.inf), np.where(same, np.inf, distance)
    asked = np.isfinite(right).any(axis=1)
    failed = np.flatnonzero(asked & (wrong.min(axis=1) < right.min(axis=1)))
    typer.echo(f"{len(failed)} of {int(asked.sum())} crops are nearest to somebody else")
    lists = []
    for row in np.random.default_rng(SEED).permutation(failed)[: EACH_ROW * ROWS]:
        pair = int(wrong[row].argmin()), int(right[row].argmin())
        captions = [f"{distance[row, one]:.2f}" for one in pair]
        captions[1] += f" rank {int((distance[row] < distance[row, pair[1]]).sum()) + 1}"
        lists.append(ranked_list([people[row].image], [people[one].image for one in pair], captions, [False, True]))
    _write(
        stacked([np.concatenate(lists[at : at + EACH_ROW], axis=1) for at in range(0, len(lists), EACH_ROW)]), output
    )


@app.command()
def detector(
    frames: Annotated[Path, typer.Argument(help="A folder with images/ and labels/, of `python -m synth frames`.")],
    output: Annotated[Path, typer.Option()] = DOCS / "detector-failures.jpg",
) -> None:
    """People who are not found at a score of 0.5 (above), and found where nobody is (below)."""
    find = bundled()
    missed: list[np.ndarray] = []
    invented: list[np.ndarray] = []
    truth = read_truth(frames)
    asked = said = 0
    for number in np.random.default_rng(SEED).permutation(len(truth)):
        row = truth[number]
        image = cv2.imread(str(frames / "images" / row["file_name"]))
        assert image is not None
        boxes = np.concatenate([row["boxes_xywh"][:, :2], row["boxes_xywh"][:, :2] + row["boxes_xywh"][:, 2:]], axis=1)
        found, scores, *_ = find(image)
        found = found[scores >= SURE]
        near = iou(boxes, found) if len(boxes) and len(found) else np.zeros((len(boxes), len(found)))
        tall = row["boxes_xywh"][:, 3] >= LEAST_PX
        asked, said = asked + int(tall.sum()), said + len(found)
        missed += [_about(image, box, RIGHT_BGR) for box in boxes[tall & (near.max(axis=1, initial=0) < 0.5)]]
        invented += [_about(image, box, WRONG_BGR) for box in found[near.max(axis=0, initial=0) < 0.5]]
    typer.echo(f"missed: {len(missed)} of {asked} people; nobody there: {len(invented)} of {said} boxes")
    _write(stacked([np.concatenate(tiles[:TILES], axis=1) for tiles in (missed, invented) if tiles]), output)


def _about(image: np.ndarray, box_xyxy: np.ndarray, colour: Sequence[int]) -> np.ndarray:
    """A square tile about a box, which is drawn into it."""
    x1, y1, x2, y2 = box_xyxy
    half = max(x2 - x1, y2 - y1) * AROUND / 2
    scale = TILE_PX / (2 * half)
    shift = np.array([[scale, 0, -scale * ((x1 + x2) / 2 - half)], [0, scale, -scale * ((y1 + y2) / 2 - half)]])
    tile = cv2.warpAffine(image, shift, (TILE_PX, TILE_PX), flags=cv2.INTER_AREA, borderValue=(255, 255, 255))
    corners = [tuple(round(float(v)) for v in shift @ (x, y, 1)) for x, y in ((x1, y1), (x2, y2))]
    cv2.rectangle(tile, corners[0], corners[1], tuple(colour), 2)
    return cv2.copyMakeBorder(tile, 3, 3, 3, 3, cv2.BORDER_CONSTANT, value=(255, 255, 255))


def _write(picture: np.ndarray, output: Path) -> None:
    if not cv2.imwrite(str(output), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
        raise typer.BadParameter(f"{output}: cannot be written")
    typer.echo(f"written to {output}")


if __name__ == "__main__":
    app()
