"""The layers of the sandbox on this machine, each proved by an attempt at what it must refuse.

- `limits`: rlimits, no new processes, no_new_privs, a fixed environment, death with the parent. Against exhaustion and
  setuid programs.
- `landlock`: reading Python and the libraries, and no other file, TCP port, abstract socket or signal.
- `seccomp`: an allow-list of system calls. Against processes, sockets, tracing and the kernel's rarer doors.
- `namespaces`: bubblewrap. No network, process ids of its own, a read-only root that shows the libraries only, no
  capabilities. Against all that has to be visible first.

Every layer that the machine offers is used; the parent's wall clock and the worker's processor-time limit hold besides.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from ...errors import UserError
from ..outcome import InfrastructureError
from . import proof
from .confine import landlock_abi
from .filters import CALL_COUNT, syscall_filter
from .launch import bubblewrap, confinement, python_command

LAYERS = ("limits", "landlock", "seccomp", "namespaces")
PROOF_S = 20.0
"""Wall clock for an attempt."""


class Layer(NamedTuple):
    """One layer on this machine."""

    name: str
    holds: bool
    detail: str
    """Its foundation; where it does not hold, what would bring it."""


class SandboxError(UserError, ValueError):
    """The machine does not offer the layers that are demanded."""


@functools.cache
def layers() -> tuple[Layer, ...]:
    """Return the layers with what this machine offers of each, found by trying; a fifth of a second the first time."""
    if sys.platform != "linux":
        detail = f"programs are contained on Linux only, not on {sys.platform}"
        return tuple(Layer(name, False, detail) for name in LAYERS)
    inner_layers = [Layer("limits", True, "rlimits, no_new_privs, fixed environment"), _landlock(), _seccomp()]
    return (*_proved(inner_layers), _namespaces())


def offered() -> tuple[str, ...]:
    """Return the names of the layers that hold here."""
    return tuple(layer.name for layer in layers() if layer.holds)


def demand(required_layers: Collection[str]) -> None:
    """Refuse to run with less than the `required_layers` layers.

    Raises:
        SandboxError: one does not hold; the message says what would bring it.
    """
    lacking_layers = [layer for layer in layers() if layer.name in required_layers and not layer.holds]
    if lacking_layers:
        details = "; ".join(f"{layer.name}: {layer.detail}" for layer in lacking_layers)
        raise SandboxError(
            f"sandbox.required={sorted(required_layers)}, but not all of it holds here: {details}"
            " (bring it, or demand less)"
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
    return Layer("seccomp", True, f"allow-list of {CALL_COUNT} calls, {size // 8} instructions")


def _proved(inner_layers: Sequence[Layer]) -> list[Layer]:
    """Return `inner_layers`, those that let something through as not holding."""
    names = [layer.name for layer in inner_layers if layer.holds]
    settings = confinement(names)
    gaps = _attempts([], {"layers": names, "settings": settings})
    return [
        layer._replace(holds=False, detail=f"{layer.detail}, but a process under it can {gaps[layer.name]}")
        if gaps.get(layer.name)
        else layer
        for layer in inner_layers
    ]


def _namespaces() -> Layer:
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return Layer("namespaces", False, "bubblewrap is missing: apt-get install bubblewrap")
    outer_namespaces = {name: os.readlink(f"/proc/self/ns/{name}") for name in proof.NAMESPACES}
    shared_names = _attempts(bubblewrap(bwrap), {"outer": outer_namespaces})["namespaces"]
    if shared_names.startswith("!"):
        return Layer(
            "namespaces", False, f"{bwrap} does not work here ({shared_names[1:]}); user namespaces may be forbidden"
        )
    if shared_names:
        return Layer(
            "namespaces", False, f"{bwrap} does not separate a process from this one's namespaces: {shared_names}"
        )
    return Layer("namespaces", True, bwrap)


def _attempts(outer_command: Sequence[str], order: dict[str, object]) -> dict[str, str]:
    """Run the attempts of `order` behind `outer_command`; return what each layer lets through.

    A text that begins with `!` says why nothing could be tried.
    """
    command = [*outer_command, *python_command("-S", str(Path(proof.__file__)), json.dumps(order))]
    try:
        finished_process = subprocess.run(
            command, capture_output=True, text=True, timeout=PROOF_S, check=False, env={}, cwd="/"
        )
        gaps = json.loads(finished_process.stdout)
        if isinstance(gaps, dict):
            return gaps
        reason = "it says something else"
    except subprocess.TimeoutExpired:
        reason = "it hangs"
    except ValueError:
        reason = (finished_process.stderr.strip().splitlines() or [f"exit status {finished_process.returncode}"])[-1]
    return {name: f"!{reason}" for name in LAYERS}
