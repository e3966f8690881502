"""Where hips and feet go, and the legs between them: hip and knee are solved for the foot (inverse kinematics)."""

from dataclasses import dataclass

import numpy as np

from synth.people.exercise import Figure
from synth.people.rotation import cross, norm, turn
from synth.people.stance import Build, Stance, stride_m

CYCLE_STANCE = 0.6  # part of the cycle a foot is on the floor
MIDDLE_OF_STANCE = 0.25  # part of the cycle at which the hips pass over the planted foot


@dataclass(frozen=True)
class LowerBody:
    """Where hips and feet are: hips_m (3,), pelvis (3, 3), feet: side to (ankle (3,), rotation), toes: side to it."""

    hips_m: np.ndarray
    pelvis: np.ndarray
    feet: dict[str, tuple[np.ndarray, np.ndarray]]
    toes: dict[str, np.ndarray]


def lower_body(build: Build, stance: Stance, figure: Figure | None) -> LowerBody:
    """Hips and feet of a stance, in the person's frame; figure: that of who exercises."""
    if figure is not None:
        return _exercising(build, figure)
    if stance.action == "sit":
        return _seated(build)
    if stance.walks:
        return _stepping(build, stance)
    return _standing(build, stance)


def leg_bones(build: Build, side: str, hip: np.ndarray, lower: LowerBody) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (3, 3) of thigh and shin that bring the ankle from the hip (3,) to its place."""
    rest_hip, rest_knee, rest_ankle = (build.head(f"{b}.{side}") for b in ("upperleg01", "lowerleg01", "foot"))
    thigh, shin = norm(rest_knee - rest_hip), norm(rest_ankle - rest_knee)
    ankle = lower.feet[side][0]
    reach = ankle - hip
    distance = float(np.clip(norm(reach), abs(thigh - shin) + 1e-3, (thigh + shin) * 0.9995))
    along = reach / norm(reach)
    front = lower.feet[side][1] @ np.array([1.0, 0.0, 0.0]) * 0.5 + lower.pelvis @ np.array([1.0, 0.0, 0.0])
    front = front - along * (front @ along)
    front /= norm(front)
    cosine = (thigh**2 + distance**2 - shin**2) / (2 * thigh * distance)
    knee = hip + along * thigh * cosine + front * thigh * np.sqrt(max(0.0, 1 - cosine**2))
    ankle = hip + along * distance
    return _limb(rest_knee - rest_hip, knee - hip, front), _limb(rest_ankle - rest_knee, ankle - knee, front)


def _limb(rest: np.ndarray, now: np.ndarray, front: np.ndarray) -> np.ndarray:
    """The rotation that takes a bone from `rest` to `now` and its forward side to `front`."""

    def frame(down: np.ndarray, ahead: np.ndarray) -> np.ndarray:
        down = down / norm(down)
        ahead = ahead - down * (ahead @ down)
        ahead = ahead / norm(ahead)
        return np.stack([ahead, cross(down, ahead), down], 1)

    return frame(now, front) @ frame(rest, np.array([1.0, 0.0, 0.0])).T


def hip_centre(build: Build) -> np.ndarray:
    """The rest point (3,) between the hips."""
    return (build.head("upperleg01.L") + build.head("upperleg01.R")) / 2


def _ankle_rest(build: Build, side: str) -> np.ndarray:
    """The rest ankle relative to the floor point under the hips."""
    return build.head(f"foot.{side}") - hip_centre(build) * (1, 1, 0)


def _standing(build: Build, stance: Stance) -> LowerBody:
    sway = 0.012 * np.sin(2 * np.pi * stance.phase)
    feet = {}
    for side, sign in (("L", 1), ("R", -1)):
        ankle = _ankle_rest(build, side)
        ankle = np.array([0.0, 0.09 * sign * build.step_width, ankle[2]])
        feet[side] = (ankle, turn("z", 0.15 * sign))
    hips = np.array([0.0, sway, _hip_height(build, feet, np.eye(3))])
    return LowerBody(hips, turn("x", sway * 2), feet, {s: f[1] for s, f in feet.items()})


def _seated(build: Build) -> LowerBody:
    thigh = norm(build.head("lowerleg01.L") - build.head("upperleg01.L"))
    knee_height = build.head("lowerleg01.L")[2]
    feet = {}
    for side, sign in (("L", 1), ("R", -1)):
        feet[side] = (np.array([thigh * 0.95, 0.11 * sign, _ankle_rest(build, side)[2]]), turn("z", 0.1 * sign))
    return LowerBody(
        np.array([0.0, 0.0, knee_height + 0.03]), turn("y", -0.12), feet, {s: f[1] for s, f in feet.items()}
    )


def _exercising(build: Build, now: Figure) -> LowerBody:
    leg = build.leg_length_m
    pelvis = turn("y", 0.4 * now.pitch) @ turn("x", 0.4 * now.roll)
    feet, planted = {}, {}
    for side, sign in (("L", 1), ("R", -1)):
        floor = np.array([0.0, 0.0, _ankle_rest(build, side)[2]])
        spread = floor + np.array([sign * now.lunge, sign * now.apart, 0.0]) * leg
        if side == now.lifted:
            reach = floor + np.array(now.reach) * (1, sign, 1) * leg
            tip = turn("y", 0.6 * now.lift)
            feet[side] = (spread + (reach - spread) * now.lift, turn("z", 0.25 * sign) @ tip)
        else:
            under = floor + np.array([0.0, sign * 0.03, 0.0])
            feet[side] = planted[side] = (spread + (under - spread) * now.lift, turn("z", 0.25 * sign))
    hips = np.array([0.0, 0.0, _hip_height(build, planted, pelvis) - now.crouch * leg])
    return LowerBody(hips, pelvis, feet, {side: foot[1] for side, foot in feet.items()})


def _stepping(build: Build, stance: Stance) -> LowerBody:
    stride = stride_m(build.leg_length_m, stance.speed_mps)
    feet, toes = {}, {}
    for (side, sign, shift), footfall in zip((("L", 1, 0.0), ("R", -1, 0.5)), stance.footfalls, strict=True):
        cycle = (stance.phase + shift) % 1.0
        ankle, foot, toe = _step(build, side, sign, cycle, stride)
        turned, under = turn("z", footfall.turned_rad), np.array([_along(cycle, stride), 0.0, 0.0])
        moved = under + np.array([footfall.ahead_m, footfall.left_m, 0.0])
        feet[side] = (moved + turned @ (ankle - under), turned @ foot)
        toes[side] = turned @ toe
    swing = 2 * np.pi * stance.phase
    quick = min(1.0, stance.speed_mps / 1.3)
    pelvis = turn("z", -0.09 * quick * np.cos(swing)) @ turn("x", 0.04 * np.sin(swing))
    hips = np.array([0.0, 0.018 * np.sin(swing), _hip_height(build, feet, pelvis)])
    return LowerBody(hips, pelvis, feet, toes)


def _hip_height(build: Build, feet: dict[str, tuple[np.ndarray, np.ndarray]], pelvis: np.ndarray) -> float:
    """As high as the nearer-to-straight leg allows, softened so that hips glide instead of bounce."""
    reach = build.leg_length_m * (0.992 - 0.02 * build.knee_rad)
    centre = hip_centre(build)
    heights = []
    for side, (ankle, _) in feet.items():
        hip = pelvis @ (build.head(f"upperleg01.{side}") - centre)
        flat = np.hypot(ankle[0] - hip[0], ankle[1] - hip[1])
        heights.append(ankle[2] - hip[2] + np.sqrt(max(reach**2 - flat**2, 0.01)))
    low, high = min(heights), max(heights)
    return float(min(low - 0.012 * np.exp(-(high - low) / 0.02), centre[2]))


def _along(cycle: float, stride: float) -> float:
    """How far a foot is ahead of the hips at a part of its cycle, in straight walking, metres."""
    start = MIDDLE_OF_STANCE * stride
    if cycle < CYCLE_STANCE:
        return start - stride * cycle
    end = start - stride * CYCLE_STANCE
    part = (cycle - CYCLE_STANCE) / (1 - CYCLE_STANCE)
    # Hermite's cubic: the foot leaves and meets the floor at the floor's own speed.
    ease = part * part * (3 - 2 * part)
    return end + (start - end) * ease - stride * (1 - CYCLE_STANCE) * part * (1 - part) * (1 - 2 * part)


def _step(build: Build, side: str, sign: int, cycle: float, stride: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ankle (3,), foot and toe rotations at a part of one foot's cycle, which begins when its heel lands.

    On the floor the foot rolls from heel over sole to ball without moving; the body moves on above it.
    """
    rest = _ankle_rest(build, side)
    toe_rest = build.head(f"toe2-1.{side}") - build.head(f"foot.{side}")
    ball = np.array([toe_rest[0], 0.0, -rest[2] + 0.01])
    heel = np.array([-0.06, 0.0, -rest[2]])
    lateral = sign * 0.055 * build.step_width
    out = turn("z", 0.1 * sign)
    heel_lift = 0.95 * min(1.0, stride / 1.4)
    toe_lift = 0.32 * min(1.0, stride / 1.4)
    x = _along(cycle, stride)

    def placed(x: float, pitch: float, pivot: np.ndarray, lift: float) -> tuple[np.ndarray, np.ndarray]:
        rotation = out @ turn("y", pitch)
        shift = out @ pivot - rotation @ pivot
        return np.array([x + shift[0], lateral + shift[1], rest[2] + lift + shift[2]]), rotation

    if cycle < CYCLE_STANCE:
        part = cycle / CYCLE_STANCE
        if part < 0.2:
            ankle, foot = placed(x, -toe_lift * (1 - part / 0.2) ** 2, heel, 0.0)
            return ankle, foot, foot
        pitch = heel_lift * max(0.0, (part - 0.6) / 0.4) ** 2
        ankle, foot = placed(x, pitch, ball, 0.0)
        return ankle, foot, out
    part = (cycle - CYCLE_STANCE) / (1 - CYCLE_STANCE)
    ease = part * part * (3 - 2 * part)
    pitch = heel_lift * (1 - part) ** 2 * (1 + 2 * part) - toe_lift * part**3
    pivot = ball * (1 - ease) + heel * ease
    ankle, foot = placed(x, pitch, pivot, 0.05 * np.sin(np.pi * part))
    return ankle, foot, out @ turn("y", min(pitch * 0.3, pitch)) if pitch > 0 else foot
