"""The messages between parent and worker: two lengths, JSON, then raw bytes; nothing is ever unpickled.

Imports nothing of the package. Begin with `pack` and `read`.
"""

import contextlib
import fcntl
import json
import os
import struct
from collections.abc import Sequence
from typing import Any

HEADER = struct.Struct("<II")
"""Bytes of JSON, bytes of payload."""
MAX_JSON = 32 * 1024 * 1024
MAX_PAYLOAD = 64 * 1024 * 1024
PIPE_BYTES = 1 << 20
"""Bytes that a pipe may be asked to hold without privileges."""


class WireError(OSError):
    """The other side is gone or does not keep to the protocol."""


def pack(message: Any, payload: bytes = b"") -> bytes:
    """Return `message` and `payload` as bytes."""
    body = json.dumps(message).encode()
    return HEADER.pack(len(body), len(payload)) + body + payload


def parts(message: Any, payload: bytes | memoryview = b"") -> list[memoryview]:
    """Return `message` and `payload` as bytes in parts, the payload's not copied."""
    body = json.dumps(message).encode()
    return [memoryview(HEADER.pack(len(body), len(payload)) + body), memoryview(payload)]


def write(descriptor: int, unsent_parts: Sequence[memoryview]) -> list[memoryview]:
    """Write as many bytes of `unsent_parts` as `descriptor` takes in one call; return the rest."""
    written_bytes = os.writev(descriptor, unsent_parts)
    rest_parts = []
    for part in unsent_parts:
        part_bytes = min(written_bytes, len(part))
        written_bytes -= part_bytes
        if part_bytes < len(part):
            rest_parts.append(part[part_bytes:])
    return rest_parts


def write_all(descriptor: int, unsent_parts: Sequence[memoryview]) -> None:
    """Write all of `unsent_parts` to a blocking `descriptor`."""
    while unsent_parts:
        unsent_parts = write(descriptor, unsent_parts)


def widen(pipe: int) -> None:
    """Let `pipe` hold as much as it may, so that a picture goes through in a few calls."""
    # Refused where this user's pipes hold too much already: a narrow one does as well.
    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def sizes(header: bytes) -> tuple[int, int]:
    """Return the lengths of JSON and payload that `header` announces.

    Raises:
        WireError: they are larger than any honest message.
    """
    body_size, payload_size = HEADER.unpack(header)
    if body_size > MAX_JSON or payload_size > MAX_PAYLOAD:
        raise WireError(f"a message of {body_size} + {payload_size} bytes is not one of ours")
    return body_size, payload_size


def read_exactly(descriptor: int, count: int) -> bytes:
    """Read `count` bytes from a blocking `descriptor` and not one more; fewer at its end."""
    chunks, missing_bytes = [], count
    while missing_bytes:
        # No more at a time than a pipe holds: room for all of it would be made anew at each call.
        chunk = os.read(descriptor, min(missing_bytes, PIPE_BYTES))
        if not chunk:
            break
        chunks.append(chunk)
        missing_bytes -= len(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def read_sizes(descriptor: int) -> tuple[int, int] | None:
    """Read the lengths of the next message from a blocking `descriptor`; None at its end."""
    header = read_exactly(descriptor, HEADER.size)
    return sizes(header) if len(header) == HEADER.size else None


def read(descriptor: int) -> tuple[bytes, bytes] | None:
    """Read JSON, not parsed yet, and payload of the next message from a blocking `descriptor`; None at its end."""
    lengths = read_sizes(descriptor)
    return None if lengths is None else (read_exactly(descriptor, lengths[0]), read_exactly(descriptor, lengths[1]))
