"""Starting a confined worker: its environment, bubblewrap around it, and the settings of the inner layers."""

import base64
import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from ..outcome import InfrastructureError
from .filters import syscall_filter
from .paths import interpreter, readable

ENVIRONMENT = {
    # A library that finds several cores starts threads, which a forked child has lost and may not start again: its
    # first large product of matrices would wait for them for ever.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # Sets and dictionaries of texts have one order in every worker, so that a program has one picture.
    "PYTHONHASHSEED": "0",
    # A child starts without a page of its own and pays for each that it touches: large blocks come in pages of 2 MB
    # where the kernel has them, and are kept for the next array. (An edit of 256 px: 1,000 faults for 2,900.)
    "GLIBC_TUNABLES": (
        "glibc.malloc.hugetlb=1:glibc.malloc.top_pad=16777216"
        ":glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=268435456"
    ),
}
"""A worker's whole environment."""

PYTHON_FLAGS = ("-P", "-s")
"""No folder of whoever starts it, no packages of its user; the environment is ours, so that its settings may count."""

_ADDR_NO_RANDOMIZE, _ASK = 0x0040000, 0xFFFFFFFF
"""Flag of the kernel's personality(2), and the argument that only asks for the flags."""


class Confined(NamedTuple):
    """A process that was started under the outer layers."""

    process: subprocess.Popen[bytes]
    """The child: the command itself, or bubblewrap around it."""
    pid: int
    """Of the command itself, as seen from here."""
    handle: int
    """Descriptor of that process, which no later one can take over as it can a number."""

    def kill(self) -> None:
        """End it and wait until it is gone."""
        # Bubblewrap ends after what it holds; killed first, it would leave it to end a moment later.
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
        os.close(self.handle)
        self.process.wait()


def confinement(layers: Collection[str]) -> dict[str, Any]:
    """Return the inner layers among `layers`, as `confine.Confinement` takes them."""
    return {
        "landlock": list(readable().contents) if "landlock" in layers else None,
        "seccomp": base64.b64encode(syscall_filter()).decode() if "seccomp" in layers else None,
    }


def python_command(*arguments: str) -> list[str]:
    """Return the command that runs this Python with `arguments`, apart from whoever starts it."""
    return [interpreter(), *PYTHON_FLAGS, *arguments]


def bubblewrap(bwrap: str) -> list[str]:
    """Return the start of a command by which `bwrap` runs the rest in namespaces, where only `readable` is seen."""
    command = [bwrap, "--unshare-all", "--cap-drop", "ALL", "--die-with-parent", "--new-session", "--clearenv"]
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    command += ["--as-pid-1", "--hostname", "sandbox", "--tmpfs", "/", "--proc", "/proc", "--dev", "/dev"]
    # Python's loader of shared libraries wants a place for a temporary file while the worker starts.
    command += ["--size", str(1 << 20), "--tmpfs", "/tmp"]
    readable_paths = readable()
    for path in readable_paths.contents:
        command += ["--ro-bind", path, path]
    for path in readable_paths.folders:
        command += ["--dir", path]
    for path, target in readable_paths.links:
        command += ["--symlink", target, path]
    return [*command, "--remount-ro", "/"]


def start(command: Sequence[str], layers: Collection[str], *, fixed_addresses: bool = False) -> Confined:
    """Start `command` with pipes, the fixed environment and, where it is among `layers`, bubblewrap around it.

    Args:
        command: to start.
        layers: of the sandbox.
        fixed_addresses: lay its memory out alike in every run, so that what depends on addresses is the same.

    Raises:
        InfrastructureError: bubblewrap is gone or does not start it, or the machine has no room for a process.
    """
    try:
        with _same_layout() if fixed_addresses else contextlib.nullcontext():
            return _started(command, layers)
    except OSError as error:
        raise InfrastructureError(f"a worker cannot be started: {error}; see `zerosight doctor`") from error


@contextlib.contextmanager
def _same_layout() -> Iterator[None]:
    """Let processes that this thread starts have the same addresses in every run, where that is not forbidden."""
    personality = ctypes.CDLL(None).personality
    flags = personality(ctypes.c_ulong(_ASK))
    # Some containers refuse it: then addresses differ between workers, as without it.
    is_set = flags >= 0 and personality(ctypes.c_ulong(flags | _ADDR_NO_RANDOMIZE)) >= 0
    try:
        yield
    finally:
        if is_set:
            personality(ctypes.c_ulong(flags))


def _started(command: Sequence[str], layers: Collection[str]) -> Confined:
    settings: dict[str, Any] = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.DEVNULL,
        "cwd": "/",
        "env": ENVIRONMENT,
        "start_new_session": True,
    }
    if "namespaces" not in layers:
        process = subprocess.Popen(command, **settings)
        return Confined(process, process.pid, os.pidfd_open(process.pid))
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise InfrastructureError("bubblewrap is gone: apt-get install bubblewrap; see `zerosight doctor`")
    info_read, info_write = os.pipe()
    try:
        outer = [*bubblewrap(bwrap), "--info-fd", str(info_write)]
        process = subprocess.Popen([*outer, *command], pass_fds=[info_write], **settings)
        os.close(info_write)
        with open(info_read, closefd=False) as file:
            info_text = file.read()
    finally:
        os.close(info_read)
    try:
        pid = int(json.loads(info_text)["child-pid"])
        return Confined(process, pid, os.pidfd_open(pid))
    except (ValueError, KeyError, ProcessLookupError) as error:
        process.kill()
        process.communicate()
        raise InfrastructureError(f"{bwrap} does not start a worker; see `zerosight doctor`") from error
