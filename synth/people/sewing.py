"""From an outfit's choices to meshes on one body, and to the skin that stays bare."""

from dataclasses import replace

import numpy as np

from synth.people.carried import bag, shoe_texture, shoes
from synth.people.fabric import fabric, fastened
from synth.people.garments import (
    LOWER,
    UPPER,
    Drape,
    UpperCut,
    lower_field,
    make_trousers,
    make_tube,
    make_upper,
    upper_field,
)
from synth.people.head import HAT, SKIN, Face, eyes, hair, hat, skin_texture, skin_uv
from synth.people.outfit import Outfit
from synth.people.palette import Looks
from synth.people.shape import Shape
from synth.people.skin import Skinned, cut, textured
from synth.people.style import PersonStyle

SOLE_M = 0.022
_DRAPES = {
    "t_shirt": Drape(0.012, 8, 0.8, 0.0035),
    "shirt": Drape(0.014, 10, 0.85, 0.004),
    "sweater": Drape(0.02, 12, 0.75, 0.005),
    "hoodie": Drape(0.026, 14, 0.8, 0.006),
    "jacket": Drape(0.032, 14, 0.85, 0.006),
    "coat": Drape(0.038, 16, 0.95, 0.006),
    "suit": Drape(0.026, 14, 0.85, 0.003),
    "dress": Drape(0.011, 8, 0.35, 0.003),
    "vest": Drape(0.03, 14, 0.85, 0.005),
}
_TROUSERS = {
    "jeans": Drape(0.008, 3, 0.0, 0.004),
    "trousers": Drape(0.012, 5, 0.0, 0.004),
    "joggers": Drape(0.016, 6, 0.0, 0.006),
    "leggings": Drape(0.004, 2, 0.0, 0.001),
    "shorts": Drape(0.014, 4, 0.0, 0.004),
}
_OVERLAP_M = 0.013  # from the trousers' cloth to the upper garment's
_HIDDEN_M = 0.03  # skin ends this far inside the cloth that covers it


def sew(
    shape: Shape, outfit: Outfit, looks: Looks, style: PersonStyle, rng: np.random.Generator
) -> tuple[Skinned, ...]:
    """All meshes of a dressed person."""
    face = Face(shape)
    hip_m = float(shape.head("upperleg01.L")[2])
    waist_m = hip_m + 0.07
    upper, covered = _upper(shape, outfit, style, hip_m, waist_m, rng)
    lower, covered_low = _lower(shape, outfit, style, waist_m, rng)
    covered = np.maximum(np.maximum(covered, covered_low), _shoe_field(shape, outfit))
    bare = cut(shape.cloth(), np.where(np.asarray(shape.model.eyes), -1.0, _HIDDEN_M - covered))
    skin = textured(bare, skin_uv(shape, face, bare), skin_texture(face, looks, rng, outfit.beard), SKIN)
    shoe = shoe_texture(rng, np.array(outfit.shoe_colour), np.array(outfit.sole_colour))
    hat_cloth = fabric(rng, "plain", outfit.hat_colour, outfit.hat_colour, 0.08, 0.04, style.fabrics)
    bag_cloth = fabric(rng, "blocks" if rng.random() < 0.2 else "plain", outfit.bag_colour, outfit.second_colour, 0.05)
    return (
        skin,
        eyes(shape, rng),
        *upper,
        *lower,
        shoes(shape, shoe, outfit.shoe_top, SOLE_M),
        *(hair(shape, face, outfit.hair, looks, rng) if outfit.hat in ("none", "cap", "beanie") else ()),
        *hat(shape, face, outfit.hat, hat_cloth),
        *bag(shape, outfit.bag, bag_cloth, rng),
    )


def _shoe_field(shape: Shape, outfit: Outfit) -> np.ndarray:
    leg_length = np.linalg.norm(shape.head("foot.L") - shape.head("upperleg01.L"))
    return np.where(shape.leg > 0.5, (shape.along_leg - outfit.shoe_top) * leg_length, -1.0)


def _upper(
    shape: Shape, outfit: Outfit, style: PersonStyle, hip_m: float, waist_m: float, rng: np.random.Generator
) -> tuple[list[Skinned], np.ndarray]:
    """The upper garments from the innermost out, and signed metres (V,) inside them."""
    if outfit.upper == "none":
        return [], np.full(len(shape.vertices), -1.0)
    drape = _DRAPES[outfit.upper]
    drape = replace(drape, offset_m=drape.offset_m * (0.8 + 0.5 * outfit.loose))
    cloth = fabric(rng, outfit.pattern, outfit.upper_colour, outfit.second_colour, 0.05, 0.1, style.fabrics)
    cloth = fastened(cloth, outfit.upper, rng)
    collar = {"t_shirt": 0.0, "dress": -0.02, "sweater": 0.015, "hoodie": 0.03, "jacket": 0.05, "coat": 0.05}
    neck_m = collar.get(outfit.upper, 0.03) + rng.uniform(-0.01, 0.015)
    hem_m = hip_m - outfit.hem
    layers = []
    under_m = _TROUSERS[outfit.lower].offset_m + _OVERLAP_M if outfit.lower in _TROUSERS else 0.0
    covered = np.full(len(shape.vertices), -1.0)
    if outfit.open_m > 0 or outfit.upper in ("suit", "vest"):
        inner_cut = UpperCut(hip_m - 0.04, 0.9, 0.015)
        inner = fabric(rng, "plain", outfit.inner_colour, outfit.second_colour, 0.04, 0.08, style.fabrics)
        layers.append(make_upper(shape, inner, inner_cut, _DRAPES["t_shirt"], rng, under_m))
        under_m += 0.012
        covered = upper_field(shape, inner_cut)
    gap = outfit.open_m or (0.02 if outfit.upper == "suit" else 0.0)
    tails = outfit.upper in ("coat", "dress")
    where = UpperCut(waist_m - 0.03 if tails else hem_m, outfit.sleeve, neck_m, 0.55 if neck_m > 0.02 else 0.8, gap)
    layers.append(
        make_upper(shape, cloth, where, drape, rng, under_m, outfit.upper == "hoodie" and outfit.hat != "hood")
    )
    if outfit.upper == "coat":
        tail = make_tube(shape, cloth, waist_m + 0.03, hem_m, drape.offset_m + 0.01, 0.10, UPPER, gap / 0.16)
        layers.append(tail)
    return layers, np.maximum(covered, upper_field(shape, where))


def _lower(
    shape: Shape, outfit: Outfit, style: PersonStyle, waist_m: float, rng: np.random.Generator
) -> tuple[list[Skinned], np.ndarray]:
    """The lower garment and signed metres (V,) inside it."""
    if outfit.lower in ("skirt", "dress"):
        pattern = outfit.pattern if outfit.lower == "dress" else outfit.lower_pattern
        cloth = fabric(rng, pattern, outfit.lower_colour, outfit.second_colour, 0.05, 0.12, style.fabrics)
        hip, ankle = shape.head("upperleg01.L")[2], shape.head("foot.L")[2]
        hem_m = hip - (hip - ankle) * outfit.lower_length
        material = UPPER if outfit.lower == "dress" else LOWER
        tube = make_tube(shape, cloth, waist_m + 0.05, hem_m, 0.016, 0.05 + 0.35 * outfit.wide, material)
        inside = np.minimum(waist_m - shape.vertices[:, 2], 0.15 - shape.along_leg)
        return [tube], np.where((shape.arm > 0.2), -1.0, inside)
    cloth = fabric(rng, outfit.lower_pattern, outfit.lower_colour, outfit.second_colour, 0.06, 0.1, style.fabrics)
    if outfit.lower == "jeans":
        cloth = _washed(cloth, rng)
    tight = outfit.lower in ("leggings", "joggers")
    width_m = 0.0 if tight else 0.05 + 0.035 * outfit.wide + (0.03 if outfit.lower == "shorts" else 0.0)
    trousers = make_trousers(shape, cloth, waist_m, outfit.lower_length, _TROUSERS[outfit.lower], width_m, rng)
    return [trousers], lower_field(shape, waist_m, outfit.lower_length)


def _washed(cloth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lighter along the middle of thighs, as worn jeans are."""
    side = cloth.shape[0]
    rows = np.linspace(0, 1, side)[:, None]
    light = rng.uniform(0, 0.5) * np.exp(-(((rows - 0.35) / 0.2) ** 2)) * np.ones((side, side))
    return np.clip(cloth * (1 + light[..., None]), 0, 255).astype(np.uint8)


__all__ = ["HAT", "SOLE_M", "sew"]
