"""That a process is killed from outside says nothing of the program that it was at."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from zerosight.render import Rejected
from zerosight.render.edit import Edit, EditPool
from zerosight.render.raster import Picture
from zerosight.render.sandbox.layers import offered
from zerosight.render.sandbox.service import MAX_KILLS

pytestmark = [pytest.mark.sandbox, pytest.mark.skipif(len(offered()) < 4, reason=f"only {offered()} are offered here")]

IMAGE = np.zeros((2, 2, 3), np.uint8)
SLOW = "import select\ndef edit(image):\n    select.select([], [], [], 0.3)\n    return image"


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def killed(pool: EditPool, generation: int, times: int) -> list[int]:
    """Kill the worker, the template (its child) or the program's process (its child's child) that often."""
    gone: list[int] = []
    deadline = time.monotonic() + 120
    while len(gone) < times and time.monotonic() < deadline:
        pids = pool.pids
        for _ in range(generation):
            pids = [child for pid in pids for child in children(pid)]
        for pid in pids:
            if pid not in gone:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                gone.append(pid)
        time.sleep(0.02)
    return gone


# Inside a worker a kill that meets its start looks like any failure now and then, and two of those blame the program.
@pytest.mark.parametrize(("generation", "times"), [(0, 3), (1, 1), (2, 1)], ids=["worker", "template", "program"])
def test_a_program_whose_processes_are_killed_is_drawn(generation: int, times: int) -> None:
    outcomes: list[object] = []
    with EditPool() as pool:
        pool.run([Edit("def edit(image):\n    return image", IMAGE, {})])
        thread = threading.Thread(target=lambda: outcomes.extend(pool.run([Edit(SLOW, IMAGE, {})])))
        thread.start()
        assert times <= len(killed(pool, generation, times)) < MAX_KILLS
        thread.join(60)
    assert [type(outcome) for outcome in outcomes] == [Picture], outcomes


def test_a_program_that_closes_its_pipe_and_lives_on_is_rejected() -> None:
    program = "import os, select\ndef edit(image):\n    os.close(3)\n    select.select([], [], [], 60)"
    with EditPool() as pool:
        (outcome,) = pool.run([Edit(program, IMAGE, {})])
    assert isinstance(outcome, Rejected) and outcome.code == "no_result"


def test_a_program_that_kills_its_own_process_is_rejected_where_nothing_else_keeps_it_from_that() -> None:
    program = "import os\ndef edit(image):\n    os.kill(os.getpid(), 9)"
    with EditPool(layers=("limits",)) as pool:
        (outcome,) = pool.run([Edit(program, IMAGE, {})])
    assert isinstance(outcome, Rejected)
