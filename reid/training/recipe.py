"""A recipe: everything that decides what a training gives, read from TOML."""

import dataclasses
import difflib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import InputError, SettingError
from reid.network.config import NetworkConfig
from reid.parts import PartsConfig

CUT_LEAST, COVER_LEAST, NOISE_LEAST, PATCH_LEAST = 0.1, 0.1, 1.0, 0.05  # from here to what the recipe says


@dataclass(frozen=True)
class DataConfig:
    """train, validation: folders of shards, or of pictures in a layout that `reid.data.layouts` knows, relative to the
    working folder. validation: scored during a training; "" for none."""

    train: str = "build/crops/train"
    validation: str = ""


@dataclass(frozen=True)
class ScheduleConfig:
    """How long and how fast. Raises SettingError.

    steps: batches in all. identities, images: P and K of a batch. learning_rate: the peak of a cosine with a linear
    warm-up over the share `warmup`. small_share: share of the steps, the first ones, at small_height × small_width px,
    multiples of 16.
    threads: of PyTorch, 0 for its own choice. double: in 64 bits, to compare runs whose sums are in another order.
    half: convolutions in bfloat16 (weights, statistics and losses stay in 32 bits): 1.7 times as fast on processors
    with AVX512-BF16 or AMX, slower on others.
    alike: identities of a batch come in groups of so many that look alike, 1 for chance; alike_by: the folder of the
    network, or "bundled", that says who does; alike_among: the others of a group are drawn from so many.
    checkpoint_s, report_s: seconds between checkpoints and between lines. validate_steps: steps between scores on
    `data.validation`, 0 for scores at the end alone.
    """

    steps: int = 2000
    identities: int = 16
    images: int = 4
    learning_rate: float = 2e-3
    final_learning_rate: float = 1e-5
    weight_decay: float = 5e-4
    warmup: float = 0.05
    small_share: float = 0.0
    small_height: int = 112
    small_width: int = 48
    camera_balanced: bool = True
    alike: int = 1
    alike_by: str = "bundled"
    alike_among: int = 12
    threads: int = 0
    double: bool = False
    half: bool = False
    checkpoint_s: float = 60.0
    report_s: float = 15.0
    validate_steps: int = 0

    def __post_init__(self) -> None:
        """Refuse what makes no batch."""
        for name in ("steps", "identities", "images"):
            if getattr(self, name) < 1:
                raise SettingError(f"schedule.{name}: expected 1 or more, got {getattr(self, name)}")
        small = (self.small_height, self.small_width)
        if any(side <= 0 or side % 16 for side in small):
            raise SettingError(f"schedule.small_height, small_width: expected positive multiples of 16, got {small}")


@dataclass(frozen=True)
class LossConfig:
    """Weights of the terms (0 leaves one out) and their constants. margin < 0 asks for the soft margin. Raises
    SettingError.

    contrast, part_contrast: supervised contrastive on the vectors that inference compares, at `temperature`.
    attributes: what people wear, read off the whole-crop vector.
    """

    classification: float = 1.0
    smoothing: float = 0.1
    triplet: float = 1.0
    margin: float = 0.3
    parts: float = 0.5
    part_margin: float = 0.3
    stripes: float = 0.5
    stripe_margin: float = 0.1
    contrast: float = 0.0
    part_contrast: float = 0.0
    attributes: float = 0.0
    temperature: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what teaches nothing."""
        if not (self.classification or self.attributes or self.compares):
            raise SettingError("losses: expected a term with a weight, got 0 for each")
        if self.temperature <= 0:
            raise SettingError(f"losses.temperature: expected more than 0, got {self.temperature}")

    @property
    def compares(self) -> bool:
        """Whether a term compares several crops of one identity."""
        return any((self.triplet, self.parts, self.stripes, self.contrast, self.part_contrast))


@dataclass(frozen=True)
class AugmentationConfig:
    """Chances and strengths; 0 switches one off. What differs between rendered and real people is made to vary. Raises
    SettingError.

    shift, zoom, rotate_degrees: of the box. cut: chance that the top, bottom or a side is missing, by up to cut_most of
    it. cover: chance that something hides it from below or from a side, up to cover_most of it. gain: per-channel
    exposure; light, contrast, saturation: ± of 1; gamma: ± of log 2. coarse: chance to shrink and grow again; blur;
    noise: chance, noise_most: its sigma in grey levels. erase: chance of a grey or noise rectangle; occlude: chance of
    a piece of another crop, both up to patch_most of the area. joint_jitter: sigma as a share of the height;
    joint_drop, all_joints_drop: chances. cut_most and cover_most are at least 0.1, noise_most 1, patch_most 0.05.
    """

    flip: float = 0.5
    shift: float = 0.06
    zoom: float = 0.12
    rotate_degrees: float = 5.0
    cut: float = 0.15
    cut_most: float = 0.45
    cover: float = 0.0
    cover_most: float = 0.6
    gain: float = 0.15
    light: float = 0.35
    contrast: float = 0.3
    saturation: float = 0.35
    gamma: float = 0.3
    coarse: float = 0.3
    blur: float = 0.2
    noise: float = 0.4
    noise_most: float = 12.0
    erase: float = 0.3
    occlude: float = 0.25
    patch_most: float = 0.4
    joint_jitter: float = 0.012
    joint_drop: float = 0.08
    all_joints_drop: float = 0.05

    def __post_init__(self) -> None:
        """Refuse a strength below the least there is, where it is asked for."""
        for chance, name, least in (
            (self.cut, "cut_most", CUT_LEAST),
            (self.cover, "cover_most", COVER_LEAST),
            (self.noise, "noise_most", NOISE_LEAST),
            (max(self.erase, self.occlude), "patch_most", PATCH_LEAST),
        ):
            if chance > 0 and getattr(self, name) < least:
                wanted = f"expected {least} or more, got {getattr(self, name)}"
                raise SettingError(f"augmentation.{name}: {wanted}; a chance of 0 leaves it out")


@dataclass(frozen=True)
class Recipe:
    """Name, seed and the parts above. `PartsConfig` is the one the embedder uses.

    begin_with: the output folder of an earlier training whose network this one starts from (its trunk alone, where the
    head is another; for `fit` several, joined by +, one for each trunk that learns; for one of timm's, a file of its
    weights); "" for random weights. begin_losses: so do the losses (the classifier of its identities), for the same
    `data.train`. fit_on: what `fit` looks for directions in, the features of each "trunk", or what its trained "head"
    makes of them.
    """

    name: str = "throughline-reid"
    seed: int = 0
    begin_with: str = ""
    begin_losses: bool = False
    fit_on: str = "trunk"
    data: DataConfig = field(default_factory=DataConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    losses: LossConfig = field(default_factory=LossConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    parts: PartsConfig = field(default_factory=PartsConfig)

    def to_dict(self) -> dict[str, Any]:
        """Nested plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Recipe":
        """The reverse. Raises SettingError, with the nearest name, for a key that does not exist."""
        recipe = cls()
        _require_known(values, recipe, "")
        sections = {}
        for name, value in values.items():
            default = getattr(recipe, name)
            if dataclasses.is_dataclass(default):
                if not isinstance(value, dict):
                    raise SettingError(f"{name}: expected a table, got {value!r}")
                sections[name] = _section(default, value, name)
            else:
                sections[name] = _typed(f"{name}", default, value)
        return dataclasses.replace(recipe, **sections)

    @classmethod
    def read(cls, path: Path) -> "Recipe":
        """From a TOML file. Raises InputError (unreadable), SettingError."""
        try:
            return cls.from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError(f"{path}: cannot be read as a TOML recipe: {error}") from error


def _section(default: Any, values: dict[str, Any], name: str) -> Any:
    _require_known(values, default, f"{name}.")
    typed = {key: _typed(f"{name}.{key}", getattr(default, key), value) for key, value in values.items()}
    return dataclasses.replace(default, **typed)


def _require_known(values: dict[str, Any], config: Any, prefix: str) -> None:
    known = [one.name for one in dataclasses.fields(config)]
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {prefix}{near[0]}?" if near else f"; known are {known}"
            raise SettingError(f"{prefix}{key}: no such setting{hint}")


def _typed(name: str, default: Any, value: Any) -> Any:
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise SettingError(f"{name}: expected {type(default).__name__}, got {value!r}")
    return value
