"""COCO's 17 joints of one body, as means of its posed vertices.

anny regresses where bones turn. Who labels pictures points at what can be seen: a shoulder at its upper edge, a hip
where the leg leaves the trunk. MoveNet, taught by such labels, sees both apart from anny's by the shares of the trunk
below (medians over 60 rendered people, seed 77; the other joints differ by less than half of that). Our detector learns
from MoveNet's labels on real pictures and from ours on rendered ones: they must mean the same.
"""

from dataclasses import dataclass

import numpy as np

from synth.people.shape import Shape

SHOULDERS, HIPS = [5, 6], [11, 12]
LIFT, DROP = 0.065, 0.06  # of shoulders and of hips, as shares of the way from the one to the other


@dataclass(frozen=True)
class Landmarks:
    """A joint is the weighted mean of vertices, a posed vertex the weighted mean of its bones' transforms: so a
    joint is linear in those transforms.

    moments (17, B, 4): for each joint and bone the sum of weight · (x, y, z, 1) over its vertices, at rest.
    """

    moments: np.ndarray

    def joints(self, transforms: np.ndarray) -> np.ndarray:
        """Joints (17, 3) after bone transforms (B, 3, 4); exactly the means over the posed vertices."""
        return self.moments.reshape(17, -1) @ transforms.transpose(0, 2, 1).reshape(-1, 3)


def landmarks(shape: Shape) -> Landmarks:
    """Take a body's joints."""
    coco = as_labelled(shape.model.coco)
    moments = np.empty((len(coco), shape.model.weights.shape[1], 4))
    for joint, weights in enumerate(coco):  # each of a few vertices
        used = np.flatnonzero(weights)
        bones = shape.model.weights[used] * weights[used, None].astype(np.float64)
        moments[joint] = bones.T @ np.column_stack([shape.vertices[used], np.ones(len(used))])
    return Landmarks(moments)


def as_labelled(coco: np.ndarray) -> np.ndarray:
    """Weights (17, V) of the joints that pictures are labelled with, from those of anny's."""
    weights: np.ndarray = coco.astype(np.float64)
    trunk = weights[HIPS].mean(0) - weights[SHOULDERS].mean(0)
    weights[SHOULDERS] -= LIFT * trunk
    weights[HIPS] += DROP * trunk
    return weights
