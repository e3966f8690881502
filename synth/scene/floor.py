"""The floor as a grid: where a body fits, and short smooth ways round what stands on it."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from core.errors import UsageError
from synth.scene.furniture import Block, Spot

_CELL_M = 0.1
_STEP_M = 0.05  # spacing of the points of a way
_NEIGHBOURS = ((1, 0), (0, 1), (1, 1), (1, -1))


@dataclass(frozen=True)
class FloorConfig:
    """How much room a body needs and how ways are drawn, metres."""

    clearance_m: float = 0.32  # least distance of a body's centre from any block
    shy_m: float = 0.75  # closer than this to blocks, walking is less pleasant
    smoothing_m: float = 0.35
    wander: float = 0.5  # how unevenly a person values floor: 0 gives everybody the same shortest way


class Floor:
    """Ways over the free floor of a place."""

    def __init__(self, blocks: tuple[Block, ...], spots: tuple[Spot, ...], config: FloorConfig) -> None:
        self._config = config
        self._origin = np.array([min(b.x0 for b in blocks), min(b.y0 for b in blocks)])
        far = np.array([max(b.x1 for b in blocks), max(b.y1 for b in blocks)])
        nx, ny = np.ceil((far - self._origin) / _CELL_M).astype(int)
        free = np.ones((nx, ny), dtype=np.uint8)
        for b in blocks:
            low = np.floor((np.array([b.x0, b.y0]) - self._origin) / _CELL_M + 0.5).astype(int)
            high = np.ceil((np.array([b.x1, b.y1]) - self._origin) / _CELL_M - 0.5).astype(int)
            free[max(0, low[0]) : max(0, high[0]), max(0, low[1]) : max(0, high[1])] = 0
        self.distance_m = cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) * _CELL_M
        self._price = self._pleasantness(spots)

    def _pleasantness(self, spots: tuple[Spot, ...]) -> np.ndarray:
        """Cost of each cell per metre: more beside blocks, and around spots where people stand."""
        near = np.clip(1 - self.distance_m / self._config.shy_m, 0, 1)
        price = 1 + 4 * near**2
        at = self._centres()
        for spot in spots:
            gap = np.hypot(at[..., 0] - spot.approach_m[0], at[..., 1] - spot.approach_m[1])
            price += 3 * np.exp(-((gap / 0.45) ** 2))
        return price

    def _centres(self) -> np.ndarray:
        nx, ny = self.distance_m.shape
        i, j = np.meshgrid(np.arange(nx), np.arange(ny), indexing="ij")
        return self._origin + (np.stack([i, j], axis=-1) + 0.5) * _CELL_M

    def clearance_m(self, points_m: np.ndarray) -> np.ndarray:
        """Distance from each point (N, 2) to the nearest block, to within half a grid cell; 0 outside the place."""
        cells = self._cells(points_m)
        inside = np.all((cells >= 0) & (cells < self.distance_m.shape), axis=1)
        clipped = np.clip(cells, 0, np.array(self.distance_m.shape) - 1)
        return np.where(inside, self.distance_m[clipped[:, 0], clipped[:, 1]], 0.0)

    def _cells(self, points_m: np.ndarray) -> np.ndarray:
        return np.floor((np.asarray(points_m, dtype=np.float64) - self._origin) / _CELL_M).astype(int)

    def way(self, start_m: tuple[float, float], goal_m: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
        """Points (N, 2) every 5 cm from start to goal that keep clear of blocks; every draw of `rng` differs a little.

        Dijkstra on the grid with random local prices, then Gaussian smoothing as far as the clearance allows.
        UsageError where no way exists.
        """
        price = self._price * np.exp(self._config.wander * _smooth_noise(rng, self._price.shape))
        walkable = self.distance_m >= self._config.clearance_m
        cells = self._search(walkable, price, self._cells(np.array([start_m, goal_m])))
        points = np.vstack([start_m, self._centres()[cells[1:-1, 0], cells[1:-1, 1]], goal_m])
        points = _resample(points)
        for sigma_m in (self._config.smoothing_m, self._config.smoothing_m / 2, self._config.smoothing_m / 4):
            smooth = _resample(_smoothed(points, sigma_m / _STEP_M))
            if self.clearance_m(smooth).min() >= self._config.clearance_m - 0.06:
                return smooth
        return points

    def _search(self, walkable: np.ndarray, price: np.ndarray, ends: np.ndarray) -> np.ndarray:
        nx, ny = walkable.shape
        number = np.arange(nx * ny).reshape(nx, ny)
        rows, columns, costs = [], [], []
        for dx, dy in _NEIGHBOURS:
            here = (slice(0, nx - dx), slice(max(0, -dy), ny - max(0, dy)))
            there = (slice(dx, nx), slice(max(0, dy), ny + min(0, dy)))
            both = walkable[here] & walkable[there]
            rows.append(number[here][both])
            columns.append(number[there][both])
            costs.append(np.hypot(dx, dy) * _CELL_M * (price[here][both] + price[there][both]) / 2)
        ends = np.clip(ends, 0, np.array(walkable.shape) - 1)
        start, goal = (int(number[tuple(cell)]) for cell in ends)
        graph = csr_matrix(
            (np.concatenate(costs), (np.concatenate(rows), np.concatenate(columns))), shape=(nx * ny, nx * ny)
        )
        _, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
        path = [goal]
        while path[-1] != start:
            previous = int(before[path[-1]])
            if previous < 0:
                raise UsageError(
                    f"no way over the floor from cell {ends[0].tolist()} to {ends[1].tolist()}: try another --seed"
                )
            path.append(previous)
        return np.stack(np.unravel_index(path[::-1], (nx, ny)), axis=1)


def _smooth_noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Noise over the floor that changes within about 1.5 m."""
    coarse = rng.standard_normal((shape[0] // 15 + 2, shape[1] // 15 + 2)).astype(np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC).astype(np.float64)


def _resample(points_m: np.ndarray) -> np.ndarray:
    steps = np.hypot(*np.diff(points_m, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    count = max(2, round(along[-1] / _STEP_M) + 1)
    at = np.linspace(0, along[-1], count)
    return np.column_stack([np.interp(at, along, points_m[:, k]) for k in range(2)])


def _smoothed(points_m: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian smoothing that keeps both ends: the line between them is taken out, reflected, and put back."""
    line = np.linspace(points_m[0], points_m[-1], len(points_m))
    bend = points_m - line
    padded = np.concatenate([-bend[:0:-1], bend, -bend[-2::-1]])
    middle = gaussian_filter1d(padded, sigma, axis=0)[len(bend) - 1 : 2 * len(bend) - 1]
    return line + middle
