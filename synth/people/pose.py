"""From what a person does to how each bone is turned: walking, standing, sitting, carrying, waving, exercising.

Rotations are given in the person frame (x forward, y left, z up) relative to the rest pose. Legs follow the feet: a
foot on the floor stays where it is, and hip and knee are solved for it (two-bone inverse kinematics).
"""

import numpy as np

from synth.people.body import BONES
from synth.people.exercise import figure
from synth.people.lower_body import hip_centre, leg_bones, lower_body
from synth.people.stance import Build, Stance
from synth.people.upper_body import upper_body


def bone_transforms(build: Build, stance: Stance) -> np.ndarray:
    """(B, 3, 4): takes rest points of each bone to the person's frame, standing at the origin and facing +x."""
    rotations = np.tile(np.eye(3), (len(BONES), 1, 1))
    now = figure(stance.phase) if stance.action == "exercise" else None
    rotated = upper_body(build, stance, now)
    moved = lower_body(build, stance, now)
    positions = np.zeros((len(BONES), 3))
    shins: dict[str, np.ndarray] = {}
    for bone, name in enumerate(BONES):
        parent = build.parents[bone]
        if parent < 0:
            rotations[bone] = moved.pelvis
            positions[bone] = moved.hips_m + moved.pelvis @ (build.heads_m[bone] - hip_centre(build))
            continue
        turn_up = rotated.get(name)
        rotations[bone] = rotations[parent] if turn_up is None else rotations[parent] @ turn_up
        positions[bone] = positions[parent] + rotations[parent] @ (build.heads_m[bone] - build.heads_m[parent])
        if name.startswith("upperleg01"):
            rotations[bone], shins[name[-1]] = leg_bones(build, name[-1], positions[bone], moved)
        elif name.startswith("lowerleg01"):
            rotations[bone] = shins[name[-1]]
        elif name.startswith("foot"):
            rotations[bone] = moved.feet[name[-1]][1]
        elif name.startswith("toe"):
            rotations[bone] = moved.toes[name[-1]]
    offsets = positions - np.einsum("bij,bj->bi", rotations, build.heads_m)
    return np.concatenate([rotations, offsets[..., None]], -1)
