"""A program can only fail as a program: whatever it draws, hands back or waits for is rejected with a reason."""

from collections.abc import Iterator

import pytest

from zerosight.render import FigurePool, Rejected
from zerosight.render.chart.draw import DrawnChart
from zerosight.render.sandbox.layers import offered

pytestmark = [pytest.mark.sandbox, pytest.mark.skipif(len(offered()) < 4, reason=f"only {offered()} are offered here")]

HEAD = "import matplotlib.pyplot as plt, numpy as np\n"
GOOD = HEAD + "plt.plot([1, 2, 3])"
SAY = """
import os, struct, matplotlib
def say(body, payload=b""):
    whole = memoryview(struct.pack("<II", len(body), len(payload)) + body + payload)
    while whole:
        whole = whole[os.write(3, whole):]
    os._exit(0)
"""
FRAME = b'{"width":72.0,"height":72.0,"vertices":0,"styles":[],"items":[]}'


@pytest.fixture(scope="module")
def pool() -> Iterator[FigurePool]:
    with FigurePool(wall_s=3.0, cpu_s=1.0) as made:
        made.run([GOOD], 64)
        yield made


DRAWN = {
    "an empty frame": "fig, ax = plt.subplots(); ax.axis('off'); ax.plot([np.nan], [np.nan], clip_on=False)",
    "a spirograph": "t = np.arange(5000) * 3.1; plt.fill(np.cos(t), np.sin(t))",
    "two spirographs": "t = np.arange(4000) * 2.7\nfor k in 1, 2: plt.fill(k * np.cos(t), np.sin(t) - k)",
    "noise": "plt.plot(np.random.default_rng(0).normal(size=6000))",
    "a filled walk": "x = np.random.default_rng(0).normal(size=(2, 4000)).cumsum(1); plt.fill(*x)",
    "nothing but infinities": "plt.plot([np.inf, -np.inf], [np.nan, 1])",
    "an axis without a range": "plt.plot([5, 5], [3, 3]); plt.xlim(5, 5 + 1e-300)",
    "huge values": "plt.bar(['a', 'b'], [1e308, -1e308])",
    "a figure without axes": "plt.figure()",
    "a thousand panels": "plt.subplots(20, 50)",
}


@pytest.mark.parametrize("name", DRAWN)
def test_an_honest_chart_is_drawn_or_rejected(name: str, pool: FigurePool) -> None:
    (outcome,) = pool.run([HEAD + DRAWN[name]], 64)
    assert isinstance(outcome, Rejected | DrawnChart), outcome
    assert isinstance(outcome, DrawnChart) or outcome.reason


CLAIMED = {
    "an infinite number of vertices": FRAME.replace(b'"vertices":0', b'"vertices":1e999'),
    "a number of vertices that is no number": FRAME.replace(b'"vertices":0', b'"vertices":NaN'),
    "fewer than no vertices": FRAME.replace(b'"vertices":0', b'"vertices":-1'),
    "more vertices than numbers have digits": FRAME.replace(b'"vertices":0', b'"vertices":' + b"9" * 3000),
    "an infinite size": FRAME.replace(b'"width":72.0', b'"width":1e999'),
    "a size of text": FRAME.replace(b'"width":72.0', b'"width":"72"'),
    "a size of nothing": FRAME.replace(b'"height":72.0', b'"height":null'),
    "items that are none": FRAME.replace(b'"items":[]', b'"items":[[]]'),
    "items of an infinite place": FRAME.replace(
        b'"items":[]', b'"items":[["text",1e999,1,"a",9,0,0,0,[0,0,0,0],null]]'
    ),
    "styles of a number": FRAME.replace(b'"styles":[]', b'"styles":7'),
    "a list": b"[]",
    "a text": b'"x"',
    "nothing": b"null",
    "an infinity": b"1e999",
    "a rejection of a number": b'{"rejected":7}',
    "a rejection of infinities": b'{"rejected":{"code":1e999,"reason":1e999,"hint":1e999}}',
    "our failure": b'{"failed":"no"}',
    "bytes that are no text": b"\xff\xfe\x00",
    "half a text": b'{"width":"\\ud800"}',
}


@pytest.mark.parametrize("name", CLAIMED)
def test_a_forged_claim_is_rejected(name: str, pool: FigurePool) -> None:
    pids = pool.pids
    (outcome,) = pool.run([SAY + f"say({CLAIMED[name]!r})"], 64)
    assert isinstance(outcome, Rejected), outcome
    assert pool.pids == pids


WAITING = {
    "sleeps until the wall clock and then spins": "import select; select.select([], [], [], 2.6)\nwhile True: pass",
    "spins and then sleeps": "for i in range(10**6): pass\nimport select; select.select([], [], [], 60)",
    "sleeps and wakes": "import select\nwhile True: select.select([], [], [], 0.001)",
    "sleeps by the clock": "import time\ntime.sleep(1000)\nwhile True: pass",
    "waits for the time": "import time\nend = time.time() + 60\nwhile time.time() < end: pass\nplt.plot([1, 2])",
    "waits for a signal": "import signal; signal.pause()",
    "waits for itself": "import threading; l = threading.Lock(); l.acquire(); l.acquire()",
    "stops": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "ignores the signals": "import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n"
    "    except OSError: pass\nwhile True: pass",
    "writes and waits": "import os, select\nos.write(3, b'x'); select.select([], [], [], 60)",
    "writes half of a claim": "import os, struct\nos.write(3, struct.pack('<II', 10, 0) + b'{}'); os._exit(0)",
    "writes for ever": "import os\nwhile True: os.write(3, bytes(65536))",
}


@pytest.mark.parametrize("name", WAITING)
def test_whatever_it_waits_for_it_is_drawn_or_rejected(name: str, pool: FigurePool) -> None:
    (outcome,) = pool.run([HEAD + WAITING[name]], 64)
    assert isinstance(outcome, Rejected | DrawnChart), outcome
    assert isinstance(outcome, DrawnChart) == (name == "waits for the time")
    assert isinstance(pool.run([GOOD], 64)[0], DrawnChart)


def test_a_rejection_holds_nothing_that_a_terminal_acts_upon(pool: FigurePool) -> None:
    texts = ["\x1b]52;c;cm0=\x07\x1b[2J", "\ud800", "\u202egnp.exe", "a\x00b", "\x9b31m"]
    for outcome in pool.run([f"import matplotlib\nraise SystemError({text!r})" for text in texts], 64):
        assert isinstance(outcome, Rejected) and outcome.reason.isprintable()
        outcome.reason.encode()
