"""What the user said about who is who: `corrections.toml`, and that it stands."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ConstraintError, InputError, UsageError
from core.types import Identity, TrackletKey
from pipeline.association.labels import canonical
from pipeline.association.pair_set import PairSet


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Entry(_Strict):
    tracklets: list[str] = Field(min_length=2)


class _Document(_Strict):
    must_link: list[_Entry] = []
    cannot_link: list[_Entry] = []


@dataclass(frozen=True)
class Corrections:
    """Groups of tracklets that are one person, and groups of which no two are; `source` names the file in errors."""

    must_link: tuple[tuple[TrackletKey, ...], ...] = ()
    cannot_link: tuple[tuple[TrackletKey, ...], ...] = ()
    source: str = "corrections.toml"

    def mentioned(self) -> frozenset[TrackletKey]:
        """Every tracklet that is named."""
        return frozenset(key for group in self.must_link + self.cannot_link for key in group)


def read_corrections(path: Path) -> Corrections:
    """`[[must_link]]` and `[[cannot_link]]`, each with tracklets = ["camera:local id", …]; none where there is no file.

    Raises InputError where the file cannot be read or is no TOML, UsageError for what it may not say; both name it.
    """
    if not path.exists():
        return Corrections(source=str(path))
    try:
        document = _Document.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path}: cannot be read as TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        example = '[[must_link]] or [[cannot_link]] with tracklets = ["door:3", "hall:12"]'
        raise UsageError(f"{path}: {where}: {first['msg']}; expected {example}") from error
    groups = {
        name: tuple(tuple(_key(path, text) for text in entry.tracklets) for entry in getattr(document, name))
        for name in ("must_link", "cannot_link")
    }
    return Corrections(**groups, source=str(path))


def _key(path: Path, text: str) -> TrackletKey:
    camera, colon, number = text.rpartition(":")
    if not (colon and camera and number.isascii() and number.isdigit()):
        raise UsageError(
            f'{path}: expected "camera:local id" as tracks.json has them, for example "door:3", got {text!r}'
        )
    return TrackletKey(camera, int(number))


@dataclass(frozen=True, eq=False)
class Links:
    """Corrections by row: start (N,) int, groups that stay together, called after their smallest row; apart (P, 2)."""

    start: np.ndarray
    apart: np.ndarray


def resolve_corrections(corrections: Corrections, keys: Sequence[TrackletKey], impossible: PairSet) -> Links:
    """Corrections for tracklets in this order; impossible: pairs that share a frame of one camera.

    Raises UsageError for a tracklet that is not there, and for corrections that contradict each other or the frames:
    it names the two tracklets and what they were said to be.
    """
    row_of = {key: row for row, key in enumerate(keys)}
    for key in sorted(corrections.mentioned()):
        if key not in row_of:
            raise UsageError(
                f"{corrections.source}: there is no tracklet {_spell(key)}{_near(key, keys)}. Local ids change with "
                "the settings of detection and tracking: look them up in the tracks.json of this run."
            )
    label = np.arange(len(keys))
    for group in corrections.must_link:
        names = label[[row_of[key] for key in group]]
        label[np.isin(label, names)] = names.min()
    apart = np.array([(row_of[a], row_of[b]) for a, b in _pairs(corrections.cannot_link)], np.int64).reshape(-1, 2)
    for one, other in apart:
        if label[one] == label[other]:
            raise UsageError(
                f"{corrections.source}: {_spell(keys[one])} and {_spell(keys[other])} cannot be one person by "
                "[[cannot_link]] and must be by [[must_link]], directly or through others. Take one of them out."
            )
    for name in np.flatnonzero(np.bincount(label, minlength=len(label)) > 1):
        rows = np.flatnonzero(label == name)
        one_row, other_row = (rows[at] for at in np.triu_indices(len(rows), 1))
        clash = np.flatnonzero(impossible.holds(one_row, other_row))
        if len(clash):
            one, other = keys[int(one_row[clash[0]])], keys[int(other_row[clash[0]])]
            raise UsageError(
                f"{corrections.source}: {_spell(one)} and {_spell(other)} must be one person by [[must_link]], but "
                "share a frame of one camera: nobody is there twice. Take one out, or what links them through others."
            )
    return Links(canonical(label), apart)


def check_corrections(corrections: Corrections, identities: Iterable[Identity]) -> None:
    """Prove that what the user said stands. Raises ConstraintError."""
    owner: Mapping[TrackletKey, int] = {key: one.id for one in identities for key in one.tracklets}
    for group in corrections.must_link:
        if len({owner[key] for key in group}) > 1:
            raise ConstraintError(f"{corrections.source}: {', '.join(map(_spell, group))} are not one identity")
    for one, other in _pairs(corrections.cannot_link):
        if owner[one] == owner[other]:
            raise ConstraintError(f"{corrections.source}: {_spell(one)} and {_spell(other)} are one identity")


def _pairs(groups: Iterable[Sequence[TrackletKey]]) -> list[tuple[TrackletKey, TrackletKey]]:
    return [(one, other) for group in groups for at, one in enumerate(group) for other in group[:at] if one != other]


def _spell(key: TrackletKey) -> str:
    return f'"{key.camera}:{key.local_id}"'


def _near(key: TrackletKey, keys: Sequence[TrackletKey]) -> str:
    near = get_close_matches(_spell(key), [_spell(one) for one in keys], 1, 0)
    return f"; did you mean {near[0]}?" if near else "; there are none"
