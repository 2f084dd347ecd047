"""One process for each run directory, and a run that is ended by a signal."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from zerosight.train.config import RunConfig
from zerosight.train.loop import Terminated
from zerosight.train.runs.lock import NAME, RunLock, RunLockedError, running_owner
from zerosight.train.runs.report import write_report
from zerosight.train.runs.store import Run, RunError, newest_checkpoint
from zerosight.train.session import _ended_by_signals

HOLD = """
import sys, time
from pathlib import Path
from zerosight.train.runs.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", RunConfig(steps=5))


def holder(folder: Path, seconds: float = 60.0) -> subprocess.Popen[str]:
    """Another process that has the lock by the time this returns."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_and_told_of_the_first(run: Run) -> None:
    process = holder(run.folder)
    try:
        with pytest.raises(RunLockedError, match=rf"is being run by process {process.pid} on \S+ .*kill {process.pid}"):
            run.locked().__enter__()
        owner = running_owner(run.folder)
        assert owner is not None
        assert owner.pid == process.pid
        with pytest.raises(RunError, match=rf"no checkpoint yet; process {process.pid} .* is at it"):
            newest_checkpoint(run.folder)
        page = write_report(run).read_text()
        assert f"It is running, as process {process.pid}" in page
        assert "evolve --resume" not in page
    finally:
        process.kill()
        process.communicate()


def test_the_lock_of_a_killed_process_is_taken_over_with_a_word(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    process = holder(run.folder)
    process.kill()
    process.communicate()
    assert running_owner(run.folder) is None
    assert "evolve --resume" in write_report(run).read_text()
    with run.locked():
        [warning] = [record.getMessage() for record in caplog.records]
        assert f"process {process.pid} on " in warning
        assert "ended without finishing; its lock is taken over" in warning
        assert json.loads((run.folder / NAME).read_text())["pid"] == os.getpid()
    with run.locked():
        assert len(caplog.records) == 1, "a lock that was given back is taken without a word"


def test_one_that_ended_gives_the_lock_back(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    process = holder(run.folder, 0.0)
    process.communicate()
    with run.locked():
        assert not caplog.records
    assert (run.folder / NAME).read_text() == ""


def test_a_process_is_refused_what_it_has_itself(run: Run) -> None:
    with run.locked():
        assert running_owner(run.folder) is not None
        with pytest.raises(RunLockedError, match="earlier in this process"):
            RunLock(run.folder / ".." / run.folder.name).__enter__()
        # Reading the lock's file has not given the lock away.
        assert running_owner(run.folder) is not None
        command = [sys.executable, "-c", HOLD, str(run.folder), "0"]
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
        assert refused.returncode != 0
        assert "RunLockedError" in refused.stderr
    assert running_owner(run.folder) is None


@pytest.mark.parametrize("text", ["", "garbage", "[]", '{"pid": "x"}', "\x00" * 100])
def test_a_lock_whose_text_cannot_be_read_is_taken(text: str, run: Run) -> None:
    (run.folder / NAME).write_text(text)
    assert running_owner(run.folder) is None
    with run.locked():
        assert json.loads((run.folder / NAME).read_text())["pid"] == os.getpid()


class Stopping:
    """Stands for an evolution: notes what ended it."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def terminate(self, number: int) -> None:
        self.numbers.append(number)
        if len(self.numbers) == 1:
            raise Terminated("stopped after step 2", number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_a_run_as_sigterm_does(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    evolution: Any = Stopping()
    with pytest.raises(Terminated, match="after step 2") as caught, _ended_by_signals(evolution):
        os.kill(os.getpid(), number)
        time.sleep(1.0)
    assert caught.value.signal_number == number
    assert evolution.numbers == [number]
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_ends_the_process_at_once() -> None:
    evolution: Any = Stopping()
    evolution.numbers.append(0)
    with pytest.raises(KeyboardInterrupt), _ended_by_signals(evolution):
        os.kill(os.getpid(), signal.SIGINT)
        # The first was noted, and the work goes on to the end of its step.
        assert evolution.numbers == [0, signal.SIGINT]
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1.0)
