"""Confinement, seen from inside: a worker gives up what drawing does not need, for good.

Imports the standard library alone, so that a process of a few milliseconds can prove the layers (`proof.py`).
"""

import base64
import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Mapping, Sequence
from typing import Any

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SECCOMP_MODE_FILTER = 2

# Landlock's calls have the same numbers on every architecture; its constants are the kernel's (linux/landlock.h).
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _RULE_PATH_BENEATH = 1, 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Number of file rights by ABI; later ones add none."""

# The kernel's names for architectures (linux/audit.h), and the calls that make a process or a thread on each.
_ARCHITECTURES = {"x86_64": (0xC000003E, (56, 57, 58, 435)), "aarch64": (0xC00000B7, (220, 435))}
_LOAD, _JUMP_EQUAL, _JUMP_ABOVE, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050001
_FOREIGN_CALLS = 0x40000000
"""Calls from this number on are those of x32, which does the same by other numbers."""


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def _checked(result: int, call_name: str) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{call_name}: {os.strerror(ctypes.get_errno())}")
    return result


def _no_process_filter() -> bytes:
    """Return a filter of system calls, as BPF, that refuses new processes and threads and allows all else.

    The limit on processes does not hold for root; this does. Empty on architectures whose calls are not known here.
    """
    if os.uname().machine not in _ARCHITECTURES:
        return b""
    architecture, calls = _ARCHITECTURES[os.uname().machine]
    # Each comparison jumps over what is left up to the refusal at the end.
    checks = [(_JUMP_ABOVE, _FOREIGN_CALLS), *((_JUMP_EQUAL, call) for call in calls)]
    code = [(_LOAD, 0, 0, 4), (_JUMP_EQUAL, 0, len(checks) + 2, architecture), (_LOAD, 0, 0, 0)]
    code += [(kind, len(checks) - i, 0, value) for i, (kind, value) in enumerate(checks)]
    code += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)


def landlock_abi() -> int:
    """Return Landlock's ABI in this kernel; 0 where there is none or asking is forbidden."""
    if sys.platform != "linux":
        return 0
    number, flag = ctypes.c_long(_CREATE_RULESET), ctypes.c_uint(_VERSION_FLAG)
    return max(0, int(_libc().syscall(number, None, ctypes.c_size_t(0), flag)))


def die_with_parent() -> None:
    """Let the kernel kill this process when its parent ends."""
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Confinement:
    """The layers that a process puts on itself, prepared once so that many forked children can do so quickly.

    Args:
        settings: `memory_mb`, and the layers as `launch.confinement` names them.

    Raises:
        OSError: the kernel refuses a layer.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._libc = _libc()
        self._memory = settings["memory_mb"] * 1024 * 1024
        self._ruleset = None if settings["landlock"] is None else _ruleset(self._libc, settings["landlock"])
        self._filter = None if settings["seccomp"] is None else _filter_program(base64.b64decode(settings["seccomp"]))
        # The filter of the `seccomp` layer refuses new processes itself.
        self._no_process = _filter_program(_no_process_filter()) if self._filter is None else None
        # Of this process also when a child reads it, which no path would give.
        self._sizes = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)

    def mapped(self) -> int:
        """Return the bytes of address space that the preparing process uses now, and so a child that it forks."""
        return int(os.pread(self._sizes, 64, 0).split()[0]) * resource.getpagesize()

    def limit(self, mapped_bytes: int) -> None:
        """Die with the parent, gain no privileges, be traced by nobody; bound memory, files and processes.

        Args:
            mapped_bytes: bytes of address space in use, which the memory limit comes on top of.
        """
        prctl = self._libc.prctl
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        _checked(prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
        for name, value in (
            (resource.RLIMIT_AS, mapped_bytes + self._memory),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, 32),
            (resource.RLIMIT_NPROC, 0),
        ):
            resource.setrlimit(name, (value, value))
        if self._no_process is not None and self._no_process.length:
            # Where the kernel knows no filters, the limit on processes has to do.
            prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(self._no_process), 0, 0)

    def landlock(self) -> None:
        """Leave reading of the folders and files that the settings name, and take every other right."""
        if self._ruleset is not None:
            _checked(self._libc.syscall(_RESTRICT_SELF, self._ruleset, 0), "landlock")

    def close(self) -> None:
        """Close the descriptors of the preparation, where there is nobody left to confine."""
        os.close(self._sizes)
        if self._ruleset is not None:
            os.close(self._ruleset)

    def seccomp(self) -> None:
        """Hold this process to the system calls that the settings allow; what the other layers need comes before."""
        if self._filter is not None:
            status = self._libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(self._filter), 0, 0)
            _checked(status, "seccomp")


def _filter_program(code: bytes) -> _Program:
    return _Program(len(code) // 8, code)


def _ruleset(libc: ctypes.CDLL, readable_paths: Sequence[str]) -> int:
    """Return a Landlock ruleset's descriptor: reading of `readable_paths`, and no other right that the kernel knows."""
    abi = landlock_abi()
    files = (1 << _FILE_RIGHTS[min(abi, max(_FILE_RIGHTS))]) - 1
    rules = _Ruleset(files, 0b11 if abi >= 4 else 0, 0b11 if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = _checked(libc.syscall(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0), "landlock ruleset")
    for path in readable_paths:
        folder_descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed_rights = _READ_FILE | (_READ_DIR if os.path.isdir(path) else 0)
        rule = _PathBeneath(allowed_rights, folder_descriptor)
        _checked(libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0), f"landlock rule {path}")
        os.close(folder_descriptor)
    return ruleset


def confine(settings: Mapping[str, Any]) -> None:
    """Put on every layer that `settings` name; the order matters, each needs calls that the next takes away."""
    layers = Confinement(settings)
    layers.limit(layers.mapped())
    layers.landlock()
    layers.close()
    layers.seccomp()
