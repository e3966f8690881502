"""How far a camera is, as whoever works on it says to whoever shows it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far one camera is: frames done, frames its header promises, and whether it is finished."""

    camera: str
    frames: int
    expected: int
    finished: bool = False
    error: str | None = None


Report = Callable[[Progress], None]
