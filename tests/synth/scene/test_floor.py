import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UsageError
from synth.scene.floor import Floor, FloorConfig
from synth.scene.furniture import Block

WALLS = (
    Block(-0.2, -0.2, 8.2, 0.0, 3), Block(-0.2, 6.0, 8.2, 6.2, 3), Block(-0.2, 0.0, 0.0, 6.0, 3),
    Block(8.0, 0.0, 8.2, 6.0, 3), Block(3.0, 2.0, 5.0, 4.0, 1),
)  # fmt: skip
CONFIG = FloorConfig()


def gap(point: np.ndarray, block: Block) -> float:
    dx = max(block.x0 - point[0], point[0] - block.x1, 0.0)
    dy = max(block.y0 - point[1], point[1] - block.y1, 0.0)
    return float(np.hypot(dx, dy))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_ways_keep_clear_of_blocks_and_end_where_asked(seed: int) -> None:
    way = Floor(WALLS, (), CONFIG).way((1.0, 3.0), (7.0, 3.0), np.random.default_rng(seed))
    assert way[0].tolist() == [1.0, 3.0]
    assert way[-1].tolist() == [7.0, 3.0]
    assert min(gap(point, block) for point in way for block in WALLS) > CONFIG.clearance_m - 0.13
    assert np.hypot(*np.diff(way, axis=0).T).max() < 0.06


def test_different_chance_gives_different_ways() -> None:
    floor = Floor(WALLS, (), CONFIG)
    above = {bool(floor.way((1.0, 3.0), (7.0, 3.0), np.random.default_rng(seed))[:, 1].max() > 4) for seed in range(12)}
    assert above == {True, False}


def test_no_way_is_an_error() -> None:
    closed = (*WALLS, Block(5.5, 0.0, 5.7, 6.0, 1))
    with pytest.raises(UsageError, match="no way"):
        Floor(closed, (), CONFIG).way((1.0, 3.0), (7.0, 3.0), np.random.default_rng(0))


def test_clearance_agrees_with_the_distance_to_the_nearest_block() -> None:
    points = np.random.default_rng(1).uniform((0.1, 0.1), (7.9, 5.9), (200, 2))
    expected = [min(gap(point, block) for block in WALLS) for point in points]
    assert np.abs(Floor(WALLS, (), CONFIG).clearance_m(points) - expected).max() < 0.13
