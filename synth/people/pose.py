"""From what a person does to how each bone is turned: walking, standing, sitting, carrying, waving, exercising.

Rotations are given in the person frame (x forward, y left, z up) relative to the rest pose. Legs follow the feet: a
foot on the floor stays where it is, and hip and knee are solved for it (two-bone inverse kinematics).
"""

import math
from dataclasses import dataclass

import numpy as np

from synth.people.body import BONES
from synth.people.exercise import figure

ACTIONS = ("walk", "stand", "carry", "sit", "wave", "phone", "talk", "exercise")
_WALKING = ("walk", "carry", "phone")
CYCLE_STANCE = 0.6  # part of the cycle a foot is on the floor
MIDDLE_OF_STANCE = 0.25  # part of the cycle at which the hips pass over the planted foot


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


@dataclass(frozen=True)
class Build:
    """The skeleton at rest and how this person moves.

    heads_m (B, 3) in the person frame; parents (B,); sole_m: the lowest point of the shoes below the floor of the bare
    foot; the others are habits: multipliers around 1 and angles in radians; bag_in_hand: the right arm
    hangs, whatever the action.
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
        return float(_norm(knee - hip) + _norm(ankle - knee))


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The cross product of two vectors; NumPy's own is slow for single ones."""
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def _norm(a: np.ndarray) -> float:
    return math.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2])


def stride_m(leg_length_m: float, speed_mps: float) -> float:
    """Metres walked in a full cycle (two steps): rises with the root of speed, as people's do (Grieve, 1968).

    At 1.3 m/s with legs of 0.8 m about 1.3 m. At no speed, the limit of tiny steps.
    """
    return float(leg_length_m * (0.6 + 1.5 * np.sqrt(max(speed_mps, 0.0) / np.sqrt(9.81 * leg_length_m))))


def turn(axis: str, angle: float) -> np.ndarray:
    """Rotation (3, 3) about x (roll right side down), y (forward pitch down) or z (turn left)."""
    c, s = np.cos(angle), np.sin(angle)
    if axis == "x":
        return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    if axis == "y":
        return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def about(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rotation (3, 3) about a unit axis (Rodrigues)."""
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The smallest rotation (3, 3) that takes direction `start` to direction `end`."""
    a, b = start / _norm(start), end / _norm(end)
    v, c = _cross(a, b), float(a @ b)
    if c < -1 + 1e-9:
        helper = np.array([0.0, 1.0, 0.0]) if abs(a[1]) < 0.9 else np.array([1.0, 0.0, 0.0])
        axis = _cross(a, helper)
        axis /= _norm(axis)
        return 2 * np.outer(axis, axis) - np.eye(3)
    k = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + k + k @ k / (1 + c)


def bone_transforms(build: Build, stance: Stance) -> np.ndarray:
    """(B, 3, 4): takes rest points of each bone to the person's frame, standing at the origin and facing +x."""
    rotations = np.tile(np.eye(3), (len(BONES), 1, 1))
    rotated = _upper_body(build, stance)
    moved = _pelvis_and_feet(build, stance)
    positions = np.zeros((len(BONES), 3))
    shins: dict[str, np.ndarray] = {}
    for bone, name in enumerate(BONES):
        parent = build.parents[bone]
        if parent < 0:
            rotations[bone] = moved.pelvis
            positions[bone] = moved.hips_m + moved.pelvis @ (build.heads_m[bone] - _hip_centre(build))
            continue
        turn_up = rotated.get(name)
        rotations[bone] = rotations[parent] if turn_up is None else rotations[parent] @ turn_up
        positions[bone] = positions[parent] + rotations[parent] @ (build.heads_m[bone] - build.heads_m[parent])
        if name.startswith("upperleg01"):
            rotations[bone], shins[name[-1]] = _leg(build, name[-1], positions[bone], moved)
        elif name.startswith("lowerleg01"):
            rotations[bone] = shins[name[-1]]
        elif name.startswith("foot"):
            rotations[bone] = moved.feet[name[-1]][1]
        elif name.startswith("toe"):
            rotations[bone] = moved.toes[name[-1]]
    offsets = positions - np.einsum("bij,bj->bi", rotations, build.heads_m)
    return np.concatenate([rotations, offsets[..., None]], -1)


@dataclass(frozen=True)
class _Lower:
    """Where hips and feet are: hips_m (3,), pelvis (3, 3), feet: side to (ankle (3,), rotation), toes: side to it."""

    hips_m: np.ndarray
    pelvis: np.ndarray
    feet: dict[str, tuple[np.ndarray, np.ndarray]]
    toes: dict[str, np.ndarray]


def _hip_centre(build: Build) -> np.ndarray:
    return (build.head("upperleg01.L") + build.head("upperleg01.R")) / 2


def _leg(build: Build, side: str, hip: np.ndarray, lower: _Lower) -> tuple[np.ndarray, np.ndarray]:
    """Rotations of thigh and shin that bring the ankle from the hip to its place, the knee to the front."""
    rest_hip, rest_knee, rest_ankle = (build.head(f"{b}.{side}") for b in ("upperleg01", "lowerleg01", "foot"))
    thigh, shin = _norm(rest_knee - rest_hip), _norm(rest_ankle - rest_knee)
    ankle = lower.feet[side][0]
    reach = ankle - hip
    distance = float(np.clip(_norm(reach), abs(thigh - shin) + 1e-3, (thigh + shin) * 0.9995))
    along = reach / _norm(reach)
    front = lower.feet[side][1] @ np.array([1.0, 0.0, 0.0]) * 0.5 + lower.pelvis @ np.array([1.0, 0.0, 0.0])
    front = front - along * (front @ along)
    front /= _norm(front)
    cosine = (thigh**2 + distance**2 - shin**2) / (2 * thigh * distance)
    knee = hip + along * thigh * cosine + front * thigh * np.sqrt(max(0.0, 1 - cosine**2))
    ankle = hip + along * distance
    return _limb(rest_knee - rest_hip, knee - hip, front), _limb(rest_ankle - rest_knee, ankle - knee, front)


def _limb(rest: np.ndarray, now: np.ndarray, front: np.ndarray) -> np.ndarray:
    """The rotation that takes a bone from `rest` to `now` and its forward side to `front`."""

    def frame(down: np.ndarray, ahead: np.ndarray) -> np.ndarray:
        down = down / _norm(down)
        ahead = ahead - down * (ahead @ down)
        ahead = ahead / _norm(ahead)
        return np.stack([ahead, _cross(down, ahead), down], 1)

    return frame(now, front) @ frame(rest, np.array([1.0, 0.0, 0.0])).T


def _pelvis_and_feet(build: Build, stance: Stance) -> _Lower:
    if stance.action == "sit":
        return _seated(build)
    if stance.action == "exercise":
        return _exercising(build, stance)
    if stance.action in _WALKING and stance.speed_mps > 0.05:
        return _stepping(build, stance)
    return _standing(build, stance)


def _ankle_rest(build: Build, side: str) -> np.ndarray:
    """The rest ankle relative to the floor point under the hips."""
    return build.head(f"foot.{side}") - _hip_centre(build) * (1, 1, 0)


def _standing(build: Build, stance: Stance) -> _Lower:
    sway = 0.012 * np.sin(2 * np.pi * stance.phase)
    feet = {}
    for side, sign in (("L", 1), ("R", -1)):
        ankle = _ankle_rest(build, side)
        ankle = np.array([0.0, 0.09 * sign * build.step_width, ankle[2]])
        feet[side] = (ankle, turn("z", 0.15 * sign))
    hips = np.array([0.0, sway, _hip_height(build, feet, np.eye(3))])
    return _Lower(hips, turn("x", sway * 2), feet, {s: f[1] for s, f in feet.items()})


def _seated(build: Build) -> _Lower:
    thigh = _norm(build.head("lowerleg01.L") - build.head("upperleg01.L"))
    knee_height = build.head("lowerleg01.L")[2]
    feet = {}
    for side, sign in (("L", 1), ("R", -1)):
        feet[side] = (np.array([thigh * 0.95, 0.11 * sign, _ankle_rest(build, side)[2]]), turn("z", 0.1 * sign))
    return _Lower(np.array([0.0, 0.0, knee_height + 0.03]), turn("y", -0.12), feet, {s: f[1] for s, f in feet.items()})


def _exercising(build: Build, stance: Stance) -> _Lower:
    now, leg = figure(stance.phase), build.leg_length_m
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
    return _Lower(hips, pelvis, feet, {side: foot[1] for side, foot in feet.items()})


def _stepping(build: Build, stance: Stance) -> _Lower:
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
    return _Lower(hips, pelvis, feet, toes)


def _hip_height(build: Build, feet: dict[str, tuple[np.ndarray, np.ndarray]], pelvis: np.ndarray) -> float:
    """As high as the nearer-to-straight leg allows, softened so that hips glide instead of bounce."""
    reach = build.leg_length_m * (0.992 - 0.02 * build.knee_rad)
    centre = _hip_centre(build)
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


def _upper_body(build: Build, stance: Stance) -> dict[str, np.ndarray]:
    """Local rotations of spine, neck and arms."""
    walking = stance.action in _WALKING and stance.speed_mps > 0.05
    swing = 2 * np.pi * stance.phase
    quick = min(1.0, stance.speed_mps / 1.3) if walking else 0.0
    twist = 0.12 * quick * np.cos(swing)
    slouch = build.lean_rad + 0.03 * quick
    turns = {
        "spine04": turn("y", slouch * 0.5) @ turn("z", twist * 0.5),
        "spine02": turn("y", slouch * 0.5) @ turn("z", twist * 0.5),
        "neck01": turn("y", -slouch * 0.3) @ turn("z", -twist * 0.5 + build.look_rad * 0.4),
        "head": turn("y", -slouch * 0.3) @ turn("z", build.look_rad * 0.6),
    }
    if stance.action == "exercise":
        now = figure(stance.phase)
        half = turn("y", 0.5 * now.pitch) @ turn("x", 0.5 * now.roll) @ turn("z", 0.5 * now.twist)
        turns |= {"spine04": half, "spine02": half}
    for side, sign in (("L", 1), ("R", -1)):
        turns |= _arm(build, stance, side, sign, quick) | _hand(build, stance, side)
    return turns


def _hand(build: Build, stance: Stance, side: str) -> dict[str, np.ndarray]:
    """Fingers bent towards the palm, more where the hand holds something."""
    bend = build.fist_rad * (1.6 if (stance.action in ("carry", "phone") or build.bag_in_hand) and side == "R" else 1.0)
    if stance.action == "wave" and side == "R" and not build.bag_in_hand:
        bend = 0.1
    wrist, knuckle, thumb = (build.head(f"{b}.{side}") for b in ("wrist", "finger3-1", "finger1-2"))
    along = (knuckle - wrist) / _norm(knuckle - wrist)
    axis = (thumb - wrist) - along * ((thumb - wrist) @ along)
    axis *= (1.0 if side == "L" else -1.0) / _norm(axis)
    return {
        f"finger3-1.{side}": about(axis, bend),
        f"finger3-2.{side}": about(axis, bend * 1.2),
        f"finger1-2.{side}": about(along, -bend * 0.5 * (1.0 if side == "L" else -1.0)),
    }


def _arm(build: Build, stance: Stance, side: str, sign: int, quick: float) -> dict[str, np.ndarray]:
    """Upper arm and forearm of one side, for what the person does."""
    swing = 2 * np.pi * stance.phase
    forward = -sign * 0.42 * quick * build.arm_swing * np.cos(swing)  # the left foot lands in front at phase 0
    out, bend, inward = build.arm_out_rad, build.elbow_rad + max(0.0, forward) * 0.5, 0.05
    if side == "R" and (stance.action == "carry" or build.bag_in_hand):
        forward, bend = 0.15 * forward, 0.1
    elif stance.action == "exercise":
        arm = figure(stance.phase).left if side == "L" else figure(stance.phase).right
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
