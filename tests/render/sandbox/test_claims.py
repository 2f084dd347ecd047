"""Claims are bounded before they are parsed, by whoever parses them; the parent hardly grows by them."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.render import Rejected
from zerosight.render.sandbox import wire
from zerosight.render.sandbox.claims import NONSENSE, SMALL_JSON, ClaimLimits, printable, small_claim, unpack_claim

LIMITS = ClaimLimits(10_000, 100, values=50)


def test_a_claim_within_its_limits_is_read() -> None:
    claim, payload = unpack_claim(wire.pack({"a": [1, 2]}, b"xyz"), LIMITS)
    assert claim == {"a": [1, 2]} and bytes(payload) == b"xyz"


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\x02\x00",
        wire.HEADER.pack(0, 0),
        wire.HEADER.pack(2, 0) + b"{}x",
        wire.HEADER.pack(2, 1) + b"{}",
        wire.HEADER.pack(2**32 - 1, 2**32 - 1) + b"{}",
        wire.pack({}, bytes(101)),
        wire.pack("x" * 10_000),
        wire.pack([0] * 60),
        wire.pack([[]] * 30),
        wire.pack({str(i): i for i in range(30)}),
    ],
)
def test_a_claim_beyond_its_limits_is_not_parsed(packed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(body: bytes) -> None:
        assert body == b""
        raise ValueError("nothing to parse")

    monkeypatch.setattr("zerosight.render.sandbox.claims.json.loads", parse)
    with pytest.raises(ValueError):
        unpack_claim(packed, LIMITS)


@given(st.binary(max_size=300) | st.builds(wire.pack, st.recursive(st.none() | st.text() | st.floats(), st.lists)))
def test_any_bytes_come_to_a_claim_or_a_rejection(packed: bytes) -> None:
    outcome = small_claim(packed, LIMITS)
    assert outcome is None or isinstance(outcome, Rejected | tuple)


def test_a_large_claim_is_left_to_the_reader() -> None:
    limits = ClaimLimits(10 * SMALL_JSON, 0)
    assert small_claim(wire.pack("x" * SMALL_JSON), limits) is None
    assert small_claim(wire.pack("x" * 11 * SMALL_JSON), limits) == NONSENSE


@pytest.mark.parametrize(
    "rejected",
    [
        {"code": "no code", "reason": "r", "hint": "h"},
        {"code": "c" * 21, "reason": "r", "hint": "h"},
        {"code": "c", "reason": "r" * 700, "hint": "h"},
        {"code": "c"},
        [],
        7,
        None,
    ],
)
def test_a_rejection_that_is_not_ours_is_nonsense(rejected: object) -> None:
    assert small_claim(wire.pack({"rejected": rejected}), LIMITS) == NONSENSE


@given(st.text())
def test_a_rejection_is_printable(text: str) -> None:
    assert printable(text).isprintable() and len(printable(text)) == len(text)
    assert not text.isprintable() or printable(text) == text


GROWTH = """
import resource, sys
from zerosight.render import FigurePool, Rejected
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
SAY = '''
import os, struct, matplotlib
body = {body}
payload = bytes({payload})
whole = memoryview(struct.pack("<II", len(body), len(payload)) + body + payload)
while whole: whole = whole[os.write(3, whole):]
os._exit(0)
'''
with FigurePool() as pool:
    pool.run(["import matplotlib.pyplot as plt\\nplt.plot([1, 2])"] * 8, 64)
    before = peak()
    outcomes = pool.run([SAY.format(body=sys.argv[1], payload=sys.argv[2])] * 8, 64)
    assert all(isinstance(outcome, Rejected) for outcome in outcomes), outcomes
    print(peak() - before)
"""
FORGED = {
    "lists in lists": ("b'[' + b','.join([b'[[[]]]'] * 590000) + b']'", 5_000_000),
    "lists without end": ("b'[' * 4000000", 5_000_000),
    "numbers": ("b'[' + b'1,' * 2000000 + b'1]'", 5_000_000),
    "keys": ("b'{' + b','.join(b'\"%x\":1' % i for i in range(350000)) + b'}'", 5_000_000),
    "a text": ("b'\"' + b'x' * 4000000 + b'\"'", 5_000_000),
    "beyond the limit": ("b'[' + b','.join([b'[[[]]]'] * 1370000) + b']'", 0),
}


@pytest.mark.sandbox
@pytest.mark.parametrize("name", FORGED)
def test_eight_forged_claims_let_the_parent_grow_by_less_than_50_mb(name: str) -> None:
    body, payload = FORGED[name]
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, body, str(payload)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 50
