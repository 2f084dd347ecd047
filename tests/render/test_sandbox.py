"""The sandbox: one escape attempt per test, run as code by a process confined like a worker."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from zerosight.render import InfrastructureError, RenderedSvg, RenderPool
from zerosight.render.sandbox import filters
from zerosight.render.sandbox import layers as sandbox
from zerosight.render.sandbox.launch import confinement, start
from zerosight.render.sandbox.layers import LAYERS, SandboxError, demand, offered

pytestmark = [pytest.mark.sandbox]

ALL = offered()
GUARD = """
import json, sys, os, ctypes, socket, signal, mmap, threading
from zerosight.render.sandbox.confine import confine
confine(json.loads(sys.stdin.buffer.readline()))
try:
    {attempt}
    said = "done"
except BaseException as error:
    said = type(error).__name__
os.write(1, said.encode())
"""


def attempt(code: str, layers: tuple[str, ...]) -> str:
    """What became of the code inside: `done`, the name of what it raised, or `killed`."""
    script = GUARD.format(attempt=textwrap.indent(textwrap.dedent(code).strip(), "    ").lstrip())
    confined = start([sys.executable, "-I", "-c", script], layers)
    settings = json.dumps({"memory_mb": 256} | confinement(layers)).encode() + b"\n"
    try:
        said, _ = confined.process.communicate(settings, timeout=20)
    except subprocess.TimeoutExpired:
        return "hangs"
    finally:
        confined.kill()
    return said.decode() or "killed"


def need(*layers: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not set(layers) <= set(ALL), reason=f"this machine does not offer all of {layers}")


CALL = "import ctypes\nif ctypes.CDLL(None).syscall({}) < 0: raise PermissionError"
"""A system call by number (x86-64), where Python offers no function."""

FILES = {
    "read a secret in the home folder": "open({secret!r}).read()",
    "list the home folder": "os.listdir({folder!r})",
    "read the account list": "open('/etc/passwd').read()",
    "read its parent's environment": "open(f'/proc/{{os.getppid()}}/environ').read()",
    "read its own memory map": "open('/proc/self/maps').read()",
    "write a file": "open({folder!r} + '/made', 'w').write('x')",
    "write to the temporary folder": "open('/tmp' + '/made', 'w').write('x')",
    "make a folder": "os.mkdir({folder!r} + '/made')",
    "make a link": "os.symlink('/etc/passwd', {folder!r} + '/made')",
    "make a pipe": "os.mkfifo({folder!r} + '/made')",
    "remove a file": "os.remove({secret!r})",
    "rename a file": "os.rename({secret!r}, {secret!r} + '2')",
}
CALLS = {
    "fork": "os.fork()",
    "start a thread": "t = threading.Thread(target=print); t.start(); t.join()",
    "run a program": "os.execv('/bin/true', ['true'])",
    "open a TCP socket": "socket.socket()",
    "open a UDP socket": "socket.socket(type=socket.SOCK_DGRAM)",
    "open a local socket": "socket.socket(socket.AF_UNIX)",
    "open a kernel socket": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "open a socket pair": "socket.socketpair()",
    "look a name up": "socket.getaddrinfo('example.com', 80)",
    "kill its parent": "os.kill(os.getppid(), signal.SIGTERM)",
    "signal everyone": "os.kill(-1, 0)",
    "trace its parent": CALL.format("101, 16, os.getppid(), 0, 0"),
    "read another's memory": CALL.format("310, os.getppid(), 0, 0, 0, 0, 0"),
    "keep code in anonymous memory": "os.memfd_create('x')",
    "make a user namespace": CALL.format("272, 0x10000000"),
    "mount": CALL.format("165, b'none', b'/tmp', b'tmpfs', 0, 0"),
    "change root": "os.chroot('/tmp')",
    "load a kernel program": CALL.format("321, 0, 0, 0"),
    "use io_uring": CALL.format("425, 8, 0"),
    "read the kernel's keys": CALL.format("250, 0, -3, 0"),
    "raise its limits": "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
    "change its user": "os.setuid(12345)",
}
GREED = {
    "touch all memory": "x = bytearray(1 << 30)",
    "map all memory": "mmap.mmap(-1, 1 << 30)",
    "open many files": "kept = [open(os.devnull) for _ in range(64)]",
}


@need("landlock", "seccomp", "namespaces")
@pytest.mark.parametrize("name", FILES)
def test_no_file_is_within_reach(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    assert attempt(FILES[name].format(secret=str(secret), folder=str(tmp_path)), ALL) not in ("done", "hangs")
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


@need("landlock")
@pytest.mark.parametrize("name", FILES)
def test_landlock_alone_keeps_files_out_of_reach(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    found = attempt(FILES[name].format(secret=str(secret), folder=str(tmp_path)), ("limits", "landlock"))
    assert found == "PermissionError"
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


@need("namespaces")
@pytest.mark.parametrize("name", [name for name in FILES if "its own" not in name and "temporary" not in name])
def test_namespaces_alone_keep_files_out_of_reach(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    found = attempt(FILES[name].format(secret=str(secret), folder=str(tmp_path)), ("limits", "namespaces"))
    assert found not in ("done", "hangs")
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


@need("landlock", "seccomp", "namespaces")
@pytest.mark.parametrize("name", CALLS)
def test_no_way_out_through_the_kernel(name: str) -> None:
    assert attempt(CALLS[name], ALL) not in ("done", "hangs")


@need("seccomp")
@pytest.mark.parametrize("name", CALLS)
def test_seccomp_alone_closes_the_kernel(name: str) -> None:
    assert attempt(CALLS[name], ("limits", "seccomp")) not in ("done", "hangs")


@pytest.mark.parametrize("name", GREED)
def test_limits_alone_bound_what_is_used(name: str) -> None:
    assert attempt(GREED[name], ("limits",)) not in ("done", "hangs")


def test_harmless_code_runs_under_every_layer() -> None:
    assert attempt("import colorsys, decimal; sorted(range(1000)); open(decimal.__file__).read(1)", ALL) == "done"


@pytest.mark.parametrize("layers", [("limits",), *(("limits", layer) for layer in LAYERS[1:]), LAYERS])
def test_programs_are_drawn_alike_under_any_layers(layers: tuple[str, ...]) -> None:
    if not set(layers) <= set(ALL):
        pytest.skip(f"this machine does not offer all of {layers}")
    program = '<svg viewBox="0 0 64 64"><circle cx="20" cy="30" r="9" fill="red"/></svg>'
    with RenderPool(layers=layers) as pool, RenderPool(layers=("limits",)) as plain:
        (found,), (expected,) = pool.render([program]), plain.render([program])
    assert isinstance(found, RenderedSvg) and isinstance(expected, RenderedSvg)
    assert found.scene == expected.scene
    assert found.picture.array.tobytes() == expected.picture.array.tobytes()


@need("namespaces")
def test_the_worker_sees_no_network_and_no_other_process() -> None:
    with RenderPool() as pool:
        pool.render(["<svg/>"])
        root = Path(f"/proc/{pool.pids[0]}")
        assert root.joinpath("net/dev").read_text().count(":") == 1
        namespaces = {name: (root / "ns" / name).readlink() for name in ("net", "pid", "mnt", "ipc", "user", "uts")}
    assert all(link != Path(f"/proc/self/ns/{name}").readlink() for name, link in namespaces.items())


@need("seccomp")
def test_the_worker_is_filtered_and_has_no_capabilities() -> None:
    with RenderPool() as pool:
        pool.render(["<svg/>"])
        lines = Path(f"/proc/{pool.pids[0]}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
    if "namespaces" in ALL:
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0


# --- what a machine does not offer


def test_a_demand_that_cannot_be_met_says_what_would_bring_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerosight.render.sandbox.layers.shutil.which", lambda name: None)
    sandbox.layers.cache_clear()
    try:
        with pytest.raises(SandboxError, match="apt-get install bubblewrap"):
            demand(("limits", "namespaces"))
        demand(("limits",))
        assert "namespaces" not in offered()
        with RenderPool() as pool:
            assert isinstance(pool.render(['<svg viewBox="0 0 8 8"><circle r="3"/></svg>'])[0], RenderedSvg)
    finally:
        sandbox.layers.cache_clear()


def test_a_bubblewrap_that_vanishes_is_an_infrastructure_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerosight.render.sandbox.layers.shutil.which", lambda name: None)
    with RenderPool(layers=("limits", "namespaces")) as pool:
        (found,) = pool.render(["<svg/>"])
    assert isinstance(found, InfrastructureError) and "bubblewrap" in str(found)


def test_without_libseccomp_the_layer_is_missing_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    filters.syscall_filter.cache_clear()
    sandbox.layers.cache_clear()
    try:
        (layer,) = (layer for layer in sandbox.layers() if layer.name == "seccomp")
        assert not layer.holds and "libseccomp2" in layer.detail
    finally:
        filters.syscall_filter.cache_clear()
        sandbox.layers.cache_clear()


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20


def test_many_programs_leave_nothing_behind() -> None:
    programs = [
        f'<svg viewBox="0 0 64 64"><circle cx="{8 + i % 48}" cy="{8 + i % 31}" r="{4 + i % 5}" fill="red"/></svg>'
        for i in range(1000)
    ]
    with RenderPool() as pool:
        pool.render(programs)
        (pid,) = pool.pids
        before, open_before = resident_mb(pid), sorted(os.listdir("/proc/self/fd"))
        for _ in range(3):
            assert all(isinstance(outcome, RenderedSvg) for outcome in pool.render(programs))
        assert pool.pids == [pid]
        assert resident_mb(pid) < before + 8
        assert len(os.listdir(f"/proc/{pid}/fd")) == 3
        assert len(os.listdir("/proc/self/fd")) == len(open_before)
    assert not Path(f"/proc/{pid}").exists()
