"""Where a person is and what they do, and how this person's body does it."""

from dataclasses import dataclass

import numpy as np

from synth.people.body import BONES
from synth.people.rotation import norm

ACTIONS = ("walk", "stand", "carry", "sit", "wave", "phone", "talk", "exercise")
_WALKING = ("walk", "carry", "phone")
_SLOWEST_MPS = 0.05  # below it whoever could walk stands


@dataclass(frozen=True)
class Footfall:
    """How far a foot is from where straight walking would have it: metres ahead and to the left, and turned left."""

    ahead_m: float = 0.0
    left_m: float = 0.0
    turned_rad: float = 0.0


@dataclass(frozen=True)
class Stance:
    """Where a person is and what they do.

    position_m: the floor point under the hips; heading_rad: 0 looks along world x, counter-clockwise; phase: cycles
    walked, any float (standing: a slow clock of swaying; in exercise: which figure); speed_mps; action: one of ACTIONS;
    footfalls: of the left and the right foot, for who walks a curve.
    """

    position_m: tuple[float, float]
    heading_rad: float = 0.0
    phase: float = 0.0
    speed_mps: float = 0.0
    action: str = "stand"
    footfalls: tuple[Footfall, Footfall] = (Footfall(), Footfall())

    def __post_init__(self) -> None:
        """An unknown action is a ValueError."""
        if self.action not in ACTIONS:
            raise ValueError(f"Stance.action: unknown {self.action!r}; choose from {', '.join(ACTIONS)}")

    @property
    def walks(self) -> bool:
        """Whether the feet move."""
        return self.action in _WALKING and self.speed_mps > _SLOWEST_MPS


@dataclass(frozen=True)
class Build:
    """The skeleton at rest and how this person moves.

    heads_m (B, 3) in the person frame; parents (B,); the others are habits: multipliers around 1 and angles in radians;
    bag_in_hand: the right arm hangs, whatever the action.
    """

    heads_m: np.ndarray
    parents: np.ndarray
    arm_swing: float = 1.0
    step_width: float = 1.0
    lean_rad: float = 0.03
    arm_out_rad: float = 0.1
    elbow_rad: float = 0.25
    look_rad: float = 0.0
    knee_rad: float = 0.0
    fist_rad: float = 0.5
    bag_in_hand: bool = False

    def head(self, bone: str) -> np.ndarray:
        """The rest position (3,) of a bone's start."""
        return self.heads_m[BONES.index(bone)]

    @property
    def leg_length_m(self) -> float:
        """From hip to ankle."""
        hip, knee, ankle = (self.head(f"{b}.L") for b in ("upperleg01", "lowerleg01", "foot"))
        return float(norm(knee - hip) + norm(ankle - knee))


def stride_m(leg_length_m: float, speed_mps: float) -> float:
    """Metres walked in a full cycle (two steps): rises with the root of speed, as people's do (Grieve, 1968).

    At 1.3 m/s with legs of 0.8 m about 1.3 m. At no speed, the limit of tiny steps.
    """
    return float(leg_length_m * (0.6 + 1.5 * np.sqrt(max(speed_mps, 0.0) / np.sqrt(9.81 * leg_length_m))))
