"""What long use, full disks and ordinary users come to."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from zerosight.render import InfrastructureError, Rejected, RenderedSvg, RenderPool
from zerosight.render.edit import Edit, EditPool
from zerosight.render.raster import Picture
from zerosight.render.sandbox import launch, layers
from zerosight.render.sandbox.pool import WorkerPool

IMAGE = np.random.default_rng(2).integers(0, 256, (32, 32, 3), dtype=np.uint8)
TURN = "def edit(image, turns):\n    return image.rotate(90 * turns)"
SPACE = "No space left on device"


def circle(index: int) -> str:
    place = f'cx="{8 + index % 48}" cy="{8 + index % 31}" r="{4 + index % 5}"'
    return f'<svg viewBox="0 0 64 64"><circle {place} fill="#{index % 4096:03x}"/></svg>'


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def children(pid: int) -> set[str]:
    """Of every thread of a process; zombies among them."""
    return {child for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()}


def open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def shared_files() -> set[str]:
    """In shared memory, but for those of Python's own `multiprocessing`: tests beside this one make them, we do not."""
    return {name for name in os.listdir("/dev/shm") if not name.startswith(("psm_", "sem.mp-"))}


class Traces:
    """What a pool's use leaves behind, from now on."""

    def __init__(self, pool: WorkerPool, own_folder: Path) -> None:
        self.pool, self.folder, self.pids = pool, own_folder, pool.pids
        everyone = [os.getpid(), *self.pids]
        self.open = {pid: open_files(pid) for pid in everyone}
        self.resident = {pid: resident_mb(pid) for pid in everyone}
        self.children = {pid: children(pid) for pid in everyone}
        self.shared = shared_files()

    def check(self) -> None:
        assert self.pool.pids == self.pids
        assert {pid: open_files(pid) for pid in self.open} == self.open
        assert {pid: children(pid) for pid in self.open} == self.children
        grown = {pid: resident_mb(pid) - before for pid, before in self.resident.items()}
        assert max(grown.values()) < 12, grown
        assert list(self.folder.iterdir()) == [] and shared_files() <= self.shared


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files, empty and ours alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path


# --- many programs


@pytest.mark.slow
def test_three_thousand_drawings_leave_nothing_behind(folder: Path) -> None:
    with RenderPool() as pool:
        pool.render([circle(i) for i in range(500)])
        traces = Traces(pool, folder)
        for start in range(0, 3_000, 1000):
            outcomes = pool.render([circle(i) for i in range(start, start + 1000)], 16)
            assert all(isinstance(outcome, RenderedSvg) for outcome in outcomes)
        traces.check()


@pytest.mark.slow
def test_a_thousand_python_programs_leave_nothing_behind(folder: Path) -> None:
    with EditPool() as pool:
        pool.run([Edit(TURN, IMAGE, {"turns": 1})] * 100)
        traces = Traces(pool, folder)
        for start in range(0, 1000, 250):
            outcomes = pool.run([Edit(TURN, IMAGE, {"turns": i}) for i in range(start, start + 250)])
            for i, outcome in enumerate(outcomes, start):
                assert isinstance(outcome, Picture) and np.array_equal(outcome.array, np.rot90(IMAGE, i))
        traces.check()


# --- killed from outside


def test_edits_outlive_a_killed_worker_and_keep_their_order() -> None:
    edits = [Edit(TURN, IMAGE, {"turns": turns}) for turns in range(150)]
    outcomes: list[object] = []
    with EditPool(workers=2) as pool:
        pool.run(edits[:4])
        before = pool.pids
        thread = threading.Thread(target=lambda: outcomes.extend(pool.run(edits)))
        thread.start()
        time.sleep(0.15)
        os.kill(before[0], 9)
        thread.join(60)
        assert not thread.is_alive()
        assert pool.pids[0] != before[0] and pool.pids[1] == before[1]
    for turns, outcome in enumerate(outcomes):
        assert isinstance(outcome, Picture) and np.array_equal(outcome.array, np.rot90(IMAGE, turns))
    assert len(outcomes) == len(edits)


# --- full disks


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EMFILE, errno.ENOMEM])
def test_a_machine_without_room_is_an_infrastructure_error(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object, **settings: object) -> None:
        raise OSError(number, os.strerror(number))

    layers.layers()
    monkeypatch.setattr(launch.subprocess, "Popen", full)
    for found in (RenderPool().render([circle(1)]), EditPool().run([Edit(TURN, IMAGE, {"turns": 1})])):
        (outcome,) = found
        assert isinstance(outcome, InfrastructureError)
        assert "cannot be started" in str(outcome) and os.strerror(number) in str(outcome)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of its own, with no byte left."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", tmp_path], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        with pytest.raises(OSError, match=SPACE), open(tmp_path / "filler", "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        yield tmp_path
    finally:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


def in_process(code: str, python: Sequence[str] = (sys.executable,), **environment: str) -> str:
    """What a script of its own says; bytecode stays unwritten."""
    done = subprocess.run(
        [*python, "-B", "-c", code], capture_output=True, text=True, timeout=120, env=environment, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


BOTH = """
import numpy as np
from zerosight.render import RenderPool
from zerosight.render.edit import Edit, EditPool
from zerosight.render.sandbox.layers import offered
program = "def edit(image):\\n    return open({secret!r}).read() if {secret!r} else image"
with RenderPool() as svg, EditPool() as edits:
    drawn, = svg.render(['<svg viewBox="0 0 8 8"><circle r="3"/></svg>'])
    edited, = edits.run([Edit(program, np.zeros((4, 4, 3), np.uint8), {{}})])
print(type(drawn).__name__, type(edited).__name__, getattr(edited, "reason", ""), "seccomp" in offered())
"""


def test_a_full_disk_stops_neither_filter_nor_workers(full_disk: Path) -> None:
    said = in_process(BOTH.format(secret=""), TMPDIR=str(full_disk))
    expected = "seccomp" in layers.offered()
    assert said == f"RenderedSvg Picture  {expected}"


# --- ordinary users

AS_NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all"]


@pytest.fixture
def nobodys_python() -> Iterator[str]:
    """A Python with our packages that any user may start: the system's own, as ours may lie in root's home."""
    if os.geteuid() != 0:
        pytest.skip("the other tests run as an ordinary user already")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    system = shutil.which(version, path="/usr/bin:/usr/local/bin") or sys.executable
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        packages = root / "lib" / version / "site-packages"
        packages.mkdir(parents=True)
        (root / "bin").mkdir()
        (root / "bin" / "python").symlink_to(system)
        (root / "pyvenv.cfg").write_text(f"home = {Path(system).parent}\n")
        found = [path for path in sys.path if path.endswith("site-packages")]
        # By `addsitedir`, as an editable install of ours is itself a .pth file.
        (packages / "ours.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in found))
        root.chmod(0o755)
        python = str(root / "bin" / "python")
        # A child's child: the first program after setpriv may still be started with root's rights.
        code = f"import subprocess, zerosight.render; subprocess.run([{python!r}, '-c', ''], check=True)"
        tried = subprocess.run([*AS_NOBODY, python, "-B", "-c", code], capture_output=True, text=True, cwd="/")
        if tried.returncode:
            pytest.skip(f"an ordinary user cannot start a Python with our packages here: {tried.stderr[-300:]}")
        yield python


def test_an_ordinary_user_draws_and_reads_no_file_of_root(nobodys_python: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    secret.chmod(0o600)
    command = [*AS_NOBODY, nobodys_python]
    assert in_process(BOTH.format(secret=""), command).startswith("RenderedSvg Picture ")
    refused = in_process(BOTH.format(secret=str(secret)), command)
    assert refused.startswith("RenderedSvg Rejected line 2: ") and str(secret) in refused
    with EditPool() as pool:
        (outcome,) = pool.run([Edit(f"def edit(image):\n    return open({str(secret)!r}).read()", IMAGE, {})])
    # Root itself, the owner, does not reach it from inside.
    assert isinstance(outcome, Rejected) and "secret" in outcome.reason, outcome
