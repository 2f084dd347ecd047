"""What parent and worker say to each other: a length, JSON, then raw bytes; nothing is ever unpickled."""

import contextlib
import fcntl
import json
import os
import struct
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

HEADER = struct.Struct("<II")
"""Bytes of JSON, bytes of payload."""
MAX_JSON = 32 * 1024 * 1024
MAX_PAYLOAD = 64 * 1024 * 1024
PIPE_BYTES = 1 << 20
"""What a pipe may be asked to hold without privileges."""


class WireError(OSError):
    """The other side is gone or does not keep to the protocol."""


def pack(message: Any, payload: bytes = b"") -> bytes:
    """A message as bytes."""
    body = json.dumps(message).encode()
    return HEADER.pack(len(body), len(payload)) + body + payload


def parts(message: Any, payload: bytes | memoryview = b"") -> list[memoryview]:
    """A message as bytes in parts, the payload's not copied."""
    body = json.dumps(message).encode()
    return [memoryview(HEADER.pack(len(body), len(payload)) + body), memoryview(payload)]


def write(descriptor: int, left: Sequence[memoryview]) -> list[memoryview]:
    """Write what the descriptor takes in one call; what is left then."""
    done = os.writev(descriptor, left)
    kept = []
    for part in left:
        taken = min(done, len(part))
        done -= taken
        if taken < len(part):
            kept.append(part[taken:])
    return kept


def widen(pipe: int) -> None:
    """Let a pipe hold as much as it may, so that a picture goes through in a few calls."""
    # Refused where this user's pipes hold too much already: a narrow one does as well.
    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def sizes(header: bytes) -> tuple[int, int]:
    """Lengths in a header.

    Raises:
        WireError: they are larger than any honest message.
    """
    body, payload = HEADER.unpack(header)
    if body > MAX_JSON or payload > MAX_PAYLOAD:
        raise WireError(f"a message of {body} + {payload} bytes is not one of ours")
    return body, payload


def unpack(packed: bytes) -> tuple[Any, bytes]:
    """The one message that these bytes are.

    Raises:
        ValueError: they are not exactly one.
    """
    body, payload = HEADER.unpack(packed[: HEADER.size].ljust(HEADER.size, b"\xff"))
    if len(packed) != HEADER.size + body + payload:
        raise ValueError(f"{len(packed)} bytes are not a message of {body} + {payload}")
    return json.loads(packed[HEADER.size : HEADER.size + body]), packed[HEADER.size + body :]


def read(stream: BinaryIO) -> tuple[Any, bytes] | None:
    """The next message of a blocking stream, None at its end."""
    found = _unread(stream)
    return None if found is None else (json.loads(found[0]), found[1])


def batches(stream: BinaryIO) -> Iterator[list[tuple[bytes, bytes]]]:
    """The batches of jobs that a worker is sent, until the stream ends; each job's JSON is left to be read.

    All of a batch is taken before its first reply, or both sides could wait for the other to read.
    """
    while (batch := read(stream)) is not None:
        jobs = [_unread(stream) for _ in range(batch[0]["jobs"])]
        yield [job for job in jobs if job is not None]


def _unread(stream: BinaryIO) -> tuple[bytes, bytes] | None:
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    body, payload = sizes(header)
    return stream.read(body), stream.read(payload)
