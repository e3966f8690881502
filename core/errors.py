"""What can go wrong, in our own words. Each error inherits the builtin a caller expects."""

from typing import Any


class ThroughlineError(Exception):
    """Any error of ours. The message says what, where, expected, got and what to try."""


class UsageError(ThroughlineError, ValueError):
    """The command was asked for something that makes no sense: exit code 2."""


class SettingError(UsageError):
    """An unknown setting or a value it cannot take."""


class InputError(ThroughlineError, ValueError):
    """Nothing of the input can be used: exit code 3."""


class CameraError(ThroughlineError, RuntimeError):
    """One camera cannot be read (on); the others go on: exit code 4 at the end.

    `camera` is its id, `frame` the 0-based frame it happened at, or None.
    """

    def __init__(self, camera: str, message: str, frame: int | None = None) -> None:
        where = f"camera {camera!r}" + (f", frame {frame}" if frame is not None else "")
        super().__init__(f"{where}: {message}")
        self.camera = camera
        self.frame = frame
        self._message = message

    def __reduce__(self) -> tuple[Any, ...]:
        """What another process makes the same error of: by default only the whole sentence would be handed over."""
        return type(self), (self.camera, self._message, self.frame), self.__dict__


class WeightsError(InputError):
    """A weights file is missing, corrupt, of another task, or not the one its card names."""


class OutputError(ThroughlineError, OSError):
    """The output cannot be written: exit code 3."""


class ShapeError(ThroughlineError, ValueError):
    """An array does not have the shape, dtype or range that its type promises."""


class ConstraintError(ThroughlineError, AssertionError):
    """One identity would be twice in one frame of one camera. Never expected; checked before anything is written."""
