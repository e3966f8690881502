"""What a person is asked to look like; whatever is not asked for is drawn by chance."""

from dataclasses import dataclass

import numpy as np

Colour = tuple[int, int, int]  # sRGB, 0 to 255

UPPERS = ("t_shirt", "shirt", "sweater", "hoodie", "jacket", "coat", "suit", "dress", "vest", "none")
LOWERS = ("jeans", "trousers", "joggers", "leggings", "shorts", "skirt", "dress")
BAGS = ("none", "backpack", "shoulder_bag", "hand_bag")
HATS = ("none", "cap", "beanie", "hood", "helmet")
HAIRS = ("bald", "shaved", "short", "medium", "long", "pony_tail", "bun")
PATTERNS = ("plain", "stripes", "pinstripes", "checks", "print", "gradient", "logo", "blocks", "dots")


@dataclass(frozen=True)
class PersonStyle:
    """Pins of a person's looks; None is drawn by chance.

    Two people with everything pinned wear the same (a uniform) and still differ in body and face. upper "none", a bare
    chest, is never drawn by chance; bodies that do not go without get a t-shirt. fabrics: photographed cloth (h, w, 3)
    uint8 to weave garments of; none by default.
    """

    upper: str | None = None
    lower: str | None = None
    upper_colour: Colour | None = None
    lower_colour: Colour | None = None
    pattern: str | None = None
    shoe_colour: Colour | None = None
    bag: str | None = None
    bag_colour: Colour | None = None
    hat: str | None = None
    hat_colour: Colour | None = None
    hair: str | None = None
    height_m: float | None = None
    fabrics: tuple[np.ndarray, ...] = ()

    def __post_init__(self) -> None:
        """An unknown garment or an impossible height is a ValueError that names what is possible."""
        known = {"upper": UPPERS, "lower": LOWERS, "bag": BAGS, "hat": HATS, "hair": HAIRS, "pattern": PATTERNS}
        for name, choices in known.items():
            value = getattr(self, name)
            if value is not None and value not in choices:
                raise ValueError(f"PersonStyle.{name}: unknown {value!r}; choose from {', '.join(choices)}")
        if self.height_m is not None and not 1.2 <= self.height_m <= 2.1:
            raise ValueError(f"PersonStyle.height_m: expected 1.2 to 2.1 m, got {self.height_m}")
