"""What somebody wears: drawn by chance around a style's pins, as plain choices that `sewing` makes."""

from dataclasses import dataclass

import numpy as np

from synth.people.palette import COLOUR_NAMES, colour_name, draw_colour
from synth.people.style import BAGS, HAIRS, HATS, LOWERS, PATTERNS, UPPERS, Colour, PersonStyle

_UPPER_SHARES = (0.20, 0.11, 0.14, 0.12, 0.18, 0.13, 0.05, 0.05, 0.02, 0.0)
_LOWER_SHARES = (0.42, 0.30, 0.09, 0.06, 0.08, 0.05, 0.0)
_BAG_SHARES = (0.58, 0.20, 0.13, 0.09)
_HAT_SHARES = (0.83, 0.08, 0.05, 0.03, 0.01)
_PATTERN_SHARES = (0.58, 0.08, 0.01, 0.05, 0.05, 0.02, 0.14, 0.05, 0.02)
_LONG_SLEEVED = ("sweater", "hoodie", "jacket", "coat", "suit")
_LAYERED = ("jacket", "coat", "suit", "vest", "hoodie")
_OVER_BOOTS = ("leggings", "shorts", "skirt", "dress")  # nothing that a boot would stick out of
_BOOTS, _NO_BOOTS = (0.45, 0.25, 0.18, 0.12), (0.6, 0.4, 0.0, 0.0)
_DENIM: tuple[Colour, ...] = ((40, 50, 75), (62, 80, 115), (90, 112, 148), (30, 32, 38), (120, 140, 165), (52, 62, 84))

ATTRIBUTES = (
    "upper", "upper_colour", "pattern", "sleeve", "lower", "lower_colour", "lower_length", "shoe_colour", "bag",
    "bag_colour", "hat", "hat_colour",
)  # fmt: skip
SLEEVES, LENGTHS = ("none", "short", "long"), ("short", "knee", "long")
ATTRIBUTE_VALUES: dict[str, tuple[str, ...]] = {
    "upper": UPPERS, "upper_colour": (*COLOUR_NAMES, "none"), "pattern": PATTERNS, "sleeve": SLEEVES, "lower": LOWERS,
    "lower_colour": COLOUR_NAMES, "lower_length": LENGTHS, "shoe_colour": COLOUR_NAMES, "bag": BAGS,
    "bag_colour": ("none", *COLOUR_NAMES), "hat": HATS, "hat_colour": ("none", *COLOUR_NAMES),
}  # fmt: skip


@dataclass(frozen=True)
class Outfit:
    """The choices: sleeve along the arm and length along the leg are 1 at wrist and ankle; open_m: half width of an
    open front, zero if closed; loose: 0 tight to 1 wide."""

    upper: str
    upper_colour: Colour
    second_colour: Colour
    inner_colour: Colour
    pattern: str
    sleeve: float
    hem: float
    open_m: float
    loose: float
    lower: str
    lower_colour: Colour
    lower_pattern: str
    lower_length: float
    wide: float
    shoe_colour: Colour
    sole_colour: Colour
    shoe_top: float
    bag: str
    bag_colour: Colour
    hat: str
    hat_colour: Colour
    hair: str
    beard: float

    def attributes(self) -> dict[str, str]:
        """What is worn, one of ATTRIBUTE_VALUES each; nothing about age, sex or ethnicity."""
        sleeve = SLEEVES[0] if self.sleeve < 0.1 else SLEEVES[1] if self.sleeve < 0.7 else SLEEVES[2]
        length = LENGTHS[0] if self.lower_length < 0.42 else LENGTHS[1] if self.lower_length < 0.75 else LENGTHS[2]
        return {
            "upper": self.upper,
            "upper_colour": "none" if self.upper == "none" else colour_name(self.upper_colour),
            "pattern": self.pattern,
            "sleeve": sleeve,
            "lower": self.lower,
            "lower_colour": colour_name(self.lower_colour),
            "lower_length": length,
            "shoe_colour": colour_name(self.shoe_colour),
            "bag": self.bag,
            "bag_colour": "none" if self.bag == "none" else colour_name(self.bag_colour),
            "hat": self.hat,
            "hat_colour": "none" if self.hat == "none" else colour_name(self.hat_colour),
        }


def draw_outfit(rng: np.random.Generator, style: PersonStyle, feminine: float) -> Outfit:
    """Clothes for a body; `feminine`, 0 to 1, shifts how likely skirts, long hair and beards are."""
    upper = style.upper or _pick(rng, UPPERS, np.array(_UPPER_SHARES) * _only_if(UPPERS, "dress", 2 * feminine))
    lower = style.lower or _pick(
        rng, LOWERS, np.array(_LOWER_SHARES) * _only_if(LOWERS, ("skirt", "leggings"), 2 * feminine)
    )
    if upper == "none" and feminine > 0.5:
        upper = "t_shirt"
    if upper == "dress":
        lower = "dress"
    elif lower == "dress":
        upper = "dress"
    if upper == "suit" and style.lower is None:
        lower = "trousers"
    upper_colour = style.upper_colour or (
        _dark(rng) if upper in ("coat", "suit") and rng.random() < 0.7 else draw_colour(rng)
    )
    lower_colour = style.lower_colour or _lower_colour(rng, lower, upper, upper_colour)
    plain = upper in ("coat", "suit") and rng.random() < 0.85
    hairs = np.array([0.05, 0.10, 0.55, 0.14, 0.05, 0.06, 0.05])
    if feminine > 0.5:
        hairs = np.array([0.005, 0.01, 0.10, 0.22, 0.36, 0.18, 0.125])
    sleeve = 0.97 if upper in _LONG_SLEEVED else rng.uniform(0.25, 0.45) if upper == "t_shirt" else 0.0
    if upper in ("shirt", "dress"):
        sleeve = (0.97, 0.35, 0.55, 0.0)[
            int(rng.choice(4, p=[0.5, 0.25, 0.1, 0.15] if upper == "dress" else [0.7, 0.2, 0.1, 0]))
        ]
    return Outfit(
        upper=upper,
        upper_colour=upper_colour,
        second_colour=draw_colour(rng),
        inner_colour=draw_colour(rng),
        pattern=style.pattern or ("plain" if plain else _pick(rng, PATTERNS, np.array(_PATTERN_SHARES))),
        sleeve=float(sleeve),
        hem=float(_hem(rng, upper)),
        open_m=float(rng.uniform(0.015, 0.09)) if upper in _LAYERED and rng.random() < 0.45 else 0.0,
        loose=float(rng.random()),
        lower=lower,
        lower_colour=lower_colour,
        lower_pattern="plain" if rng.random() < 0.93 else _pick(rng, ("checks", "stripes", "print"), np.ones(3)),
        lower_length=float(_length(rng, lower)),
        wide=float(rng.random()),
        shoe_colour=style.shoe_colour or (draw_colour(rng) if rng.random() < 0.3 else _shoe(rng)),
        sole_colour=(225, 225, 220) if rng.random() < 0.45 else (35, 33, 32),
        shoe_top=float(rng.choice([0.97, 0.94, 0.86, 0.7], p=_BOOTS if lower in _OVER_BOOTS else _NO_BOOTS)),
        bag=style.bag or _pick(rng, BAGS, np.array(_BAG_SHARES)),
        bag_colour=style.bag_colour or (draw_colour(rng) if rng.random() < 0.55 else _dark(rng)),
        hat=style.hat or _pick(rng, HATS, np.array(_HAT_SHARES)),
        hat_colour=style.hat_colour or (draw_colour(rng)),
        hair=style.hair or _pick(rng, HAIRS, hairs),
        beard=float(rng.uniform(0.15, 0.85)) if feminine < 0.4 and rng.random() < 0.4 else 0.0,
    )


def _only_if(names: tuple[str, ...], which: str | tuple[str, ...], factor: float) -> np.ndarray:
    chosen = (which,) if isinstance(which, str) else which
    return np.array([factor if name in chosen else 1.0 for name in names])


def _pick(rng: np.random.Generator, names: tuple[str, ...], shares: np.ndarray) -> str:
    return names[int(rng.choice(len(names), p=shares / shares.sum()))]


def _dark(rng: np.random.Generator) -> Colour:
    base = np.array([(24, 24, 26), (42, 43, 46), (30, 36, 58), (62, 58, 54)][int(rng.integers(4))])
    r, g, b = (int(c) for c in np.clip(base + rng.normal(0, 4, 3), 8, 255))
    return r, g, b


def _shoe(rng: np.random.Generator) -> Colour:
    return ((28, 27, 27), (225, 224, 222), (60, 45, 36), (90, 90, 92))[int(rng.choice(4, p=[0.5, 0.25, 0.15, 0.1]))]


def _lower_colour(rng: np.random.Generator, lower: str, upper: str, upper_colour: Colour) -> Colour:
    if upper in ("suit", "dress"):
        return upper_colour
    if lower == "jeans":
        base = np.array(_DENIM[int(rng.choice(len(_DENIM), p=[0.26, 0.22, 0.16, 0.2, 0.06, 0.1]))])
        r, g, b = (int(c) for c in np.clip(base * rng.uniform(0.85, 1.15) + rng.normal(0, 3, 3), 8, 245))
        return r, g, b
    return draw_colour(rng, lower=True)


def _hem(rng: np.random.Generator, upper: str) -> float:
    """Metres below the hip joint's height (negative: above)."""
    if upper == "coat":
        return float(rng.uniform(0.12, 0.5))
    if upper in ("jacket", "hoodie", "sweater", "vest"):
        return float(rng.uniform(-0.03, 0.05))
    return float(rng.uniform(-0.01, 0.09))


def _length(rng: np.random.Generator, lower: str) -> float:
    """Along the leg: 0.5 is the knee, 1 the ankle."""
    if lower == "shorts":
        return float(rng.uniform(0.25, 0.5))
    if lower in ("skirt", "dress"):
        return float(
            rng.choice([rng.uniform(0.25, 0.4), rng.uniform(0.42, 0.6), rng.uniform(0.65, 0.95)], p=[0.35, 0.45, 0.2])
        )
    if lower == "leggings":
        return float(rng.uniform(0.85, 0.97))
    return float(rng.uniform(0.93, 0.99))
