"""The sandbox, seen from outside: which layers this machine offers, and how a confined worker is started.

- `limits`: rlimits, no_new_privs, a fixed environment, death with the parent. Against exhaustion and setuid programs.
- `landlock`: reading Python and the libraries, and no other file, TCP port, abstract socket or signal.
- `seccomp`: an allow-list of system calls. Against processes, sockets, tracing and the kernel's rarer doors.
- `namespaces`: bubblewrap. No network, process ids of its own, a read-only root that shows the libraries only, no
  capabilities. Against all that has to be visible first.

Every layer that the machine offers is used; the parent's wall clock and the worker's processor-time limit hold besides.
"""

import base64
import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import UserError
from ..outcome import InfrastructureError
from .confine import landlock_abi

LAYERS = ("limits", "landlock", "seccomp", "namespaces")

_READ_ONLY_ROOTS = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/fonts")
"""Of the system: its libraries and fonts, where they are."""

_SYSCALLS = """
read readv pread64 write writev close fstat newfstatat stat lstat statx lseek getdents64 readlink readlinkat
access faccessat faccessat2 getcwd fcntl poll ppoll select pselect6
mmap mprotect munmap mremap brk madvise membarrier
rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack setitimer getitimer restart_syscall
futex set_robust_list rseq sched_yield sched_getaffinity
clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time getrandom getrusage times
getpid gettid getppid getuid geteuid getgid getegid uname sysinfo arch_prctl
exit exit_group
""".split()
"""What drawing needs once the worker is up; all else fails with EPERM, and a foreign architecture's calls kill."""

ENVIRONMENT = {
    # A library that finds several cores starts threads, which a forked child has lost and may not start again: its
    # first large product of matrices would wait for them for ever.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # A child starts without a page of its own and pays for each that it touches: large blocks come in pages of 2 MB
    # where the kernel has them, and are kept for the next array. (An edit of 256 px: 1,000 faults for 2,900.)
    "GLIBC_TUNABLES": (
        "glibc.malloc.hugetlb=1:glibc.malloc.top_pad=16777216"
        ":glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=268435456"
    ),
}
"""All that a worker is told by its environment."""


_PACKAGE = Path(__file__).parents[2]


class Layer(NamedTuple):
    """One layer on this machine."""

    name: str
    holds: bool
    detail: str
    """What it rests on; where it does not hold, what would bring it."""


class SandboxError(UserError, ValueError):
    """The machine does not offer the layers that are demanded."""


@functools.cache
def layers() -> tuple[Layer, ...]:
    """What this machine offers, found by trying; a tenth of a second the first time."""
    if sys.platform != "linux":
        detail = f"programs are contained on Linux only, not on {sys.platform}"
        return tuple(Layer(name, False, detail) for name in LAYERS)
    return (Layer("limits", True, "rlimits, no_new_privs, fixed environment"), _landlock(), _seccomp(), _namespaces())


def offered() -> tuple[str, ...]:
    """The names of the layers that hold here."""
    return tuple(layer.name for layer in layers() if layer.holds)


def demand(required: Collection[str]) -> None:
    """Refuse to run with less than the required layers.

    Raises:
        SandboxError: one does not hold; the message says what would bring it.
    """
    lacking = [layer for layer in layers() if layer.name in required and not layer.holds]
    if lacking:
        named = "; ".join(f"{layer.name}: {layer.detail}" for layer in lacking)
        raise SandboxError(
            f"sandbox.required={sorted(required)}, but not all of it holds here: {named} (bring it, or demand less)"
        )


def _landlock() -> Layer:
    abi = landlock_abi()
    if abi < 1:
        return Layer("landlock", False, "this kernel or container does not offer it (Linux 5.13 or newer)")
    return Layer("landlock", True, f"ABI {abi}")


def _seccomp() -> Layer:
    try:
        size = len(syscall_filter())
    except InfrastructureError as error:
        return Layer("seccomp", False, str(error))
    return Layer("seccomp", True, f"allow-list of {len(_SYSCALLS) + 2} calls, {size // 8} instructions")


def _namespaces() -> Layer:
    path = shutil.which("bwrap")
    if path is None:
        return Layer("namespaces", False, "bubblewrap is missing: apt-get install bubblewrap")
    try:
        tried = subprocess.run([*_bubblewrap(path), "true"], capture_output=True, text=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return Layer("namespaces", False, f"{path} hangs here")
    if tried.returncode:
        said = (tried.stderr.strip().splitlines() or [f"exit status {tried.returncode}"])[-1]
        return Layer("namespaces", False, f"{path} does not work here ({said}); user namespaces may be forbidden")
    return Layer("namespaces", True, path)


@functools.cache
def syscall_filter() -> bytes:
    """The allow-list as a BPF program for this machine's architecture.

    Files may be opened for reading only, and limits only be asked for.

    Raises:
        InfrastructureError: libseccomp is missing.
    """
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError) as error:
        raise InfrastructureError(f"{error}: pip install pyseccomp, apt-get install libseccomp2") from error
    found = pyseccomp.SyscallFilter(pyseccomp.ERRNO(1))
    for name in _SYSCALLS:
        try:
            found.add_rule(pyseccomp.ALLOW, name)
        except (OSError, ValueError):
            # A call that this architecture does not have.
            continue
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    found.add_rule(pyseccomp.ALLOW, "openat", pyseccomp.Arg(2, pyseccomp.MASKED_EQ, writing, 0))
    found.add_rule(pyseccomp.ALLOW, "prlimit64", pyseccomp.Arg(0, pyseccomp.EQ, 0), pyseccomp.Arg(2, pyseccomp.EQ, 0))
    # In memory: a full disk is no reason to run without the filter.
    with open(os.memfd_create("filter"), "w+b") as file:
        found.export_bpf(file)
        file.seek(0)
        return file.read()


def readable(package: Path) -> list[str]:
    """Folders and files that a worker has to read: system libraries, Python, its packages, and our two folders."""
    paths = [Path(path) for path in _READ_ONLY_ROOTS]
    paths += [Path(sys.prefix), Path(sys.base_prefix), Path(sysconfig.get_path("stdlib"))]
    paths += [Path(path) for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    paths += [package / "__init__.py", package / "errors.py", package / "geometry", package / "render"]
    present = [path for path in dict.fromkeys(paths) if path.exists()]
    # What lies under another one comes with it.
    return [str(path) for path in present if not any(other in path.parents for other in present)]


def _bubblewrap(path: str, binds: Sequence[str] = _READ_ONLY_ROOTS) -> list[str]:
    command = [path, "--unshare-all", "--cap-drop", "ALL", "--die-with-parent", "--new-session", "--clearenv"]
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    command += ["--as-pid-1", "--hostname", "sandbox", "--tmpfs", "/", "--proc", "/proc", "--dev", "/dev"]
    # Python's loader of shared libraries wants a place for a temporary file while the worker starts.
    command += ["--size", str(1 << 20), "--tmpfs", "/tmp"]
    for place in binds:
        # A link such as /lib on a merged system stays one; elsewhere what it points to is shown in its place.
        if place in _READ_ONLY_ROOTS and os.path.islink(place):
            command += ["--symlink", os.readlink(place), place]
        elif os.path.exists(place):
            command += ["--ro-bind", place, place]
    return [*command, "--remount-ro", "/"]


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


def confinement(chosen: Collection[str]) -> dict[str, Any]:
    """The inner layers, as `confine.confine` takes them."""
    return {
        "landlock": readable(_PACKAGE) if "landlock" in chosen else None,
        "seccomp": base64.b64encode(syscall_filter()).decode() if "seccomp" in chosen else None,
    }


def start(command: Sequence[str], chosen: Collection[str]) -> Confined:
    """Start a command with pipes, the fixed environment and, where it is chosen, bubblewrap around it.

    Raises:
        InfrastructureError: bubblewrap is gone or does not start it, or the machine has no room for a process.
    """
    try:
        return _started(command, chosen)
    except OSError as error:
        raise InfrastructureError(f"a worker cannot be started: {error}; see `zerosight doctor`") from error


def _started(command: Sequence[str], chosen: Collection[str]) -> Confined:
    settings: dict[str, Any] = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.DEVNULL,
        "cwd": "/",
        "env": ENVIRONMENT,
        "start_new_session": True,
    }
    if "namespaces" not in chosen:
        process = subprocess.Popen(command, **settings)
        return Confined(process, process.pid, os.pidfd_open(process.pid))
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise InfrastructureError("bubblewrap is gone: apt-get install bubblewrap; see `zerosight doctor`")
    info, theirs = os.pipe()
    try:
        outer = [*_bubblewrap(bwrap, readable(_PACKAGE)), "--info-fd", str(theirs)]
        process = subprocess.Popen([*outer, *command], pass_fds=[theirs], **settings)
        os.close(theirs)
        with open(info, closefd=False) as file:
            said = file.read()
    finally:
        os.close(info)
    try:
        pid = int(json.loads(said)["child-pid"])
        return Confined(process, pid, os.pidfd_open(pid))
    except (ValueError, KeyError, ProcessLookupError) as error:
        process.kill()
        process.communicate()
        raise InfrastructureError(f"{bwrap} does not start a worker; see `zerosight doctor`") from error
