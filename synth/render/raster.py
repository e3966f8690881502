"""The z-buffer: which triangle each pixel sees, how far away, and where on the triangle."""

import numpy as np
from numba import njit

NEAR_M = 0.05  # nothing nearer than this to the camera is drawn


@njit(cache=True, error_model="numpy")
def _fill(corners: np.ndarray, face: int, depth: np.ndarray, seen: np.ndarray, weights: np.ndarray) -> None:
    """Draw one screen triangle. corners (3, 5): x px, y px, 1/z, and the weights of original vertices 1 and 2."""
    x0, y0, x1, y1, x2, y2 = (
        corners[0, 0], corners[0, 1], corners[1, 0], corners[1, 1], corners[2, 0], corners[2, 1],
    )  # fmt: skip
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    if area == 0.0:
        return
    height, width = depth.shape
    left = max(0, int(np.ceil(min(x0, x1, x2) - 0.5)))
    right = min(width - 1, int(np.floor(max(x0, x1, x2) - 0.5)))
    top = max(0, int(np.ceil(min(y0, y1, y2) - 0.5)))
    bottom = min(height - 1, int(np.floor(max(y0, y1, y2) - 0.5)))
    inverse = 1.0 / area
    for row in range(top, bottom + 1):
        py = row + 0.5
        for column in range(left, right + 1):
            px = column + 0.5
            w0 = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) * inverse
            w1 = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) * inverse
            w2 = 1.0 - w0 - w1
            if w0 < -1e-9 or w1 < -1e-9 or w2 < -1e-9:
                continue
            over_z = w0 * corners[0, 2] + w1 * corners[1, 2] + w2 * corners[2, 2]
            z = 1.0 / over_z
            if z >= depth[row, column]:
                continue
            depth[row, column] = z
            seen[row, column] = face
            a, b, c = w0 * corners[0, 2] * z, w1 * corners[1, 2] * z, w2 * corners[2, 2] * z
            weights[row, column, 0] = a * corners[0, 3] + b * corners[1, 3] + c * corners[2, 3]
            weights[row, column, 1] = a * corners[0, 4] + b * corners[1, 4] + c * corners[2, 4]


@njit(cache=True, error_model="numpy")
def rasterise(
    points: np.ndarray,
    faces: np.ndarray,
    double_sided: np.ndarray,
    lens: np.ndarray,
    depth: np.ndarray,
    seen: np.ndarray,
    weights: np.ndarray,
) -> None:
    """Draw triangles into a z-buffer, nearest wins, ties go to the first drawn.

    points (V, 3) float64 camera frame; faces (F, 3) int32; double_sided (F,) bool: others are drawn only where they
    face the camera; lens (4,): fx, fy, cx, cy px. Changed in place: depth (H, W) float32, seen (H, W) int32 face
    numbers, weights (H, W, 2) float32, the barycentric weights of the face's second and third vertex.
    """
    polygon = np.empty((4, 5))
    corners = np.empty((3, 5))
    whole = np.zeros((3, 5))
    whole[1, 3] = whole[2, 4] = 1.0
    screen = np.empty((points.shape[0], 3))
    for v in range(points.shape[0]):
        z = points[v, 2]
        screen[v] = lens[0] * points[v, 0] / z + lens[2], lens[1] * points[v, 1] / z + lens[3], 1.0 / z
    for face in range(faces.shape[0]):
        i, j, k = faces[face]
        if points[i, 2] >= NEAR_M and points[j, 2] >= NEAR_M and points[k, 2] >= NEAR_M:
            x0, y0, x1, y1, x2, y2 = screen[i, 0], screen[i, 1], screen[j, 0], screen[j, 1], screen[k, 0], screen[k, 1]
            if (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0) > 0 and not double_sided[face]:
                continue
            # Most triangles of a person lie between pixels' centres.
            if np.ceil(min(x0, x1, x2) - 0.5) > np.floor(max(x0, x1, x2) - 0.5):
                continue
            if np.ceil(min(y0, y1, y2) - 0.5) > np.floor(max(y0, y1, y2) - 0.5):
                continue
            whole[0, :3], whole[1, :3], whole[2, :3] = screen[i], screen[j], screen[k]
            _fill(whole, face, depth, seen, weights)
            continue
        count = 0
        for k in range(3):
            here, there = faces[face, k], faces[face, (k + 1) % 3]
            z, z_next = points[here, 2], points[there, 2]
            if z >= NEAR_M:
                _corner(polygon, count, points, here, there, 0.0, k, lens)
                count += 1
            if (z >= NEAR_M) != (z_next >= NEAR_M):
                _corner(polygon, count, points, here, there, (NEAR_M - z) / (z_next - z), k, lens)
                count += 1
        if count < 3:
            continue
        turn = (polygon[1, 0] - polygon[0, 0]) * (polygon[2, 1] - polygon[0, 1]) - (polygon[2, 0] - polygon[0, 0]) * (
            polygon[1, 1] - polygon[0, 1]
        )
        if turn > 0 and not double_sided[face]:
            continue
        for last in range(2, count):
            corners[0] = polygon[0]
            corners[1] = polygon[last - 1]
            corners[2] = polygon[last]
            _fill(corners, face, depth, seen, weights)


@njit(cache=True, error_model="numpy")
def _corner(
    polygon: np.ndarray, slot: int, points: np.ndarray, here: int, there: int, t: float, k: int, lens: np.ndarray
) -> None:
    """Put the point at `t` between two vertices, the k-th and the next of its face, on the screen."""
    x = points[here, 0] + t * (points[there, 0] - points[here, 0])
    y = points[here, 1] + t * (points[there, 1] - points[here, 1])
    z = points[here, 2] + t * (points[there, 2] - points[here, 2])
    polygon[slot, 0] = lens[0] * x / z + lens[2]
    polygon[slot, 1] = lens[1] * y / z + lens[3]
    polygon[slot, 2] = 1.0 / z
    following = (k + 1) % 3
    polygon[slot, 3] = (1.0 - t if k == 1 else 0.0) + (t if following == 1 else 0.0)
    polygon[slot, 4] = (1.0 - t if k == 2 else 0.0) + (t if following == 2 else 0.0)


@njit(cache=True, error_model="numpy")
def rasterise_flat(points: np.ndarray, faces: np.ndarray, depth: np.ndarray) -> None:
    """Draw triangles seen along +z without perspective: points (V, 3) are x px, y px and depth; depth (H, W)."""
    height, width = depth.shape
    for face in range(faces.shape[0]):
        i, j, k = faces[face, 0], faces[face, 1], faces[face, 2]
        x0, y0, x1, y1, x2, y2 = points[i, 0], points[i, 1], points[j, 0], points[j, 1], points[k, 0], points[k, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        left = max(0, int(np.ceil(min(x0, x1, x2) - 0.5)))
        right = min(width - 1, int(np.floor(max(x0, x1, x2) - 0.5)))
        top = max(0, int(np.ceil(min(y0, y1, y2) - 0.5)))
        bottom = min(height - 1, int(np.floor(max(y0, y1, y2) - 0.5)))
        if area == 0.0 or left > right or top > bottom:
            continue
        inverse = 1.0 / area
        for row in range(top, bottom + 1):
            py = row + 0.5
            for column in range(left, right + 1):
                px = column + 0.5
                w0 = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) * inverse
                w1 = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) * inverse
                w2 = 1.0 - w0 - w1
                if w0 >= 0 and w1 >= 0 and w2 >= 0:
                    z = w0 * points[i, 2] + w1 * points[j, 2] + w2 * points[k, 2]
                    depth[row, column] = min(depth[row, column], z)


@njit(cache=True, error_model="numpy")
def bounds(points: np.ndarray, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest coordinates (D,) of those rows of points (V, D) that `used` (V,) names: inf, −inf if none."""
    low, high = np.full(points.shape[1], np.inf), np.full(points.shape[1], -np.inf)
    for v in range(points.shape[0]):
        if used[v]:
            for axis in range(points.shape[1]):
                low[axis], high[axis] = min(low[axis], points[v, axis]), max(high[axis], points[v, axis])
    return low, high
