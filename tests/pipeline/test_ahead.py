import threading
from collections.abc import Iterator

import pytest

from pipeline.video.ahead import ahead


def counting(asked: list[int], fail_at: int | None = None) -> Iterator[int]:
    for number in range(10):
        if number == fail_at:
            raise ValueError("broken here")
        asked.append(number)
        yield number


@pytest.mark.parametrize("depth", [1, 2, 30])
def test_the_same_items_in_the_same_order(depth: int) -> None:
    assert list(ahead(counting([]), depth)) == list(range(10))


def test_no_more_than_its_depth_is_made_beforehand() -> None:
    asked: list[int] = []
    items = ahead(counting(asked), 3)
    assert next(items) == 0
    items.close()
    assert len(asked) <= 4


def test_an_error_comes_in_its_turn() -> None:
    items = ahead(counting([], fail_at=4))
    assert [next(items) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="broken here"):
        next(items)


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    items = ahead(counting([]))
    next(items)
    items.close()
    list(ahead(counting([])))
    assert threading.active_count() == before
