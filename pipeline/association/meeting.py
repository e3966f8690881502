"""Who was seen at the same time, found along the axis of time."""

from collections.abc import Mapping, Sequence


def meeting(spans_s: Mapping[int, tuple[float, float]], cameras: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of rows of different cameras whose spans meet.

    spans_s: first and last instant of each row; cameras (N,): of all rows. Time grows with the pairs found, and with
    those of one camera that meet.
    """
    pairs: list[tuple[int, int]] = []
    open_rows: list[int] = []
    for row in sorted(spans_s, key=lambda row: (spans_s[row][0], row)):
        start = spans_s[row][0]
        open_rows = [other for other in open_rows if spans_s[other][1] >= start]
        pairs += [(other, row) for other in open_rows if cameras[other] != cameras[row]]
        open_rows.append(row)
    return pairs
