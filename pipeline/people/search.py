"""1:N: where in a finished run is the person of these pictures, or somebody dressed like this?"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.errors import UsageError
from core.types import Descriptors, TrackletKey
from pipeline.people.finder import embed_people
from pipeline.people.hits import Hit, table, write_hits
from pipeline.people.stored_run import StoredRun, open_run
from pipeline.people.tools import Tools
from reid.attributes.files import has_model
from reid.attributes.filters import Filter, parse_filters
from reid.distance import appearance_distance
from reid.tracklet import TrackletConfig, prototypes, set_distance

Say = Callable[[str], None]


def search(
    tools: Tools,
    pictures: Sequence[Path],
    folder: Path,
    output: Path | None,
    top: int,
    say: Say,
    where: Sequence[str] = (),
    *,
    unsure: bool = False,
) -> list[Hit]:
    """Write the best hits to `output`: hits.json, one crop each, overview.png; say them as a table.

    Several pictures are one person seen several times. where: filters, such as `upper=red`, that a hit must fit; how
    many are left out is said. unsure: list those that may fit or not, after those that do. No pictures: by the filters
    alone. Raises InputError (pictures, run), UsageError (the run was made with another network; neither pictures nor
    filters; a filter that there is not), OutputError, WeightsError.
    """
    if not pictures and not where:
        raise UsageError("search: expected a picture of somebody, or --where, such as --where upper=red")
    filters = parse_filters(where, tools.attributes) if where else ()
    run = open_run(folder)
    if run.reid != tools.embedder.identifier:
        raise UsageError(
            f"{folder}: made with {run.reid}, this network is {tools.embedder.identifier}. Give --weights the network "
            "of the run, or run the job again."
        )
    people = [tools.person(path) for path in pictures]
    hits = rank(tools, embed_people(tools.embedder, people), run) if people else everybody(run)
    if filters:
        hits = _filtered(tools, hits, run, filters, unsure, say)
    hits = _dressed(tools, hits[:top], run)
    output = output or folder / "search" / _name(people[0].path.stem if people else "", filters)
    hits = write_hits(hits, run, [person.image for person in people], output, say)
    for line in table(hits):
        say(line)
    say(f"written to {output}")
    return hits


def rank(tools: Tools, asked: Descriptors, run: StoredRun) -> list[Hit]:
    """Every tracklet with crops, the likeliest first; those with too little evidence last."""
    calibration, config = tools.calibration, TrackletConfig()
    keys = _keys(run)
    sets = [prototypes(run.appearances[key].descriptors, config.prototypes) for key in keys]
    distance, evidence = _to_sets(asked, sets, config)
    probability = calibration.probability(distance, evidence)
    hits = []
    for place, key in enumerate(keys):
        best = int(np.argmin(appearance_distance(asked, run.appearances[key].descriptors)[0].min(axis=0)))
        p = float(probability[place])
        hits.append(
            replace(
                _hit(run, key, best),
                probability=None if math.isnan(p) else round(p, 4),
                distance=round(float(distance[place]), 4),
                evidence=round(float(evidence[place]), 4),
            )
        )
    return sorted(hits, key=lambda hit: (hit.probability is None, -(hit.probability or 0), hit.distance))


def everybody(run: StoredRun) -> list[Hit]:
    """Every tracklet with crops, each by its best one."""
    return [_hit(run, key, int(np.argmax(run.appearances[key].descriptors.quality))) for key in _keys(run)]


def _keys(run: StoredRun) -> list[TrackletKey]:
    return [key for key in sorted(run.appearances) if len(run.appearances[key].frames)]


def _hit(run: StoredRun, key: TrackletKey, crop: int) -> Hit:
    """A tracklet by one of its crops."""
    tracklet, frame = run.tracklets[key], int(run.appearances[key].frames[crop])
    row = min(int(np.searchsorted(tracklet.frames, frame)), len(tracklet) - 1)
    x1, y1, x2, y2 = (round(float(value), 1) for value in tracklet.boxes_xyxy[row])
    time_s = round(float(tracklet.times_s[row]), 3)
    return Hit(key.camera, key.local_id, run.identities.get(key), time_s, frame, None, None, None, (x1, y1, x2, y2))


def _filtered(
    tools: Tools, hits: list[Hit], run: StoredRun, filters: Sequence[Filter], unsure: bool, say: Say
) -> list[Hit]:
    """Hits that fit all filters, then, where they are wanted, those of which it is not sure; says how many are left
    out. Without pictures the likeliest to fit is first; that several filters fit is taken for independent."""
    answers = tools.attributes.answers([_crops(run, hit) for hit in hits])
    marked = []
    for hit, known in zip(hits, answers, strict=True):
        verdicts = [one.verdict(known) for one in filters]
        fits = False if False in verdicts else None if None in verdicts else True
        likely = math.prod(one.probability(known) for one in filters)
        marked.append(replace(hit, where=round(likely, 4), fits=fits))
    if all(hit.distance is None for hit in marked):
        marked.sort(key=lambda hit: -(hit.where or 0))
    fitting, open_ = ([hit for hit in marked if hit.fits is one] for one in (True, None))
    said = f"{len(fitting)} of {len(marked)} tracklets fit {' '.join(one.text for one in filters)}"
    if open_:
        said += f"; {len(open_)} may or may not: " + ("listed last" if unsure else "left out, --unsure lists them last")
    say(said)
    return fitting + (open_ if unsure else [])


def _dressed(tools: Tools, hits: list[Hit], run: StoredRun) -> list[Hit]:
    """With what they wear, where attributes were fitted for this network."""
    if not has_model(tools.weights):
        return hits
    found = tools.attributes.answers([_crops(run, hit) for hit in hits])
    worn = [{name: answer.to_dict() for name, answer in one.items()} for one in found]
    return [replace(hit, attributes=one) for hit, one in zip(hits, worn, strict=True)]


def _crops(run: StoredRun, hit: Hit) -> Descriptors:
    return run.appearances[TrackletKey(hit.camera, hit.local_id)].descriptors


def _name(stem: str, filters: Sequence[Filter]) -> str:
    """Of the folder of hits: the first picture's and the filters'."""
    return "_".join([*([stem] if stem else []), *(one.text.replace("=", "-") for one in filters)])


def _to_sets(asked: Descriptors, sets: Sequence[Descriptors], config: TrackletConfig) -> tuple[np.ndarray, np.ndarray]:
    """Distance and evidence (T,) of the query set to each other set: linear in T, unlike all pairs of sets."""
    found = [set_distance([asked, one], config) for one in sets]
    return np.array([d[0, 1] for d, _ in found]), np.array([e[0, 1] for _, e in found])
