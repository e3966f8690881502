"""N:N: the people of a folder of photos, one folder each, and one for what does not say."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from core.errors import InputError, OutputError, UsageError
from core.types import Descriptors
from pipeline.export.whole import whole_file
from pipeline.people.finder import Person, embed_both_ways
from pipeline.people.tools import Tools
from reid.calibration import Calibration
from reid.clustering import UNSURE
from reid.data.folders import pictures
from reid.distance import appearance_distance
from reid.grouping import grouped

Say = Callable[[str], None]


def cluster_folder(tools: Tools, folder: Path, output: Path, limit: float | None, say: Say) -> np.ndarray:
    """Write output/person-001/…, output/unsure/… (crops) and output/clusters.json; gives the groups (N,).

    People in one photo are never put together. A photo that cannot be read or shows nobody is said and left out. Raises
    InputError where nobody is left, UsageError where `output` holds something, OutputError, WeightsError.
    """
    calibration = tools.calibration
    paths = pictures(folder)
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"--output {output}: expected a new or an empty folder; name another, or empty it")
    people = _people(tools, paths, say)
    if not people:
        raise InputError(f"{folder}: nobody found in {len(paths)} pictures. If they are crops already, add --crops.")
    found = embed_both_ways(tools.embedder, people)
    labels = group_people(found, people, calibration, limit)
    _write(people, labels, output)
    groups = int(labels.max(initial=UNSURE)) + 1
    say(f"{len(people)} crops of {len(paths)} pictures: {groups} people, {int((labels == UNSURE).sum())} crops unsure")
    return labels


def group_people(
    found: Descriptors, people: list[Person], calibration: Calibration, limit: float | None = None
) -> np.ndarray:
    """Groups (N,) as `reid.grouping.grouped` gives them. A crop that could not even be told from a copy of itself, by
    its evidence, is unsure. limit: up to which distances mostly are one person, None for the calibrated one."""
    distance, evidence = appearance_distance(found, found)
    number = {path: place for place, path in enumerate(dict.fromkeys(person.path for person in people))}
    photo = np.array([number[person.path] for person in people])
    limit = calibration.cluster_distance if limit is None else limit
    return grouped(distance, found.global_, evidence.diagonal(), limit, calibration.least_evidence, photo)


def _people(tools: Tools, paths: list[Path], say: Say) -> list[Person]:
    people = []
    for path in paths:
        try:
            here = tools.people(path)
        except InputError as error:
            say(f"left out: {error}")
            continue
        if not here:
            say(f"left out: {path}: nobody found in it")
        people += here
    return people


def _write(people: list[Person], labels: np.ndarray, output: Path) -> None:
    rows = []
    for person, label in zip(people, labels.tolist(), strict=True):
        name = "unsure" if label == UNSURE else f"person-{label + 1:03d}"
        file = Path(name) / f"{person.name}{person.path.suffix.lower().replace('.', '-')}.jpg"
        (output / name).mkdir(parents=True, exist_ok=True)
        if not cv2.imwrite(str(output / file), person.image):
            raise OutputError(f"{output / file}: cannot be written; is the disk full?")
        box = [round(float(value), 1) for value in person.box_xyxy]
        rows.append({
            "photo": person.path.name, "box_xyxy": box, "person": None if label == UNSURE else label + 1,
            "crop": file.as_posix(),
        })  # fmt: skip
    with whole_file(output / "clusters.json") as temporary:
        temporary.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
