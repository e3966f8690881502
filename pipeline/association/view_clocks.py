"""What overlapping views without calibration tell a user about the clocks of their cameras."""

from collections.abc import Mapping

from pipeline.association.view_map import ViewMap

NOTABLE_S = 0.3  # shifts are known to about half of that


def clock_notes(views: Mapping[tuple[str, str], ViewMap], offsets_s: Mapping[str, float]) -> list[str]:
    """One sentence for each camera whose clock is off against that on which most cameras of its floor agree.

    Where several are agreed on by as many, that of the first camera counts. views: by the ids of two cameras;
    offsets_s: what was added to a camera's times already. Of several ways from one camera to another, that over the
    maps on which most people agree counts.
    """
    notes = []
    left = sorted({name for pair in views for name in pair})
    while left:
        ahead_s = _ahead_s(left[0], views)
        reference = _agreed_on(ahead_s)
        off_s = {name: ahead - ahead_s[reference] for name, ahead in sorted(ahead_s.items())}
        notes += [
            _say(name, reference, off, offsets_s.get(name, 0.0) - off)
            for name, off in off_s.items()
            if abs(off) >= NOTABLE_S
        ]
        left = [name for name in left if name not in ahead_s]
    return notes


def _agreed_on(ahead_s: Mapping[str, float]) -> str:
    """The first camera with whose clock most others agree."""
    return max(
        sorted(ahead_s), key=lambda name: sum(abs(ahead_s[name] - other) < NOTABLE_S for other in ahead_s.values())
    )


def _say(camera: str, reference: str, off_s: float, offset_s: float) -> str:
    way = "ahead of" if off_s > 0 else "behind"
    return (
        f"camera {camera!r}: by people whom both see, its clock is about {abs(off_s):.1f} s {way} that "
        f"of {reference!r}. Association allows for it; offset_s = {offset_s:.1f} in cameras.toml corrects times too."
    )


def _ahead_s(reference: str, views: Mapping[tuple[str, str], ViewMap]) -> dict[str, float]:
    """By how much the clocks of all cameras that overlaps tie to the reference are ahead of its own."""
    ahead_s = {reference: 0.0}
    by_strength = sorted(views, key=lambda pair: (-len(views[pair].matches), pair))
    while True:
        tied = next((pair for pair in by_strength if (pair[0] in ahead_s) != (pair[1] in ahead_s)), None)
        if tied is None:
            return ahead_s
        one, other = tied
        if one in ahead_s:
            ahead_s[other] = ahead_s[one] + views[tied].shift_s
        else:
            ahead_s[one] = ahead_s[other] - views[tied].shift_s
