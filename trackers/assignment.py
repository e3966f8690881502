"""Tracks to detections at the least total cost, where some pairs are out of the question."""

import lap
import numpy as np

FORBIDDEN = np.inf  # the cost of a pair that must not be


def assign(cost: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (rows (K,), columns (K,)) of a cost matrix (N, M), ascending by row.

    Each row and column is used at most once. A pair is made only where its cost is below `limit`, and leaving a row
    and a column alone costs `limit` together, so the sum of (cost - limit) over the pairs is the least possible.
    Jonker and Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment problems", 1987.

    Most people have one candidate who has no other: those pairs are taken at once, and only what is left in doubt is
    solved. The result is the same, since the cost never ties such a pair to anything else.
    """
    possible = cost < limit
    choices = np.count_nonzero(possible, axis=1)
    rows = np.flatnonzero(choices)
    if not len(rows):
        return rows, rows.copy()
    suitors = np.count_nonzero(possible, axis=0)
    best = possible[rows].argmax(axis=1)
    plain = (choices[rows] == 1) & (suitors[best] == 1)
    if plain.all():
        return rows, best
    open_rows = rows[~plain]
    free = suitors > 0
    free[best[plain]] = False
    open_columns = np.flatnonzero(free)
    part = cost[np.ix_(open_rows, open_columns)]
    part = np.where(part < limit, part, 2 * abs(limit) + 1.0).astype(np.float64)
    _, column_of, _ = lap.lapjv(part, extend_cost=True, cost_limit=limit)
    made = column_of >= 0
    made[made] = part[np.flatnonzero(made), column_of[made]] < limit
    all_rows = np.concatenate([rows[plain], open_rows[made]])
    all_columns = np.concatenate([best[plain], open_columns[column_of[made]]])
    order = np.argsort(all_rows, kind="stable")
    return all_rows[order], all_columns[order]


class Rounds:
    """Assignment in rounds: who finds a partner in one takes no part in the next."""

    def __init__(self, tracks: int, detections: int) -> None:
        self.free_rows = np.ones(tracks, bool)
        self.free_columns = np.ones(detections, bool)
        self._made: list[tuple[np.ndarray, np.ndarray]] = []

    def match(self, cost: np.ndarray, rows: np.ndarray, columns: np.ndarray, limit: float) -> None:
        """Pair those of the masks `rows` (N,) and `columns` (M,) that are still free, by the whole cost (N, M)."""
        rows = np.flatnonzero(rows & self.free_rows)
        columns = np.flatnonzero(columns & self.free_columns)
        if len(rows) and len(columns):
            chosen_rows, chosen_columns = assign(cost[np.ix_(rows, columns)], limit)
            self.take(rows[chosen_rows], columns[chosen_columns])

    def take(self, rows: np.ndarray, columns: np.ndarray) -> None:
        """Note pairs made in another way."""
        self.free_rows[rows] = False
        self.free_columns[columns] = False
        self._made.append((rows, columns))

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """All pairs of all rounds: rows (K,) and columns (K,)."""
        if not self._made:
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        return np.concatenate([rows for rows, _ in self._made]), np.concatenate([columns for _, columns in self._made])
