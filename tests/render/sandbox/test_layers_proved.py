"""A layer that is announced is proved: each is tried with an attempt at what it must refuse."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zerosight.render.sandbox import confine, layers, proof
from zerosight.render.sandbox.launch import confinement, python_command, start
from zerosight.render.sandbox.layers import LAYERS, offered

pytestmark = [pytest.mark.sandbox]

ALLOW_ALL = base64.b64encode(b"\x06\x00\x00\x00\x00\x00\xff\x7f").decode()
"""A filter of system calls that lets everything through."""


def need(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not set(names) <= set(offered()), reason=f"this machine does not offer all of {names}")


@pytest.fixture
def fresh() -> Iterator[None]:
    layers.layers.cache_clear()
    yield
    layers.layers.cache_clear()


def layer(name: str) -> layers.Layer:
    return layers.layers()[LAYERS.index(name)]


@need("namespaces")
@pytest.mark.parametrize(
    ("body", "word"),
    [
        ('while [ "$1" != "--remount-ro" ]; do shift; done; shift 2; exec "$@"', "namespaces: net, pid"),
        ("exit 0", "exit status 0"),
        ("exit 7", "exit status 7"),
        ("echo no room >&2; exit 1", "no room"),
        ("echo '[1]'", "says something else"),
    ],
)
def test_a_bubblewrap_that_separates_nothing_is_not_announced(
    body: str, word: str, fresh: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "bwrap"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    monkeypatch.setattr(layers.shutil, "which", lambda name: str(script))
    found = layer("namespaces")
    assert not found.holds and word in found.detail
    assert "namespaces" not in offered()


@need("seccomp")
def test_a_filter_that_lets_everything_through_is_not_announced(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "confinement", lambda names: confinement(["landlock"]) | {"seccomp": ALLOW_ALL})
    found = layer("seccomp")
    assert not found.holds and "open a socket" in found.detail and "signals" in found.detail
    assert layer("limits").holds


@need("landlock")
def test_a_landlock_that_lets_everything_be_read_is_not_announced(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "confinement", lambda names: confinement(names) | {"landlock": ["/"]})
    found = layer("landlock")
    assert not found.holds and "read a file" in found.detail


def test_limits_that_limit_nothing_are_not_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    class Idle(confine.Confinement):
        def limit(self, mapped_bytes: int) -> None:
            return

    module = type(confine)("confine")
    module.Confinement = Idle  # type: ignore[attr-defined]
    monkeypatch.setattr(proof, "_confine_module", lambda: module)
    assert "fork a process" in proof.put_to_proof("limits", {"landlock": None, "seccomp": None})


ATTEMPT = """
import ctypes, fcntl, json, os, resource, signal, socket, sys
from zerosight.render.sandbox.confine import confine
confine(json.loads(sys.stdin.buffer.readline()))
try:
    {code}
    said = "done"
except BaseException as error:
    said = type(error).__name__
os.write(1, said.encode())
"""


def attempt(code: str, chosen: tuple[str, ...]) -> str:
    """What became of `code` under the `chosen` layers: `done`, the name of what it raised, or `killed`."""
    confined = start(python_command("-c", ATTEMPT.format(code=code)), chosen)
    settings = json.dumps({"memory_mb": 256} | confinement(chosen)).encode() + b"\n"
    try:
        said, _ = confined.process.communicate(settings, timeout=30)
    finally:
        confined.kill()
    return said.decode() or "killed"


FORKS = {
    "fork": "os.fork()",
    "forkpty": "os.forkpty()",
    "clone": "assert ctypes.CDLL(None).syscall(56, 17, 0, 0, 0, 0) >= 0",
    "vfork": "os.posix_spawn('/bin/true', ['true'], {{}})",
    "a call of x32": "assert ctypes.CDLL(None).syscall(0x40000000 + 57) >= 0",
    "a thread": "import threading; t = threading.Thread(target=print); t.start()",
}


@pytest.mark.parametrize("name", FORKS)
def test_limits_alone_stop_every_new_process_as_root_too(name: str) -> None:
    assert attempt(FORKS[name].replace("{{}}", "{}"), ("limits",)) not in ("done", "killed")


SIGNALS = {
    "name a process": "fcntl.fcntl(1, fcntl.F_SETOWN, {pid})",
    "name it by its kind": "fcntl.fcntl(1, 15, (0).to_bytes(4, 'little') + ({pid}).to_bytes(4, 'little'))",
    "choose a signal": "fcntl.fcntl(1, 10, signal.SIGKILL)",
    "ask for signals": "fcntl.fcntl(1, fcntl.F_SETFL, os.O_WRONLY | os.O_ASYNC)",
    "ask for signals in high bits": "assert ctypes.CDLL(None).syscall(72, 1, 4, (1 << 40) | 0o20001) >= 0",
    "name a process in high bits": "assert ctypes.CDLL(None).syscall(72, 1, (1 << 40) | 8, {pid}) >= 0",
    "ask by ioctl": "fcntl.ioctl(1, 0x5452, (1).to_bytes(4, 'little'))",
    "name a process by ioctl": "fcntl.ioctl(1, 0x8901, ({pid}).to_bytes(4, 'little'))",
    "lease a file": "fcntl.fcntl(os.open(os.devnull, 0), 1024, 0)",
    "lock a file": "fcntl.lockf(os.open(os.__file__, 0), fcntl.LOCK_SH)",
    "kill": "os.kill({pid}, signal.SIGKILL)",
}


@need("seccomp")
@pytest.mark.parametrize("name", SIGNALS)
def test_no_descriptor_sends_a_signal(name: str) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        said = attempt(SIGNALS[name].format(pid=other.pid), ("limits", "seccomp"))
        assert said not in ("done", "killed")
        assert other.poll() is None
        other.communicate(b"\n")


@need("seccomp")
@pytest.mark.parametrize(
    "code",
    [
        "fcntl.fcntl(1, fcntl.F_SETFL, os.O_WRONLY | os.O_NONBLOCK)",
        "fcntl.fcntl(1, fcntl.F_SETFD, 1)",
        "os.dup(1)",
        "fcntl.fcntl(1, fcntl.F_GETFL)",
    ],
)
def test_what_drawing_asks_of_descriptors_is_allowed(code: str) -> None:
    assert attempt(code, ("limits", "seccomp")) == "done"


def test_proofs_take_a_moment_only() -> None:
    order = json.dumps({"layers": ["limits"], "settings": {"landlock": None, "seccomp": None}})
    command = python_command("-S", str(Path(proof.__file__)), order)
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd="/", env={})
    assert json.loads(done.stdout) == {"limits": ""}
