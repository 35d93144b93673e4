"""How commands speak to a person: progress and results to stdout, failures to stderr with an exit status."""

import sys
from typing import NoReturn

from pydantic import ValidationError

FAILED = 1
BAD_INPUT = 2
LOST_OWNERSHIP = 3


def say(message: str) -> None:
    """Print a line at once, also when stdout is a pipe."""
    print(message, flush=True)


def fail(message: str, status: int = FAILED) -> NoReturn:
    """Print what is wrong and how to mend it, and end with the status."""
    print(message, file=sys.stderr, flush=True)
    sys.exit(status)


def explain(error: ValidationError) -> str:
    """Say which HOTLINE_ variables are wrong and why."""
    lines = [
        f"HOTLINE_{'_'.join(str(part) for part in item['loc'][:1]).upper()}={item['input']!r}: {item['msg']}. Correct the variable."
        for item in error.errors()
    ]
    return "\n".join(lines)
