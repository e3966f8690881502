"""N:N: the people of a folder of photos, one folder each, and one for what does not say."""

import json
from pathlib import Path

import numpy as np

from core.errors import UsageError
from core.pictures import encoded
from core.types import Descriptors
from core.whole import PART_PREFIX, whole_files
from pipeline.people.finder import Person, embed_both_ways
from pipeline.people.tools import Tools
from reid.calibration import Calibration
from reid.clustering import UNSURE
from reid.data.folders import Say, pictures
from reid.distance import appearance_distance
from reid.grouping import grouped

FILE = "clusters.json"


def cluster_folder(tools: Tools, folder: Path, output: Path, limit: float | None, say: Say) -> np.ndarray:
    """Write output/person-001/…, output/unsure/… (crops) and output/clusters.json; gives the groups (N,).

    All of it or nothing. People in one photo are never put together. A photo that cannot be read or shows nobody is
    said and left out. Raises InputError where nobody is left, UsageError where `output` holds something, OutputError,
    WeightsError.
    """
    calibration = tools.calibration
    paths = pictures(folder, say)
    if output.exists() and (not output.is_dir() or _holds_something(output)):
        raise UsageError(f"--output {output}: expected a new or an empty folder; name another, or empty it")
    people = tools.everybody(paths, say)
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


def _holds_something(folder: Path) -> bool:
    """But for what a killed run may have left behind."""
    return any(not path.name.startswith(PART_PREFIX) for path in folder.iterdir())


def _file_of(person: Person) -> str:
    """Another for each person of each photo: the photo's name, and the number where it is not the first."""
    photo = f"{person.path.stem}-{person.path.suffix.removeprefix('.')}"
    return f"{photo}-{person.number}.jpg" if person.number > 1 else f"{photo}.jpg"


def _write(people: list[Person], labels: np.ndarray, output: Path) -> None:
    rows = []
    with whole_files(output, last=FILE) as temporary:
        for person, label in zip(people, labels.tolist(), strict=True):
            name = "unsure" if label == UNSURE else f"person-{label + 1:03d}"
            file = Path(name) / _file_of(person)
            (temporary / name).mkdir(exist_ok=True)
            (temporary / file).write_bytes(encoded(person.image, file.suffix))
            box = [round(float(value), 1) for value in person.box_xyxy]
            rows.append({
                "photo": person.path.name, "box_xyxy": box, "person": None if label == UNSURE else label + 1,
                "crop": file.as_posix(),
            })  # fmt: skip
        (temporary / FILE).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
