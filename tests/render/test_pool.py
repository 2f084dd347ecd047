"""The worker pool: its outcomes, what holds a worker, and what becomes of killed, stopped and greedy ones."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from zoo import ZOO, svg

from zerosight.render import InfrastructureError, Rejected, RenderedSvg, RenderPool, SvgLimits, rasterise, resolve_svg
from zerosight.render.sandbox import wire
from zerosight.render.sandbox.launch import ENVIRONMENT
from zerosight.render.sandbox.service import checked
from zerosight.render.svg.pool import rendered

GOOD = ZOO["shapes"]
LOOSE = SvgLimits(max_crossings=10**9, max_bytes=10**6)
TANGLE = svg(
    '<path d="M0 0' + "".join(f"L{(37 * i * i) % 64} {(23 * i * i + 5 * i) % 64}" for i in range(2800)) + 'Z"/>'
)
"""Under `LOOSE`, a drawing that keeps GEOS busy for many seconds inside a single call."""


@pytest.fixture(scope="module")
def pool() -> Iterator[RenderPool]:
    with RenderPool(workers=2) as made:
        yield made


@pytest.fixture
def worker(pool: RenderPool) -> Path:
    pool.render([GOOD])
    return Path(f"/proc/{pool.pids[0]}")


def same(outcome: object, program: str) -> bool:
    expected = resolve_svg(program)
    if isinstance(expected, Rejected):
        return outcome == expected
    assert isinstance(outcome, RenderedSvg), outcome
    return outcome.scene == expected and np.array_equal(outcome.picture.array, rasterise(expected).array)


def wait_until(holds, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.01)
    return False


def running(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


# --- outcomes


def test_outcomes_come_in_order_and_equal_those_in_process(pool: RenderPool) -> None:
    programs = [*ZOO.values(), "<svg>", svg("<image/>"), " ", "\ud800", "x" * 30_000] * 3
    for outcome, program in zip(pool.render(programs), programs, strict=True):
        assert same(outcome, program)


def test_no_programs_give_no_outcomes(pool: RenderPool) -> None:
    assert pool.render([]) == []


def test_size_is_the_pictures_width(pool: RenderPool) -> None:
    (outcome,) = pool.render([ZOO["wide"]], size=100)
    assert isinstance(outcome, RenderedSvg)
    assert outcome.picture.array.shape == (50, 100, 3)


def test_no_workers_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        RenderPool(workers=0)


# --- what holds a worker


@pytest.mark.sandbox
def test_worker_has_no_environment_but_the_fixed_one(worker: Path) -> None:
    # The C library ends each of its settings with a zero where a colon was.
    said = (worker / "environ").read_bytes().decode().replace("\0", ":")
    # Bubblewrap says where it stands.
    assert set(said.split(":")) - {"", "PWD=/"} == set(":".join(f"{k}={v}" for k, v in ENVIRONMENT.items()).split(":"))


@pytest.mark.sandbox
def test_worker_stands_in_the_root_folder(worker: Path) -> None:
    assert os.readlink(worker / "cwd") == "/"


@pytest.mark.sandbox
def test_worker_inherits_only_its_pipes(worker: Path, tmp_path: Path) -> None:
    with open(tmp_path / "secret", "w"):
        found = {number: os.readlink(worker / "fd" / number) for number in os.listdir(worker / "fd")}
    assert set(found) == {"0", "1", "2"}
    assert found["0"].startswith("pipe:") and found["1"].startswith("pipe:") and found["2"] == "/dev/null"


@pytest.mark.sandbox
def test_worker_can_gain_no_privileges(worker: Path) -> None:
    assert "NoNewPrivs:\t1" in (worker / "status").read_text()


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("Max file size", 0),
        ("Max core file size", 0),
        ("Max open files", 32),
        ("Max processes", 0),
        ("Max address space", 1 << 40),
    ],
)
def test_worker_is_limited(worker: Path, name: str, most: int) -> None:
    (line,) = [line for line in (worker / "limits").read_text().splitlines() if line.startswith(name)]
    soft, hard = line[len(name) :].split()[:2]
    assert int(soft) <= most and int(hard) <= most


@pytest.mark.sandbox
def test_workers_die_with_their_parent() -> None:
    code = (
        "import os\nfrom zerosight.render import RenderPool\npool = RenderPool()\n"
        "pool.render(['<svg/>'])\nprint(pool.pids[0], flush=True)\nos.kill(os.getpid(), 9)"
    )
    parent = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert parent.returncode == -signal.SIGKILL
    assert wait_until(lambda: not running(int(parent.stdout)))


# --- greedy programs are the programs' fault


@pytest.mark.sandbox
def test_endless_work_is_rejected_and_the_rest_goes_on() -> None:
    with RenderPool(limits=LOOSE, timeout_s=2.0, cpu_s=0.3) as pool:
        before, greedy, after = pool.render([GOOD, TANGLE, GOOD])
    assert isinstance(greedy, Rejected), greedy
    assert (greedy.code, "processor time" in greedy.reason or "memory" in greedy.reason) == ("resources", True)
    assert same(before, GOOD) and same(after, GOOD)


@pytest.mark.sandbox
def test_memory_beyond_the_limit_is_rejected_and_the_rest_goes_on() -> None:
    with RenderPool(memory_mb=64) as pool:
        (greedy,) = pool.render([GOOD], size=8_000)
        (after,) = pool.render([GOOD])
    assert isinstance(greedy, Rejected), greedy
    assert (greedy.code, "memory" in greedy.reason) == ("resources", True)
    assert same(after, GOOD)


# --- broken workers are ours


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_worker_lost_in_mid_batch_is_replaced(number: signal.Signals) -> None:
    programs = [ZOO[name] for name in sorted(ZOO)] * 20
    outcomes: list[object] = []
    with RenderPool(timeout_s=2.0) as pool:
        pool.render([GOOD])
        (first,) = pool.pids
        thread = threading.Thread(target=lambda: outcomes.extend(pool.render(programs)))
        thread.start()
        time.sleep(0.1)
        os.kill(first, number)
        thread.join(60)
        assert not thread.is_alive()
        assert pool.pids != [first]
    assert len(outcomes) == len(programs)
    assert all(same(outcome, program) for outcome, program in zip(outcomes, programs, strict=True))


def test_worker_killed_between_batches_is_replaced() -> None:
    with RenderPool() as pool:
        pool.render([GOOD])
        os.kill(pool.pids[0], signal.SIGKILL)
        assert same(pool.render([GOOD])[0], GOOD)


def test_workers_that_never_start_are_an_infrastructure_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerosight.render.sandbox.paths.sys.executable", "/bin/false")
    with RenderPool() as pool:
        found = pool.render([GOOD, svg("<image/>")])
    assert [type(outcome) for outcome in found] == [InfrastructureError] * 2
    assert "does not start" in str(found[0])


def test_closing_leaves_no_process_and_no_descriptor() -> None:
    before = set(os.listdir("/proc/self/fd"))
    with RenderPool(workers=2) as pool:
        pool.render([GOOD] * 4)
        pids = pool.pids
    assert len(pids) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert set(os.listdir("/proc/self/fd")) <= before


# --- the protocol


def test_message_survives_packing() -> None:
    packed = wire.pack({"a": [1, "é"]}, b"xyz")
    assert wire.sizes(packed[: wire.HEADER.size]) == (len(packed) - wire.HEADER.size - 3, 3)


def test_message_too_large_to_be_honest_is_refused() -> None:
    with pytest.raises(wire.WireError, match="not one of ours"):
        wire.sizes(wire.HEADER.pack(2**31, 0))


NOTHING: dict[str, object] = {
    "canvas": [8, 8, "#ffffff"],
    "objects": [],
    "gradients": {},
    "visible": [],
    "counts": [[], []],
}


def test_honest_reply_is_believed() -> None:
    outcome = checked(NOTHING | {"shape": [1, 1, 3]}, b"abc", rendered)
    assert isinstance(outcome, RenderedSvg) and outcome.picture.array.tolist() == [[[97, 98, 99]]]


@pytest.mark.parametrize(
    ("message", "payload"),
    [
        ([], b""),
        ({}, b""),
        (NOTHING | {"shape": [1, 1, 3]}, b"ab"),
        (NOTHING | {"shape": [2, 2, 3]}, b"abc"),
        (NOTHING | {"shape": [-1, -1, 3]}, b"abc"),
        (NOTHING | {"shape": [1, 3, 1]}, b"abc"),
        (NOTHING | {"shape": [0, 0, 3]}, b""),
        (NOTHING | {"shape": "xyz"}, b"abc"),
        (NOTHING | {"shape": [1, 1, 3], "canvas": 7}, b"abc"),
        (NOTHING | {"shape": [1, 1, 3], "objects": [[0]]}, b"abc"),
        (NOTHING | {"shape": [1, 1, 3], "counts": [[1], [3]]}, b"xyzabc"),
        ({"shape": [1, 1, 3]}, b"abc"),
        ({"rejected": {}}, b""),
        ({"rejected": 7}, b""),
    ],
)
def test_dishonest_reply_is_not_believed(message: object, payload: bytes) -> None:
    with pytest.raises(wire.WireError):
        checked(message, payload, rendered)
