"""Soft part masks and visibilities from keypoints (fixed attention: no weights, nothing learnt)."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from core.errors import ShapeError
from reid.parts.config import PartsConfig
from reid.parts.shapes import PARTS, Shape, Torso
from reid.parts.skeleton import extended, standing_height_px, trust

_OVERSAMPLE = 2  # mask values are means over 2 × 2 points of a grid cell: feet are smaller than a cell


class PartMasks(NamedTuple):
    """masks (N, K, rows, columns) float32 in [0, 1]; visibility (N, K) float32 in [0, 1]; owned (N, rows, columns)
    float32 in [0, 1]: 0 where somebody else's body is and not this person's."""

    masks: np.ndarray
    visibility: np.ndarray
    owned: np.ndarray


def part_masks(
    keypoints_xyc: np.ndarray | None,
    others_xyc: Sequence[np.ndarray] | None,
    sizes_px: np.ndarray,
    parts: int,
    grid: tuple[int, int],
    config: PartsConfig | None = None,
) -> PartMasks:
    """Masks on a grid that is stretched over each crop.

    keypoints_xyc (N, 17, 3) in px of each crop, or None: nothing seen, everything owned. others_xyc: per crop the
    skeletons (M_i, 17, 3) of other people in it, or None. sizes_px (N, 2): height and width of each crop. `parts`: K, 0
    or a key of PARTS.

    A mask is the union of its shapes, each weighted by the trust in its joints, times the share of each cell that is
    this person's and not another's. Visibility of a part: the mean over its shapes, by their size, of trust × share
    inside the crop × share not covered by others. Where nothing of the person is seen, all of the crop is owned: one
    of the others may be who it is of. Raises ShapeError.
    """
    config = config or PartsConfig()
    sizes = np.asarray(sizes_px, np.float32)
    count = len(sizes)
    if keypoints_xyc is None or count == 0:
        nothing = np.zeros((count, parts, *grid), np.float32)
        return PartMasks(nothing, np.zeros((count, parts), np.float32), np.ones((count, *grid), np.float32))
    own = np.asarray(keypoints_xyc, np.float32)
    if own.shape != (count, 17, 3):
        raise ShapeError(f"keypoints_xyc: expected shape ({count}, 17, 3), got {own.shape}")
    points = _points(sizes, grid)
    body = _Bodies(own, sizes[:, 0], points, config)
    theirs = _strongest_other(points, others_xyc, sizes, config)
    ours = body.whole()
    share = np.where(theirs > 1e-3, ours / np.maximum(ours + theirs, 1e-6), 1).astype(np.float32)
    masks, visibility = np.zeros((parts, *points.shape[:2]), np.float32), np.zeros((parts, count), np.float32)
    for row, shapes in enumerate(PARTS[parts].values() if parts else ()):
        masks[row], visibility[row] = _part(body, shapes, share, sizes)
    seen = ours.max(axis=1, keepdims=True) > 0
    owned = np.where(seen, 1 - np.maximum(theirs - ours, 0), 1)
    return PartMasks(_cells(masks.swapaxes(0, 1), grid), np.ascontiguousarray(visibility.T), _cells(owned, grid))


def _cells(points: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Means (..., rows, columns) float32 over the cells of what is sampled at `_points` (..., P)."""
    fine = points.reshape(*points.shape[:-1], grid[0], _OVERSAMPLE, grid[1], _OVERSAMPLE)
    return fine.mean(axis=(-3, -1), dtype=np.float32)


class _Bodies:
    """Joints and trust of some skeletons, and the fields of their shapes at fixed points (N, P, 2)."""

    def __init__(
        self, keypoints_xyc: np.ndarray, crop_height_px: np.ndarray, points: np.ndarray, config: PartsConfig
    ) -> None:
        finite = np.isfinite(keypoints_xyc).all(axis=2)
        clean = np.where(finite[..., None], keypoints_xyc, 0)
        trusted = trust(clean[..., 2], config)
        self.config, self.points = config, points
        self.height_px = standing_height_px(clean[..., :2], trusted, crop_height_px)
        self.joints, self.trust = extended(clean[..., :2], trusted, self.height_px)
        self._fields: dict[Shape, np.ndarray] = {}

    def shape_trust(self, shape: Shape) -> np.ndarray:
        """Trust (N,) in a shape: its least trusted joint; a torso lives on three good corners."""
        if isinstance(shape, Torso):
            return np.sort(self.trust[:, shape.corners], axis=1)[:, 1]
        return np.minimum(self.trust[:, shape.start], self.trust[:, shape.end])

    def field(self, shape: Shape) -> np.ndarray:
        """1 inside the shape, a Gaussian fall-off outside it: (N, P), computed once."""
        if shape not in self._fields:
            self._fields[shape] = self._field(shape)
        return self._fields[shape]

    def _field(self, shape: Shape) -> np.ndarray:
        if isinstance(shape, Torso):
            distance = _distance_to_quad(self.points, self.joints[:, shape.corners])
        else:
            distance = _distance_to_segment(self.points, self.joints[:, shape.start], self.joints[:, shape.end])
        radius = getattr(self.config, shape.radius) * self.height_px[:, None]
        sigma = self.config.softness * self.height_px[:, None]
        outside = np.maximum(distance - radius, 0) / np.maximum(sigma, 1e-6)
        return np.exp(-0.5 * outside * outside)

    def whole(self) -> np.ndarray:
        """The union (N, P) of all shapes, each weighted by its trust."""
        union = np.zeros(self.points.shape[:2], np.float32)
        for shapes in PARTS[5].values():
            for shape in shapes:
                np.maximum(union, self.field(shape) * self.shape_trust(shape)[:, None], out=union)
        return union

    def inside_share(self, shape: Shape, sizes: np.ndarray) -> np.ndarray:
        """Share (N,) of a shape's spine that lies inside the crop."""
        corners = shape.corners if isinstance(shape, Torso) else (shape.start, shape.end)
        steps = np.linspace(0, 1, 5, dtype=np.float32)[:, None, None]
        first, last = self.joints[:, corners[: len(corners) // 2]], self.joints[:, corners[len(corners) // 2 :][::-1]]
        spine = first[None] * (1 - steps[..., None]) + last[None] * steps[..., None]  # (5, N, 1 or 2, 2)
        limit = sizes[None, :, None, ::-1]
        return ((spine >= 0) & (spine <= limit)).all(axis=3).mean(axis=(0, 2), dtype=np.float32)


def _part(
    body: _Bodies, shapes: tuple[Shape, ...], ownership: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mask (N, P) and visibility (N,) of one part."""
    mask = np.zeros(ownership.shape, np.float32)
    seen, size = np.zeros(len(mask), np.float32), np.zeros(len(mask), np.float32)
    for shape in shapes:
        field, trusted = body.field(shape), body.shape_trust(shape)
        area = field.sum(axis=1)
        free = (field * ownership).sum(axis=1) / np.maximum(area, 1e-6)
        weight = np.maximum(area, 1.0)  # a shape outside the crop still counts as unseen
        seen += weight * trusted * body.inside_share(shape, sizes) * free
        size += weight
        np.maximum(mask, field * trusted[:, None], out=mask)
    mask *= ownership
    visible = seen / size
    return mask, np.where(mask.sum(axis=1) > 1e-3, visible, 0)


def _points(sizes: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Sample points (N, P, 2) x, y in px of each crop, row by row."""
    rows, columns = grid[0] * _OVERSAMPLE, grid[1] * _OVERSAMPLE
    y, x = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij")
    unit = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    return unit[None] * sizes[:, None, ::-1]


def _strongest_other(
    points: np.ndarray, others_xyc: Sequence[np.ndarray] | None, sizes: np.ndarray, config: PartsConfig
) -> np.ndarray:
    """How surely some other person's body is at each point (N, P); 0 where there is none."""
    strongest = np.zeros(points.shape[:2], np.float32)
    if others_xyc is None:
        return strongest
    if len(others_xyc) != len(points):
        raise ShapeError(f"others_xyc: expected {len(points)} entries, one per crop, got {len(others_xyc)}")
    owner = np.repeat(np.arange(len(points)), [len(skeletons) for skeletons in others_xyc])
    skeletons = np.concatenate([np.asarray(one, np.float32).reshape(-1, 17, 3) for one in others_xyc])
    there = (skeletons[..., 2] > config.trusted_from).any(axis=1)
    owner, skeletons = owner[there], skeletons[there]
    if len(owner):
        np.maximum.at(strongest, owner, _Bodies(skeletons, sizes[owner, 0], points[owner], config).whole())
    return strongest


def _distance_to_segment(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Distance (N, P) of points (N, P, 2) to segments from (N, 2) to (N, 2)."""
    along = end - start
    squared = np.maximum((along * along).sum(axis=1), 1e-6)
    offset = points - start[:, None]
    position = np.clip((offset * along[:, None]).sum(axis=2) / squared[:, None], 0, 1)
    return np.linalg.norm(offset - position[..., None] * along[:, None], axis=2)


def _distance_to_quad(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Distance (N, P) to quads (N, 4, 2) in order around; 0 inside. A person seen from the side is nearly a line."""
    following = np.roll(corners, -1, axis=1)
    edges = [_distance_to_segment(points, corners[:, i], following[:, i]) for i in range(4)]
    distance = np.minimum.reduce(edges)
    crossings = np.zeros(distance.shape, bool)
    x, y = points[..., 0], points[..., 1]
    for i in range(4):
        ax, ay, bx, by = (v[:, None] for v in (*corners[:, i].T, *following[:, i].T))
        straddles = (ay > y) != (by > y)
        slope = np.where(straddles, (bx - ax) / np.where(by == ay, 1, by - ay), 0)
        crossings ^= straddles & (x < ax + slope * (y - ay))
    return np.where(crossings, 0, distance)
