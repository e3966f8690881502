"""The truth about one picture: boxes, visibility and joints of everybody in it, from geometry and the id picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from synth.render import project
from synth.render.raster import bounds, rasterise_flat
from synth.types import Camera, Surface

_MASK_PX = 384  # longest side of the picture in which a whole silhouette is counted
# How deep a joint may lie behind its own body's skin and still count as seen, metres, in COCO order: the face is all
# surface, a limb's joint lies inside the limb, shoulders and hips deep in the trunk.
_SKIN_DEPTH_M = np.array([0.09] * 5 + [0.2] * 2 + [0.14] * 4 + [0.24] * 2 + [0.16] * 4)


class Seen(IntEnum):
    """How a joint is seen. `OWN_BODY`: inside the picture, nothing else in front, but behind the own body."""

    OUTSIDE = 0
    HIDDEN = 1
    OWN_BODY = 2
    VISIBLE = 3


@dataclass(frozen=True)
class PersonTruth:
    """One person in one picture.

    full_xyxy (4,): the box around the whole body, whatever is in front, outside the picture too; visible_xyxy (4,):
    around the pixels that show it, NaN if there are none; visibility: visible share of the whole silhouette in the
    picture plane; joints_px (17, 2) COCO order, NaN behind the camera; joints_seen (17,) `Seen`.
    """

    number: int
    full_xyxy: np.ndarray
    visible_xyxy: np.ndarray
    visibility: float
    joints_px: np.ndarray
    joints_seen: np.ndarray


def person_truth(
    number: int,
    surfaces: Sequence[Surface],
    joints_m: np.ndarray,
    camera: Camera,
    object_ids: np.ndarray,
    depth_m: np.ndarray,
) -> PersonTruth | None:
    """The truth about person `number` in a picture, None if no part of them is in front of the camera.

    surfaces and joints_m (17, 3) in world metres; object_ids and depth_m (H, W) of the picture, lens included.
    """
    silhouette = _silhouette(surfaces, camera)
    if silhouette is None:
        return None
    full_xyxy, whole_px = silhouette
    box = _pixels_around(full_xyxy, object_ids.shape)
    own = object_ids[box] == number
    visible_px = int(own.sum())
    visible_xyxy = np.full(4, np.nan)
    if visible_px:
        rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
        top, left = box[0].start, box[1].start
        visible_xyxy = np.array([left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1], float)
    joints_px, joints_depth = project(camera, joints_m)
    return PersonTruth(
        number=number,
        full_xyxy=full_xyxy,
        visible_xyxy=visible_xyxy,
        visibility=min(1.0, visible_px / max(whole_px, 1.0)),
        joints_px=joints_px,
        joints_seen=joint_visibility(number, joints_px, joints_depth, object_ids, depth_m),
    )


def joint_visibility(
    number: int, joints_px: np.ndarray, joints_depth_m: np.ndarray, object_ids: np.ndarray, depth_m: np.ndarray
) -> np.ndarray:
    """How each joint (17,) is seen, as `Seen`.

    A joint is hidden where another object is nearer than it; where its own body is, it is visible unless it lies
    deeper behind the skin than a joint of its kind does. Joints in front of everything else are visible.
    """
    height, width = object_ids.shape
    seen = np.full(len(joints_px), Seen.OUTSIDE, dtype=np.int64)
    with np.errstate(invalid="ignore"):
        inside = (joints_depth_m > 0) & np.all((joints_px >= 0) & (joints_px < (width, height)), axis=1)
    columns, rows = joints_px[inside].astype(int).T
    at_id, at_depth = object_ids[rows, columns], depth_m[rows, columns].astype(np.float64)
    behind_skin = joints_depth_m[inside] - at_depth
    own = at_id == number
    result = np.where(behind_skin > 0.02, Seen.HIDDEN, Seen.VISIBLE)
    result[own] = np.where(behind_skin > _SKIN_DEPTH_M[inside], Seen.OWN_BODY, Seen.VISIBLE)[own]
    seen[inside] = result
    return seen


def _silhouette(surfaces: Sequence[Surface], camera: Camera) -> tuple[np.ndarray, float] | None:
    """Box (4,) and pixel count of the whole body as if alone before a picture without borders."""
    pixels, depth = project(camera, np.concatenate([s.vertices_m for s in surfaces]))
    starts = np.cumsum([0, *(len(s.vertices_m) for s in surfaces[:-1])])
    faces = np.concatenate([s.faces + start for s, start in zip(surfaces, starts, strict=True)])
    ahead = depth > 0.05
    faces = faces[ahead[faces].all(axis=1)]
    if not len(faces):
        return None
    drawn = np.zeros(len(pixels), dtype=bool)
    drawn[faces.ravel()] = True
    low, high = bounds(pixels, drawn)
    scale = min(1.0, _MASK_PX / max(*(high - low), 1e-6))
    # Pixel centres of the mask coincide with those of the picture where the scale is 1.
    corner = np.floor(low)
    width, height = (np.ceil((high - corner) * scale).astype(int) + 1).tolist()
    points = np.column_stack([(pixels - corner) * scale, depth])
    points[~ahead] = 0.0
    mask = np.full((height, width), np.inf, dtype=np.float32)
    rasterise_flat(points, faces.astype(np.int32), mask)
    return np.concatenate([low, high]), float(np.isfinite(mask).sum()) / scale**2


def _pixels_around(box_xyxy: np.ndarray, shape: tuple[int, ...]) -> tuple[slice, slice]:
    height, width = shape
    x0, y0 = np.clip(np.floor(box_xyxy[:2]) - 2, 0, (width, height)).astype(int)
    x1, y1 = np.clip(np.ceil(box_xyxy[2:]) + 2, 0, (width, height)).astype(int)
    return slice(int(y0), int(max(y0, y1))), slice(int(x0), int(max(x0, x1)))
