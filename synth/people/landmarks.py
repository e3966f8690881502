"""COCO's 17 joints of one body, as means of its posed vertices."""

from dataclasses import dataclass

import numpy as np

from synth.people.shape import Shape


@dataclass(frozen=True)
class Landmarks:
    """A joint is the weighted mean of vertices, a posed vertex the weighted mean of its bones' transforms: so a
    joint is linear in those transforms.

    moments (17, B, 4): for each joint and bone the sum of weight · (x, y, z, 1) over its vertices, at rest.
    """

    moments: np.ndarray

    def joints(self, transforms: np.ndarray) -> np.ndarray:
        """Joints (17, 3) after bone transforms (B, 3, 4); exactly the regression over the posed vertices."""
        return self.moments.reshape(17, -1) @ transforms.transpose(0, 2, 1).reshape(-1, 3)


def landmarks(shape: Shape) -> Landmarks:
    """Take a body's joints (anny's COCO regression)."""
    coco = shape.model.coco
    moments = np.empty((len(coco), shape.model.weights.shape[1], 4))
    for joint, weights in enumerate(coco):  # each of a few vertices
        used = np.flatnonzero(weights)
        bones = shape.model.weights[used] * weights[used, None].astype(np.float64)
        moments[joint] = bones.T @ np.column_stack([shape.vertices[used], np.ones(len(used))])
    return Landmarks(moments)
