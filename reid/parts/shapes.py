"""Which shapes make up a part, for K = 3, 5 and 8 parts."""

from typing import NamedTuple

from reid.parts.skeleton import HEAD, LEFT_FOOT, NECK, RIGHT_FOOT


class Capsule(NamedTuple):
    """All points within a radius (a field of PartsConfig) of the segment between two joints; a disc if they agree."""

    start: int
    end: int
    radius: str


class Torso(NamedTuple):
    """The quad of shoulders and hips, widened."""

    corners: tuple[int, int, int, int] = (5, 6, 12, 11)
    radius: str = "torso"


Shape = Capsule | Torso

_HEAD = (Capsule(HEAD, NECK, "head"),)
_LEFT_ARM = (Capsule(5, 7, "limb"), Capsule(7, 9, "limb"))
_RIGHT_ARM = (Capsule(6, 8, "limb"), Capsule(8, 10, "limb"))
_LEFT_LEG = (Capsule(11, 13, "leg"), Capsule(13, 15, "leg"))
_RIGHT_LEG = (Capsule(12, 14, "leg"), Capsule(14, 16, "leg"))
_LEFT_FOOT, _RIGHT_FOOT = (Capsule(LEFT_FOOT, LEFT_FOOT, "foot"),), (Capsule(RIGHT_FOOT, RIGHT_FOOT, "foot"),)

_ARMS, _LEGS, _FEET = _LEFT_ARM + _RIGHT_ARM, _LEFT_LEG + _RIGHT_LEG, _LEFT_FOOT + _RIGHT_FOOT

PARTS: dict[int, dict[str, tuple[Shape, ...]]] = {
    3: {"head": _HEAD, "upper": (Torso(), *_ARMS), "lower": (*_LEGS, *_FEET)},
    5: {"head": _HEAD, "torso": (Torso(),), "arms": _ARMS, "legs": _LEGS, "feet": _FEET},
    8: {
        "head": _HEAD, "torso": (Torso(),), "left_arm": _LEFT_ARM, "right_arm": _RIGHT_ARM, "left_leg": _LEFT_LEG,
        "right_leg": _RIGHT_LEG, "left_foot": _LEFT_FOOT, "right_foot": _RIGHT_FOOT,
    },
}  # fmt: skip
