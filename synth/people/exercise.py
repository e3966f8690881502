"""What bodies do in gyms and on sports grounds: arms anywhere, a bent trunk, lunges, a leg in the air.

A figure is a smooth function of the phase whose parts never come around together, so that a phase drawn anywhere
gives a figure of its own and a growing one a movement.
"""

import math
from dataclasses import dataclass

_ON_BOTH = 0.6  # of a wave's height: both feet on the floor below it, a leg in the air above


@dataclass(frozen=True)
class Arm:
    """Radians: forward and out from hanging down, the elbow's bend, the forearm turned inwards."""

    forward: float
    out: float
    bend: float
    inward: float


@dataclass(frozen=True)
class Figure:
    """One moment. pitch, roll, twist: of the trunk, radians. crouch: part of the legs' length that is bent away.

    apart, lunge: feet from the middle to the side and to front and back, as parts of the legs' length. lifted: the leg
    in the air, "" for none; lift: 0 on the floor, 1 up; reach (ahead, to its own side, up): where its ankle is at 1,
    as parts of the legs' length.
    """

    left: Arm
    right: Arm
    pitch: float
    roll: float
    twist: float
    crouch: float
    apart: float
    lunge: float
    lifted: str
    lift: float
    reach: tuple[float, float, float]


def figure(phase: float) -> Figure:
    """The moment `phase`, any float; neighbouring phases are neighbouring figures."""

    def wave(number: int) -> float:
        """In ±1; the waves' rates are square roots of different primes."""
        prime = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)[number]
        return math.sin(2 * math.pi * (phase * math.sqrt(prime) / 3 + 0.37 * number))

    def arm(first: int) -> Arm:
        return Arm(
            0.4 + 1.0 * wave(first), 1.25 + 1.2 * wave(first + 1), 0.7 + 0.65 * wave(first + 2), 0.5 * wave(first)
        )

    lift = max(0.0, abs(wave(6)) - _ON_BOTH) / (1 - _ON_BOTH)
    around = math.pi * wave(7)
    flat = 0.35 + 0.2 * wave(8)
    return Figure(
        left=arm(0),
        right=arm(3),
        pitch=0.25 + 0.5 * wave(10),
        roll=0.35 * wave(11),
        twist=0.4 * wave(12),
        crouch=0.22 * max(0.0, wave(13)),
        apart=0.06 + 0.12 * (1 + wave(14)),
        lunge=0.25 * wave(9),
        lifted="" if lift == 0 else "L" if wave(6) > 0 else "R",
        lift=lift,
        reach=(flat * math.cos(around), 0.1 + flat * abs(math.sin(around)), 0.45),
    )
