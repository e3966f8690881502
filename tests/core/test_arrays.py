import numpy as np
import pytest

from core.arrays import frozen
from core.errors import ShapeError


def test_no_rows_keep_their_width() -> None:
    assert frozen("vectors", np.zeros((0, 256)), (None, None), np.float32).shape == (0, 256)
    assert frozen("boxes", [], (None, 4), np.float32).shape == (0, 4)


def test_a_copy_that_nobody_can_write_to() -> None:
    mine = np.ones((2, 4))
    kept = frozen("boxes", mine, (None, 4), np.float32)
    mine[:] = 7
    assert (kept == 1).all()
    with pytest.raises(ValueError, match="read-only"):
        kept[0, 0] = 2


@pytest.mark.parametrize("value", [np.ones((2, 3)), np.ones(4), [[np.nan, 0, 0, 0]]])
def test_what_does_not_fit_is_named(value: object) -> None:
    with pytest.raises(ShapeError, match="boxes"):
        frozen("boxes", value, (None, 4), np.float32)
