"""What a command gives back to the shell."""

from core.errors import InputError, OutputError, ThroughlineError, UsageError

OK, USAGE, INPUT, SOME_FAILED, INTERRUPTED = 0, 2, 3, 4, 130


def exit_code(error: ThroughlineError) -> int:
    """What a command that failed with `error` gives back."""
    if isinstance(error, UsageError):
        return USAGE
    if isinstance(error, (InputError, OutputError)):
        return INPUT
    return 1
