"""Errors that a user can mend, and the hint at the name that was meant; every folder may import this.

The command line prints a `UserError` in one line and exits with 2: its text names what was given, what is allowed and
how to go on.
"""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """What the user can mend; its text says how."""

    exit_status: int = 2
    """The status that the command line exits with."""


def did_you_mean(given: object, allowed: Iterable[str], cutoff: float = 0.5) -> str:
    """Suggest the name of `allowed` that `given` is closest to, as a phrase to append; "" where none is close.

    Args:
        given: what the user or a model wrote.
        allowed: the names that would have been right.
        cutoff: likeness from 0 to 1 under which nothing is suggested.

    >>> did_you_mean("colour", ["color", "size"])
    "did you mean 'color'?"
    >>> did_you_mean("x", ["color", "size"])
    ''
    """
    close = difflib.get_close_matches(str(given), list(allowed), n=1, cutoff=cutoff)
    return f"did you mean {close[0]!r}?" if close else ""
