"""A child sees only its own program: no neighbour's text or picture, no list of jobs, no pipe of another."""

import numpy as np
import pytest

from zerosight.render import FigurePool, Picture, Rejected
from zerosight.render.chart.draw import DrawnChart
from zerosight.render.edit import Edit, EditPool
from zerosight.render.sandbox.layers import offered

pytestmark = [pytest.mark.sandbox, pytest.mark.skipif(len(offered()) < 4, reason=f"only {offered()} are offered here")]

SECRET = "a_neighbours_own_words"
NEIGHBOUR = f"import matplotlib.pyplot as plt\nplt.bar(['{SECRET}'], [3])"
SEARCHES = {
    "walk the frames": """
import sys
f, texts = sys._getframe(), []
while f:
    texts += [repr(v) for v in f.f_locals.values()] + [repr(v) for v in f.f_globals.values()]
    f = f.f_back
""",
    "walk all objects": """
import gc
texts = [repr(o) for o in gc.get_objects() if isinstance(o, (str, bytes, list, tuple, dict))]
""",
    "walk the worker's objects": """
import gc, sys
seen, todo = set(), [vars(m) for m in list(sys.modules.values()) if 'zerosight' in getattr(m, '__name__', '')]
todo += [sys.modules['__main__'].__dict__, sys._getframe(1).f_locals, sys._getframe(2).f_locals]
texts = []
while todo and len(seen) < 200000:
    o = todo.pop()
    if id(o) in seen: continue
    seen.add(id(o))
    if isinstance(o, memoryview): o = bytes(o)
    if isinstance(o, (str, bytes, bytearray)): texts.append(repr(o))
    else: todo += gc.get_referents(o)
""",
    "read the descriptors": """
import os
texts = ['one that is always there']
for fd in range(256):
    if fd != 3:
        try:
            os.set_blocking(fd, False)
            texts.append(repr(os.read(fd, 1 << 20)))
        except OSError: pass
""",
    "read the memory around": """
import ctypes
texts, step = [], 4096
base = id(object()) & ~(step - 1)
libc = ctypes.CDLL(None, use_errno=True)
for k in range(-6000, 6000):
    page = base + k * step
    # The kernel says of an address that nothing is there where a program would die of it.
    if libc.access(ctypes.c_void_p(page), 0) < 0 and ctypes.get_errno() != 14:
        texts.append(repr(ctypes.string_at(page, step)))
""",
}
REPORT = """
found = [t for t in texts if %r[::-1] in t]
raise ValueError(f"{len(found)} of {len(texts) > 0}")
"""


@pytest.mark.parametrize("name", SEARCHES)
def test_no_search_finds_a_neighbours_program(name: str) -> None:
    # Written backwards, so that it does not find itself.
    spy = "import matplotlib\n" + SEARCHES[name] + REPORT % SECRET[::-1]
    with FigurePool(cpu_s=8.0) as pool:
        before, spied, after = pool.run([NEIGHBOUR, spy, NEIGHBOUR], 64)
    assert isinstance(before, DrawnChart) and isinstance(after, DrawnChart)
    assert isinstance(spied, Rejected) and "ValueError: 0 of True" in spied.reason, spied


def test_the_searches_find_what_is_there() -> None:
    own = f"import matplotlib\nmine = {SECRET!r}\n" + SEARCHES["walk the frames"] + REPORT % SECRET[::-1]
    with FigurePool() as pool:
        (outcome,) = pool.run([own], 64)
    assert (
        isinstance(outcome, Rejected) and "ValueError: 0 of True" not in outcome.reason and "of True" in outcome.reason
    )


def test_a_neighbours_picture_is_not_in_reach() -> None:
    secret = np.full((8, 8, 3), 77, np.uint8)
    spy = (
        "import gc\ndef edit(image):\n    texts = [o for o in gc.get_objects() if isinstance(o, (list, tuple, dict))]\n"
        "    blobs = [b for o in texts for b in (o.values() if isinstance(o, dict) else o) if isinstance(b, bytes)]\n"
        "    raise ValueError(sum(bytes([77]) * 64 in b for b in blobs))"
    )
    plain = "def edit(image):\n    return image"
    with EditPool() as pool:
        first, spied, last = pool.run([Edit(plain, secret, {}), Edit(spy, secret // 2, {}), Edit(plain, secret, {})])
    assert isinstance(first, Picture) and isinstance(last, Picture)
    assert isinstance(spied, Rejected) and spied.reason.endswith("ValueError: 0")


def test_a_job_of_any_length_is_taken_whole() -> None:
    sizes = (1, 300, 1024)
    edits = [Edit("def edit(image):\n    return image", np.full((n, n, 3), n % 251, np.uint8), {}) for n in sizes * 4]
    with EditPool() as pool:
        for edit, outcome in zip(edits, pool.run(edits), strict=True):
            assert isinstance(outcome, Picture) and np.array_equal(outcome.array, edit.image)
