"""How spine, neck, arms and hands are turned."""

import numpy as np

from synth.people.exercise import Figure
from synth.people.rotation import about, between, norm, turn
from synth.people.stance import Build, Stance


def upper_body(build: Build, stance: Stance, figure: Figure | None) -> dict[str, np.ndarray]:
    """Local rotations (3, 3) of spine, neck and arms by bone; figure: that of who exercises."""
    swing = 2 * np.pi * stance.phase
    quick = min(1.0, stance.speed_mps / 1.3) if stance.walks else 0.0
    twist = 0.12 * quick * np.cos(swing)
    slouch = build.lean_rad + 0.03 * quick
    turns = {
        "spine04": turn("y", slouch * 0.5) @ turn("z", twist * 0.5),
        "spine02": turn("y", slouch * 0.5) @ turn("z", twist * 0.5),
        "neck01": turn("y", -slouch * 0.3) @ turn("z", -twist * 0.5 + build.look_rad * 0.4),
        "head": turn("y", -slouch * 0.3) @ turn("z", build.look_rad * 0.6),
    }
    if figure is not None:
        half = turn("y", 0.5 * figure.pitch) @ turn("x", 0.5 * figure.roll) @ turn("z", 0.5 * figure.twist)
        turns |= {"spine04": half, "spine02": half}
    for side, sign in (("L", 1), ("R", -1)):
        turns |= _arm(build, stance, figure, side, sign, quick) | _hand(build, stance, side)
    return turns


def _hand(build: Build, stance: Stance, side: str) -> dict[str, np.ndarray]:
    """Fingers bent towards the palm, more where the hand holds something."""
    bend = build.fist_rad * (1.6 if (stance.action in ("carry", "phone") or build.bag_in_hand) and side == "R" else 1.0)
    if stance.action == "wave" and side == "R" and not build.bag_in_hand:
        bend = 0.1
    wrist, knuckle, thumb = (build.head(f"{b}.{side}") for b in ("wrist", "finger3-1", "finger1-2"))
    along = (knuckle - wrist) / norm(knuckle - wrist)
    axis = (thumb - wrist) - along * ((thumb - wrist) @ along)
    axis *= (1.0 if side == "L" else -1.0) / norm(axis)
    return {
        f"finger3-1.{side}": about(axis, bend),
        f"finger3-2.{side}": about(axis, bend * 1.2),
        f"finger1-2.{side}": about(along, -bend * 0.5 * (1.0 if side == "L" else -1.0)),
    }


def _arm(
    build: Build, stance: Stance, figure: Figure | None, side: str, sign: int, quick: float
) -> dict[str, np.ndarray]:
    """Upper arm and forearm of one side, for what the person does."""
    swing = 2 * np.pi * stance.phase
    forward = -sign * 0.42 * quick * build.arm_swing * np.cos(swing)  # the left foot lands in front at phase 0
    out, bend, inward = build.arm_out_rad, build.elbow_rad + max(0.0, forward) * 0.5, 0.05
    if side == "R" and (stance.action == "carry" or build.bag_in_hand):
        forward, bend = 0.15 * forward, 0.1
    elif figure is not None:
        arm = figure.left if side == "L" else figure.right
        forward, out, bend, inward = arm.forward, arm.out, arm.bend, arm.inward
    elif stance.action == "sit":
        forward, bend, inward = 0.45, 0.75, 0.15
    elif stance.action == "phone" and side == "R":
        forward, bend, inward = 0.5, 1.75, 0.35
    elif stance.action == "wave" and side == "R":
        forward, out, bend, inward = 0.3, 1.9, 0.9, -0.9 + 0.5 * np.sin(4 * np.pi * stance.phase)
    elif stance.action == "talk":
        beat = np.sin(2 * np.pi * (stance.phase * 1.5 + 0.3 * sign))
        forward, bend, inward = 0.25 + 0.08 * beat, 1.1 + 0.3 * beat, 0.3
    shoulder, elbow, wrist = (build.head(f"{b}.{side}") for b in ("upperarm01", "lowerarm01", "wrist"))
    down = turn("y", -forward) @ turn("x", sign * out) @ np.array([0.0, 0.0, -1.0])
    upper = between(elbow - shoulder, down)
    hinge = turn("z", -sign * inward)
    lower_direction = (
        turn("y", -forward) @ turn("x", sign * out) @ hinge @ turn("y", -bend) @ np.array([0.0, 0.0, -1.0])
    )
    fore = between(upper @ (wrist - elbow), lower_direction)
    # both are given in the chest's frame; the forearm's is relative to the upper arm
    return {f"upperarm01.{side}": upper, f"lowerarm01.{side}": upper.T @ fore @ upper}
