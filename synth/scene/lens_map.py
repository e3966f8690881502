"""The lens of one camera, worked out once and applied to every picture it takes.

`synth.render.distort` solves the lens equation for every pixel of every picture; here it is solved along one radius,
which is all there is to a radial lens, and the answer is kept.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from synth.types import Camera, Rendering

_RADII = np.linspace(0.0, 6.0, 24_001)  # on the plane z = 1, far beyond any picture


@dataclass(frozen=True)
class LensMap:
    """Where each pixel (H, W) of the camera's picture lies in the straight one of `wide`, in cv2's coordinates.

    depth_factor (H, W), or 1: the depth that the camera measures at each, over the depth that `wide` measures.
    """

    wide: Camera
    x: np.ndarray
    y: np.ndarray
    depth_factor: np.ndarray | float = 1.0

    @classmethod
    def of(cls, camera: Camera, margin_px: int = 0) -> "LensMap":
        """The map of this camera's distortion; a camera without one gets the identity.

        margin_px: how much more on every side `wide` shall show, for a camera that is to be `turned`.
        """
        focal, centre = camera.matrix[[0, 1], [0, 1]], camera.matrix[:2, 2]
        columns, rows = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
        bent = (np.stack([columns, rows], axis=-1) - centre) / focal
        straight = bent * _straightening(np.linalg.norm(bent, axis=-1), camera.distortion)[..., None] * focal + centre
        margin_low = np.maximum(0, np.ceil(-straight.min(axis=(0, 1)))) + 1 + margin_px
        margin_high = np.maximum(0, np.ceil(straight.max(axis=(0, 1)) - (camera.width, camera.height))) + 1 + margin_px
        matrix = np.array(camera.matrix, dtype=np.float64)
        matrix[:2, 2] += margin_low
        width, height = (np.array([camera.width, camera.height]) + margin_low + margin_high).astype(int).tolist()
        wide = replace(camera, matrix=matrix, width=width, height=height, distortion=(0.0, 0.0))
        # cv2 puts pixel centres at whole numbers, we put them at halves.
        at = (straight + margin_low - 0.5).astype(np.float32)
        return cls(wide, np.ascontiguousarray(at[..., 0]), np.ascontiguousarray(at[..., 1]))

    def turned(self, turn: np.ndarray) -> "LensMap":
        """The map of the camera after a turn (3, 3) of its frame about its eye; what it sees must lie within `wide`."""
        focal, centre = self.wide.matrix[[0, 1], [0, 1]], self.wide.matrix[:2, 2]
        seen = np.stack([self.x + 0.5 - centre[0], self.y + 0.5 - centre[1]], axis=-1) / focal
        rays = np.concatenate([seen, np.ones((*seen.shape[:2], 1))], axis=-1) @ turn  # turnᵀ takes them back to rest
        at = (rays[..., :2] / rays[..., 2:] * focal + centre - 0.5).astype(np.float32)
        return replace(
            self,
            x=np.ascontiguousarray(at[..., 0]),
            y=np.ascontiguousarray(at[..., 1]),
            depth_factor=(1 / rays[..., 2]).astype(np.float32),
        )

    def bend(self, straight: Rendering) -> Rendering:
        """A rendering through `wide` as the lens shows it: colour interpolated, ids and depth of the nearest pixel."""
        rows, columns = np.rint(self.y).astype(np.intp), np.rint(self.x).astype(np.intp)
        rgb = cv2.remap(straight.linear_rgb, self.x, self.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return Rendering(
            linear_rgb=rgb,
            object_ids=straight.object_ids[rows, columns],
            materials=straight.materials[rows, columns],
            depth_m=straight.depth_m[rows, columns] * self.depth_factor,
        )


def barrel(camera: Camera, share: float) -> Camera:
    """The camera with a lens whose k1 pulls in what lies at its picture's corner by about `share` of the radius.

    Negative is pincushion. ValueError above 0.14: near 4/27 the corner would lie where the lens equation turns back.
    """
    if share > 0.14:
        raise ValueError(f"barrel: expected a share of at most 0.14, got {share}")
    corner = np.array([camera.width, camera.height]) / 2 / camera.matrix[[0, 1], [0, 1]]
    return replace(camera, distortion=(-share / float(corner @ corner), 0.0))


def _straightening(seen: np.ndarray, distortion: tuple[float, float]) -> np.ndarray:
    """The factor that takes a seen radius back to the true one, by looking the lens polynomial up backwards."""
    k1, k2 = distortion
    bent = _RADII * (1 + k1 * _RADII**2 + k2 * _RADII**4)
    falling = np.flatnonzero(np.diff(bent) <= 0)
    rising = int(falling[0]) + 1 if len(falling) else len(bent)
    radius = np.interp(seen, bent[:rising], _RADII[:rising])
    return np.where(seen > 1e-9, radius / np.maximum(seen, 1e-9), 1.0)
