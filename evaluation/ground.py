"""Is one person one identity on the floor? Scores over ground positions in metres, not over image boxes."""

import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from scipy.optimize import linear_sum_assignment

from core.arrays import frozen
from core.errors import InputError, ShapeError, UsageError
from evaluation.identities import FrameOverlap, hota_scores

COLUMNS = (("frame",), ("id", "identity"), ("x_m",), ("y_m",))


@dataclass(frozen=True, eq=False)
class GroundPositions:
    """Who stood where: frames (N,) int64, ids (N,) int64, places_m (N, 2) float64. An id is once in a frame at most."""

    frames: np.ndarray
    ids: np.ndarray
    places_m: np.ndarray

    def __post_init__(self) -> None:
        """Validate and freeze."""
        object.__setattr__(self, "frames", frozen("frames", self.frames, (None,), np.int64))
        count = len(self.frames)
        object.__setattr__(self, "ids", frozen("ids", self.ids, (count,), np.int64))
        object.__setattr__(self, "places_m", frozen("places_m", self.places_m, (count, 2), np.float64))
        pairs, counts = np.unique(np.column_stack([self.frames, self.ids]), axis=0, return_counts=True)
        if (counts > 1).any():
            frame, identity = pairs[counts > 1][0]
            raise ShapeError(f"identity {identity} is {counts.max()} times in frame {frame}")

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True)
class GroundScores:
    """Identity over ground positions; shares lie in [0, 1].

    idf1, idp, idr: positions within `within_m` under the best one-to-one map of found to true identities (Ristani et
    al. 2016). precision, recall: positions matched one to one in each frame, whoever they are. median_error_m: of
    those matches, None without any. switches: how often the match of a true person changed its identity. hota: HOTA
    with similarity 1 − distance / (2 · within_m), so that its threshold of 0.5 is `within_m`, by trackeval; None where
    that is not installed.
    """

    within_m: float
    idf1: float
    idp: float
    idr: float
    precision: float
    recall: float
    median_error_m: float | None
    switches: int
    hota: float | None
    true_positions: int
    found_positions: int
    true_identities: int
    found_identities: int


def ground_scores(truth: GroundPositions, found: GroundPositions, within_m: float = 0.5) -> GroundScores:
    """Scores of `found` against `truth`. Without positions the shares are 0. Raises UsageError for within_m ≤ 0."""
    if not within_m > 0:
        raise UsageError(f"--within: expected more than 0 m, got {within_m}")
    true_ids, found_ids = np.unique(truth.ids), np.unique(found.ids)
    together = np.zeros((len(true_ids), len(found_ids)))
    errors: list[float] = []
    frames: list[FrameOverlap] = []
    last: dict[int, int] = {}
    switches = 0
    for number in np.unique(np.concatenate([truth.frames, found.frames])):
        rows, columns = np.flatnonzero(truth.frames == number), np.flatnonzero(found.frames == number)
        people, names = np.searchsorted(true_ids, truth.ids[rows]), np.searchsorted(found_ids, found.ids[columns])
        far_m = np.linalg.norm(truth.places_m[rows][:, None] - found.places_m[columns], axis=2)
        together[np.ix_(people, names)] += far_m <= within_m
        for row, column in _matches(far_m, within_m):
            errors.append(float(far_m[row, column]))
            switches += last.get(int(people[row]), int(names[column])) != int(names[column])
            last[int(people[row])] = int(names[column])
        frames.append(FrameOverlap(0, people, names, np.clip(1 - far_m / (2 * within_m), 0, 1)))
    right = float(together[linear_sum_assignment(-together)].sum())
    return GroundScores(
        within_m=within_m,
        idf1=_share(2 * right, len(truth) + len(found)),
        idp=_share(right, len(found)),
        idr=_share(right, len(truth)),
        precision=_share(len(errors), len(found)),
        recall=_share(len(errors), len(truth)),
        median_error_m=float(np.median(errors)) if errors else None,
        switches=switches,
        hota=hota_scores(frames, len(true_ids), len(found_ids)).get("HOTA"),
        true_positions=len(truth),
        found_positions=len(found),
        true_identities=len(true_ids),
        found_identities=len(found_ids),
    )


def _matches(far_m: np.ndarray, within_m: float) -> list[tuple[int, int]]:
    """One-to-one matches of one frame's (T, F) distances: as many within reach as can be, then the nearest."""
    rows, columns = linear_sum_assignment(np.where(far_m <= within_m, far_m - 1e3 * within_m, 0))
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if far_m[r, c] <= within_m]


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def read_positions(path: Path) -> GroundPositions:
    """Positions of a CSV with a header naming frame, id (or identity), x_m, y_m, in any order; others are left alone.

    Raises InputError naming the file, and the line or column that is wrong.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets write a mark in front
            lines = list(csv.reader(file))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: expected a CSV in UTF-8 ({error})") from error
    header = [name.strip() for name in lines[0]] if lines else []
    places = []
    for names in COLUMNS:
        at = [header.index(name) for name in names if name in header]
        if not at:
            raise InputError(f"{path}: has no column {names[0]!r}; expected frame,id,x_m,y_m, got {','.join(header)!r}")
        places.append(at[0])
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not any(value.strip() for value in line):
            continue
        try:
            row = [float(line[at]) for at in places]
        except (ValueError, IndexError) as error:
            raise InputError(f"{path}, line {number}: expected numbers, got {','.join(line)!r}") from error
        if not (row[0].is_integer() and row[1].is_integer()):
            raise InputError(f"{path}, line {number}: expected whole numbers of frame and id, got {','.join(line)!r}")
        rows.append(row)
    table = np.array(rows).reshape(-1, len(COLUMNS))
    try:
        return GroundPositions(table[:, 0], table[:, 1], table[:, 2:])
    except ShapeError as error:
        raise InputError(f"{path}: {error}") from error


def ground(
    truth: Annotated[Path, typer.Argument(help="CSV with frame, id, x_m, y_m.")],
    found: Annotated[Path, typer.Argument(help="CSV with frame, identity, x_m, y_m, as `pipeline locate` writes.")],
    within: Annotated[float, typer.Option(help="Metres at which a position is right.")] = 0.5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Identity over ground positions: IDF1, HOTA, precision and recall within some metres, median error."""
    scores = ground_scores(read_positions(truth), read_positions(found), within)
    typer.echo(json.dumps(asdict(scores), indent=2) if as_json else _spell(scores))


def _spell(scores: GroundScores) -> str:
    hota = "HOTA: trackeval is not installed" if scores.hota is None else f"HOTA {scores.hota:.4f}"
    error = "–" if scores.median_error_m is None else f"{scores.median_error_m:.3f} m"
    return (
        f"identity over ground positions within {scores.within_m} m\n"
        f"IDF1 {scores.idf1:.4f}   IDP {scores.idp:.4f}   IDR {scores.idr:.4f}   switches {scores.switches}\n"
        f"{hota}\n"
        f"positions: precision {scores.precision:.4f}   recall {scores.recall:.4f}   median error {error}\n"
        f"identities {scores.found_identities} found, {scores.true_identities} true;   "
        f"positions {scores.found_positions} found, {scores.true_positions} true"
    )
