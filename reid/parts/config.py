"""How keypoints become parts. Lengths are shares of the person's standing height."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PartsConfig:
    """Shape of the soft masks and what counts as seen.

    trusted_from, trusted_at: a joint's confidence below the first is nothing, from the second on everything, between
    them a ramp (keypoint networks give hidden joints 0.1 to 0.4). softness: sigma of the fall-off outside a part.
    Radii of capsules and discs: head, limb, leg, foot; torso: how far the quad of shoulders and hips is widened.
    """

    trusted_from: float = 0.2
    trusted_at: float = 0.6
    softness: float = 0.03
    head: float = 0.07
    limb: float = 0.03
    leg: float = 0.045
    foot: float = 0.045
    torso: float = 0.02
