"""Mutations of texts, JSON values and claims: what a fuzzer makes of the inputs that it has.

Each mutation takes a generator of random numbers and bytes, and returns other bytes; none knows a grammar. Begin at
`mutated_text` and `mutated_claim`.
"""

import copy
import json
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...render.sandbox import wire

MAX_BYTES = 40_000
"""Length of an input at most: twice the longest program that is accepted."""

EXTREME_NUMBERS = (
    *("0", "-0", "-1", "1", "2", "1e308", "-1e308", "1e999", "1e-320", "NaN", "Infinity", "-Infinity", "0.1", "255"),
    *("4294967296", "9223372036854775808", "9" * 400, "0" * 300 + "1", "1." + "3" * 300, "1_000", "٣", "½", "¹"),
)
EXTREME_TEXTS = (
    *('""', '"\\ud800"', '"\\u0000"', '"\\u202e"', '"a"', '"' + "x" * 2000 + '"', "null", "true", "false", "[]", "{}"),
    *("[[]]", "[" * 200, '{"a":' * 200, "[0]"),
)
PIECES = (
    *("<", ">", "/", "&", ";", ":", ",", ".", "-", "+", "(", ")", "[", "]", "{", "}", '"', "'", "`", "\\", "%", "#"),
    *("\n", "\r", "\t", " ", "\x00", "\x1b[2J", "\u202e", "\ufeff", "e", "E", "é", "中", "🙂", "e\u0301", "\u2028"),
    *("```", "~~~", "<think>", "</think>", "<answer>", "</answer>", "\\boxed{", "\\frac{", "$", "**", "url(#", "-->"),
)
EXTREME_DOUBLES = (0.0, -0.0, 1e308, -1e308, 1e-320, float("inf"), float("-inf"), float("nan"), 1.0, -1.0, 1e9)

Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]
"""Makes another input: random numbers, an input, and all inputs, for what is taken over from them."""


def mutated_text(rng: random.Random, text: bytes, corpus: Sequence[bytes]) -> bytes:
    """Return `text` with one to eight mutations drawn with `rng`, where it is JSON half of them of its values."""
    for _ in range(1 << rng.randrange(4)):
        if rng.random() < 0.5 and text[:1] in b"[{" and (value := _decoded(text)) is not None:
            text = _encoded(mutated_value(rng, value))
        else:
            text = rng.choice(_TEXT_MUTATIONS)(rng, text, corpus)
    return text[:MAX_BYTES]


def mutated_claim(rng: random.Random, claim: bytes, corpus: Sequence[bytes]) -> bytes:
    """Return a packed `claim` with mutations of its JSON, of its payload or of its bytes, drawn with `rng`."""
    kind = rng.random()
    parts = _claim_parts(claim)
    if kind < 0.1 or parts is None:
        return mutated_text(rng, claim, corpus)
    body, payload = parts
    if kind < 0.75:
        value = _decoded(body)
        for _ in range(1 << rng.randrange(4)):
            value = mutated_value(rng, value)
        body = _encoded(value)
    if kind > 0.5:
        payload = _mutated_payload(rng, payload)
    return wire.HEADER.pack(len(body), len(payload)) + body + payload


def mutated_value(rng: random.Random, value: Any) -> Any:
    """Return the JSON `value` with one part of it replaced, taken out, doubled, or exchanged for another part."""
    value = copy.deepcopy(value)
    holders = [part for part in _parts(value) if isinstance(part, list | dict) and part]
    if not holders:
        return _extreme_value(rng)
    holder = rng.choice(holders)
    key = rng.randrange(len(holder)) if isinstance(holder, list) else rng.choice(sorted(holder))
    kind = rng.randrange(5)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder[key:key] = copy.deepcopy(holder[key : key + 1]) * (1 << rng.randrange(8))
    elif kind == 2:
        holder[key] = copy.deepcopy(rng.choice(_parts(value)))
    elif kind == 3 and isinstance(holder[key], int | float) and abs(holder[key]) < 1e300:
        holder[key] = holder[key] * rng.choice((-1, 0, 2, 10, 1e6, 1e-6)) + rng.choice((0, 1, -1, 0.5))
    else:
        holder[key] = _extreme_value(rng)
    return value


def _parts(value: Any) -> list[Any]:
    """List `value` and what lies within it, to a depth and a number that are enough for seeds."""
    parts, level = [value], [value]
    while level and len(parts) < 2000:
        level = [
            part
            for holder in level
            if isinstance(holder, list | dict)
            for part in (holder.values() if isinstance(holder, dict) else holder)
        ]
        parts += level
    return parts


def _extreme_value(rng: random.Random) -> Any:
    choices: tuple[Any, ...] = (
        *(None, True, False, 0, -1, 1e308, -1e308, float("nan"), float("inf"), 10**400, 2**63, 1e-320),
        *("", "x" * 1000, "\ud800", "\x00", "\x1b[31m", [], {}, [[]], [[[0] * 4] * 4] * 4, {"a": {"b": {}}}),
    )
    return copy.deepcopy(rng.choice(choices))


def _decoded(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _encoded(value: Any) -> bytes:
    try:
        return json.dumps(value).encode()
    except (ValueError, RecursionError):
        # A number of more digits than Python writes, or lists too deep.
        return b"[]"


def _claim_parts(claim: bytes) -> tuple[bytes, bytes] | None:
    if len(claim) < wire.HEADER.size:
        return None
    body_size, _ = wire.HEADER.unpack_from(claim)
    return claim[wire.HEADER.size : wire.HEADER.size + body_size], claim[wire.HEADER.size + body_size :]


def _mutated_payload(rng: random.Random, payload: bytes) -> bytes:
    if not payload:
        return bytes(rng.randrange(64))
    kind, place = rng.randrange(4), rng.randrange(len(payload))
    if kind == 0:
        return payload[:place]
    if kind == 1:
        return payload + payload[place:]
    changed_payload = bytearray(payload)
    for _ in range(1 << rng.randrange(5)):
        place = rng.randrange(len(changed_payload))
        if kind == 2:
            changed_payload[place] = rng.randrange(256)
        else:
            # Numbers begin at multiples of their size.
            start = place // 8 * 8
            changed_payload[start : start + 8] = struct.pack("<d", rng.choice(EXTREME_DOUBLES))
    return bytes(changed_payload[: len(payload)])


# --- mutations of texts --------------------------------------------------------------------------------------------


def _span(rng: random.Random, text: bytes) -> tuple[int, int]:
    """Draw the place of a part of `text`, mostly a short one."""
    start = rng.randrange(len(text) + 1)
    return start, min(len(text), start + int(rng.expovariate(0.1)) + 1)


def _dropped(rng: random.Random, text: bytes, corpus: Sequence[bytes]) -> bytes:
    start, end = _span(rng, text)
    return text[:start] + text[end:]


def _repeated(rng: random.Random, text: bytes, corpus: Sequence[bytes]) -> bytes:
    start, end = _span(rng, text)
    return text[:start] + text[start:end] * (1 << rng.randrange(12)) + text[end:]


def _with_piece(rng: random.Random, text: bytes, corpus: Sequence[bytes]) -> bytes:
    start, end = _span(rng, text)
    piece = rng.choice(rng.choice((PIECES, EXTREME_NUMBERS, EXTREME_TEXTS))).encode("utf-8", "surrogatepass")
    return text[:start] + piece * (1 << rng.randrange(4)) + text[rng.choice((start, end)) :]


def _with_bytes(rng: random.Random, text: bytes, corpus: Sequence[bytes]) -> bytes:
    changed_text = bytearray(text or b" ")
    for _ in range(1 << rng.randrange(4)):
        changed_text[rng.randrange(len(changed_text))] = rng.randrange(256)
    return bytes(changed_text)


def _with_another_number(rng: random.Random, text: bytes, corpus: Sequence[bytes]) -> bytes:
    digits = [place for place, byte in enumerate(text) if 48 <= byte <= 57]
    if not digits:
        return text
    start = end = rng.choice(digits)
    while end < len(text) and text[end] in b"0123456789.eE":
        end += 1
    return text[:start] + rng.choice(EXTREME_NUMBERS).encode() + text[end:]


def _crossed(rng: random.Random, text: bytes, corpus: Sequence[bytes]) -> bytes:
    other_text = rng.choice(corpus)
    return text[: rng.randrange(len(text) + 1)] + other_text[rng.randrange(len(other_text) + 1) :]


def _exchanged(rng: random.Random, text: bytes, corpus: Sequence[bytes]) -> bytes:
    (start, end), other_text = _span(rng, text), rng.choice(corpus)
    other_start, other_end = _span(rng, other_text)
    return text[:start] + other_text[other_start:other_end] + text[end:]


_TEXT_MUTATIONS: tuple[Mutation, ...] = (
    *(_dropped, _repeated, _with_piece, _with_bytes),
    *(_with_another_number, _crossed, _exchanged),
)


@dataclass(frozen=True)
class Target:
    """A function under test."""

    name: str
    inputs: Sequence[bytes]
    """Good ones, to begin with."""
    run: Callable[[bytes], str]
    """Returns the outcome in a word or two, few different ones in all."""
    declared_errors: tuple[type[Exception], ...] = ()
    mutate: Mutation = mutated_text
