"""Every setting of a run in one frozen object, each default beside the code it steers, each reached by --set."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from difflib import get_close_matches
from typing import Any, Self, TypeVar, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

import trackers
from core.errors import SettingError
from pipeline.association import AssociateConfig
from pipeline.crops import CropConfig
from pipeline.detect import DetectConfig
from pipeline.export.config import ExportConfig
from trackers.config import ClutterConfig, OfflineConfig

OUTPUTS = ("json", "video", "mot", "parquet")
MOST_DECODE_THREADS = 64
Section = TypeVar("Section")


@dataclass(frozen=True)
class RunConfig:
    """What is run on what.

    detector, reid: weights by name or path; tracker: one of `trackers.NAMES`. device: auto, cpu, cuda, cuda:N or mps.
    stride: look at every n-th frame. workers: processes, 0 for as many as help. cameras_at_once: those that take turns
    in one process; 0: one on the CPU, four on a GPU, whose batches hold frames of several. decode_threads: per camera,
    0 for as many as FFmpeg thinks fit. outputs: which files to write.
    """

    detector: str = "bundled"
    reid: str = "bundled"
    tracker: str = "bytetrack"
    device: str = "auto"
    stride: int = 1
    workers: int = 0
    cameras_at_once: int = 0
    decode_threads: int = 1
    outputs: tuple[str, ...] = OUTPUTS

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        if self.stride < 1:
            raise SettingError(f"run.stride: expected 1 or more, got {self.stride}")
        if self.workers < 0:
            raise SettingError(f"run.workers: expected 0 (as many as help) or more, got {self.workers}")
        if self.cameras_at_once < 0:
            raise SettingError(f"run.cameras_at_once: expected 0 (as many as help) or more, got {self.cameras_at_once}")
        if not 0 <= self.decode_threads <= MOST_DECODE_THREADS:
            raise SettingError(
                f"run.decode_threads: expected 0 (as many as fit) to {MOST_DECODE_THREADS}, got {self.decode_threads}"
            )
        if self.tracker not in trackers.NAMES:
            near = get_close_matches(self.tracker, trackers.NAMES, 1, 0)
            raise SettingError(
                f"--tracker {self.tracker}: expected one of {', '.join(trackers.NAMES)}; did you mean {near[0]!r}?"
            )
        if unknown := [name for name in self.outputs if name not in OUTPUTS]:
            raise SettingError(f"--outputs: expected some of {', '.join(OUTPUTS)}, got {unknown[0]!r}")

    def cameras_at_once_on(self, device: str) -> int:
        """How many cameras take turns on `device`."""
        return self.cameras_at_once or (1 if device == "cpu" else 4)


def _refine_calibrated() -> OfflineConfig:
    """The bundled detector's scores are calibrated: below one half a tracklet is more likely clutter than a person."""
    return OfflineConfig(clutter=ClutterConfig(least_score=0.5))


def _associate_bundled() -> AssociateConfig:
    """For the bundled ReID network, whose distances between cameras are large; see docs/association.md."""
    return AssociateConfig(caution=0.2)


@dataclass(frozen=True)
class Settings:
    """All settings, by section. `track` belongs to the tracker named in `run`."""

    run: RunConfig = field(default_factory=RunConfig)
    detect: DetectConfig = field(default_factory=DetectConfig)
    track: Any = None
    refine: OfflineConfig = field(default_factory=_refine_calibrated)
    crops: CropConfig = field(default_factory=CropConfig)
    associate: AssociateConfig = field(default_factory=_associate_bundled)
    export: ExportConfig = field(default_factory=ExportConfig)

    def __post_init__(self) -> None:
        """Give `track` the defaults of the tracker that was chosen."""
        if self.track is None:
            object.__setattr__(self, "track", trackers.CONFIGS[self.run.tracker]())


def resolve(run: RunConfig, overrides: Sequence[str] = ()) -> Settings:
    """The defaults, with `run` and `section.key=value` overrides on top. Raises SettingError.

    Their order does not matter, but of one key the last counts: `run` is settled first, since its tracker decides which
    settings `track` has.
    """
    asked = [_Override.parse(text, "detect.score=0.3") for text in overrides]
    of_run = [one for one in asked if one.path[0] == "run"]
    settings = Settings(run=_with(Settings(run=run), of_run).run)
    return _with(settings, [one for one in asked if one.path[0] != "run"])


def override(config: Section, section: str, overrides: Sequence[str]) -> Section:
    """The settings of one stage that runs alone, with `section.key=value` overrides on top. Raises SettingError."""
    asked = [_Override.parse(text, f"{section}.key=1") for text in overrides]
    for one in asked:
        if one.path[0] != section or len(one.path) < 2:
            raise SettingError(f"{one.where}: this command has only the section {section!r}: {section}.key=value")
    return _with(config, [one.inside() for one in asked])


@dataclass(frozen=True)
class _Override:
    """A value for the field at `path`; where: as the user wrote it."""

    path: tuple[str, ...]
    value: str
    where: str

    @classmethod
    def parse(cls, text: str, example: str) -> Self:
        name, equals, value = text.partition("=")
        if not equals:
            raise SettingError(f"--set {text}: expected section.key=value, for example {example}")
        return cls(tuple(name.strip().split(".")), value.strip(), f"--set {text}")

    def inside(self) -> Self:
        """The same, seen from the section that its path begins with."""
        return replace(self, path=self.path[1:])


def _with(holder: Section, asked: Sequence[_Override]) -> Section:
    """`holder` with all that is asked for, checked as a whole: what fits together need not fit one by one."""
    by_name: dict[str, list[_Override]] = {}
    for one in asked:
        by_name.setdefault(one.path[0], []).append(one)
    changes = {name: _changed(holder, name, group) for name, group in by_name.items()}
    try:
        return replace(holder, **changes)  # type: ignore[type-var]
    except SettingError as error:
        raise SettingError(f"{' '.join(one.where for one in asked)}: {error}") from error


def _changed(holder: Any, name: str, asked: Sequence[_Override]) -> Any:
    """The field `name` of `holder` with what is asked for; its type decides how a value is read."""
    where = asked[0].where
    names = [f.name for f in fields(holder)]
    if name not in names:
        near = get_close_matches(name, names, 1, 0)
        raise SettingError(f"{where}: there is no {name!r}; did you mean {near[0]!r}? There are {', '.join(names)}.")
    current = getattr(holder, name)
    if is_dataclass(current):
        if short := [one for one in asked if len(one.path) == 1]:
            inner = ", ".join(f.name for f in fields(current))
            raise SettingError(f"{short[0].where}: {name!r} is a section; name one of its keys: {inner}")
        return _with(current, [one.inside() for one in asked])
    if long := [one for one in asked if len(one.path) > 1]:
        raise SettingError(f"{long[0].where}: {name!r} is a single value and holds no {long[0].path[1]!r}")
    kind = get_type_hints(type(holder))[name]
    return [_read(kind, one.value, one.where) for one in asked][-1]


def _read(kind: Any, value: str, where: str) -> Any:
    """`value` as a `kind`; a number must be finite, since no setting means anything by inf or nan."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind, config=ConfigDict(allow_inf_nan=False))
    try:
        if getattr(kind, "__origin__", None) is tuple:
            return adapter.validate_python(tuple(part.strip() for part in value.split(",") if part.strip()))
        return adapter.validate_strings(value)
    except ValidationError as error:
        spelled = getattr(kind, "__name__", str(kind))
        raise SettingError(f"{where}: expected {spelled}, got {value!r} ({error.errors()[0]['msg']})") from error
