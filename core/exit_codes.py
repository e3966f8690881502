"""What a command gives back to the shell."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import InputError, OutputError, ThroughlineError, UsageError

OK, USAGE, INPUT, SOME_FAILED, INTERRUPTED = 0, 2, 3, 4, 130


def exit_code(error: ThroughlineError) -> int:
    """What a command that failed with `error` gives back."""
    if isinstance(error, UsageError):
        return USAGE
    if isinstance(error, (InputError, OutputError)):
        return INPUT
    return 1


@contextmanager
def errors_in_a_line() -> Iterator[None]:
    """For the body of a program: what it raises of ours becomes a line for the user and the exit code that fits."""
    try:
        yield
    except ThroughlineError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(exit_code(error)) from None
