"""Uniforms: everything that is seen of the clothes pinned, so that only body, face and gait tell people apart."""

import numpy as np

from synth.people import PersonStyle

_UNIFORMS = (
    PersonStyle("jacket", "trousers", (32, 36, 48), (40, 40, 44), "plain", (30, 28, 28), "none", hat="none"),
    PersonStyle("t_shirt", "jeans", (170, 40, 40), (60, 75, 105), "plain", (220, 220, 215), "none", hat="cap"),
    PersonStyle("coat", "trousers", (25, 25, 28), (35, 35, 40), "plain", (20, 20, 20), "none", hat="none"),
    PersonStyle("shirt", "trousers", (200, 205, 210), (45, 48, 60), "plain", (35, 30, 28), "none", hat="none"),
    PersonStyle("vest", "trousers", (205, 160, 40), (50, 60, 85), "plain", (60, 50, 40), "none", hat="helmet"),
)


def uniform_style(rng: np.random.Generator) -> PersonStyle:
    """One of a few working clothes."""
    return _UNIFORMS[int(rng.integers(len(_UNIFORMS)))]
