"""Claims: the bytes that a program's process writes, bounded before they are parsed.

A claim is a message as `wire` packs it: JSON and a payload. The program could have written any bytes. The parent parses
only claims whose JSON is small (a rejection, the shape of a picture); all others are parsed by the confined reader,
once their size and the number of their values are known to be within the limits of their kind.
"""

import json
from typing import Any, NamedTuple

from ..outcome import Rejected
from . import wire

SMALL_JSON = 4096
"""Bytes of JSON that the parent parses itself."""
MAX_REASON = 600
"""Characters of a rejection's reason and hint."""

NONSENSE = Rejected("no_result", "the program handed back nonsense", "return a picture, and touch nothing else")


class ClaimLimits(NamedTuple):
    """Limits of the claims of one kind of program."""

    json_bytes: int
    payload_bytes: int
    values: int = 1000
    """JSON values in all, keys among them."""

    @property
    def max_bytes(self) -> int:
        """Bytes of a whole claim."""
        return wire.HEADER.size + self.json_bytes + self.payload_bytes


def unpack_claim(packed_claim: bytes | memoryview, limits: ClaimLimits) -> tuple[Any, memoryview]:
    """Return JSON and payload of the claim `packed_claim`.

    Raises:
        ValueError: it is not one message within `limits`.
        RecursionError: it is nested too deeply.
    """
    view = memoryview(packed_claim)
    header = bytes(view[: wire.HEADER.size])
    if len(header) < wire.HEADER.size:
        raise ValueError("a claim without a header")
    body_size, payload_size = wire.HEADER.unpack(header)
    if len(view) != wire.HEADER.size + body_size + payload_size:
        raise ValueError(f"{len(view)} bytes are not a claim of {body_size} + {payload_size}")
    if body_size > limits.json_bytes or payload_size > limits.payload_bytes:
        raise ValueError(f"a claim of {body_size} + {payload_size} bytes is too large")
    body = bytes(view[wire.HEADER.size : wire.HEADER.size + body_size])
    # Every value but the first of its container follows a comma or a colon, and every container has its bracket.
    if sum(map(body.count, (b",", b":", b"[", b"{"))) > limits.values:
        raise ValueError(f"a claim of more than {limits.values} values")
    return json.loads(body), view[wire.HEADER.size + body_size :]


def small_claim(packed_claim: bytes, limits: ClaimLimits) -> tuple[Any, memoryview] | Rejected | None:
    """Return a claim whose JSON is small, or the rejection that it is or deserves; None where it is for the reader.

    Args:
        packed_claim: the claim.
        limits: of its kind.
    """
    if len(packed_claim) >= wire.HEADER.size and wire.HEADER.unpack_from(packed_claim)[0] > SMALL_JSON:
        return NONSENSE if wire.HEADER.unpack_from(packed_claim)[0] > limits.json_bytes else None
    try:
        claim, payload = unpack_claim(packed_claim, limits)
        return _modest(Rejected.from_dict(claim["rejected"])) if "rejected" in claim else (claim, payload)
    except (LookupError, TypeError, ValueError, RecursionError):
        # Written by the program: whatever is wrong with it is the program's doing, never our failure.
        return NONSENSE


def _modest(rejection: Rejected) -> Rejected:
    """Return `rejection`, which a program's process wrote, in printable characters.

    Raises:
        ValueError: its code or its words are too long.
    """
    if (
        not rejection.code.isidentifier()
        or len(rejection.code) > 20
        or len(rejection.reason + rejection.hint) > MAX_REASON
    ):
        raise ValueError("a rejection has a short code and short words")
    return Rejected(rejection.code, printable(rejection.reason), printable(rejection.hint))


def printable(text: str) -> str:
    """Return `text` with everything that a terminal could act upon, or that has no encoding, replaced.

    >>> printable("a" + chr(27) + "[2Jb")
    'a\ufffd[2Jb'
    """
    return text if text.isprintable() else "".join(char if char.isprintable() else "\ufffd" for char in text)
