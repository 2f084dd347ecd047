"""Proof of the layers: a process that puts one on and attempts what it must refuse.

Run as a script by `layers.py`, with the settings of `confine.Confinement` as its first argument; for the namespaces
inside bubblewrap, with the parent's own namespaces instead. It prints, as JSON, each layer with what went through,
or an empty text where all was refused. Imports the standard library alone, and `confine.py` beside it, because it has
to be over within a few milliseconds.
"""

import fcntl
import importlib.util
import json
import os
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

NAMESPACES = ("net", "pid", "mnt", "ipc", "user")


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _open_many() -> None:
    for _ in range(64):
        os.open(os.devnull, os.O_RDONLY)


ATTEMPTS: Mapping[str, Mapping[str, Callable[[], Any]]] = {
    "limits": {
        "fork a process": _fork,
        "take a gigabyte": lambda: bytearray(1 << 30),
        "open many files": _open_many,
    },
    "landlock": {
        "read a file": lambda: os.open("/proc/self/status", os.O_RDONLY),
        "list a folder": lambda: os.listdir("/proc"),
    },
    "seccomp": {
        "open a socket": socket.socket,
        "fork a process": _fork,
        "make a descriptor send signals": lambda: fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid()),
        "make a file in memory": lambda: os.memfd_create("x"),
    },
}


def _confine_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("confine", Path(__file__).with_name("confine.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def refused(attempt: Callable[[], Any]) -> bool:
    """Tell whether `attempt` is refused."""
    try:
        attempt()
    except (OSError, MemoryError):
        return True
    return False


def put_to_proof(layer: str, settings: Mapping[str, Any]) -> str:
    """Put `layer` on a forked process; return what it still can do, or an empty text.

    Args:
        layer: one of `ATTEMPTS`.
        settings: of all inner layers, as for `confine.Confinement`.
    """
    only_this = {name: settings[name] if name == layer else None for name in ("landlock", "seccomp")}
    result_read, result_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            confinement = _confine_module().Confinement(only_this | {"memory_mb": 64})
            confinement.limit(confinement.mapped())
            confinement.landlock()
            confinement.seccomp()
            allowed_attempts = [name for name, attempt in ATTEMPTS[layer].items() if not refused(attempt)]
            os.write(result_write, ", ".join(allowed_attempts).encode() or b"-")
        except OSError as error:
            os.write(result_write, str(error).encode())
        finally:
            os._exit(0)
    os.close(result_write)
    result = os.read(result_read, 4096).decode()
    os.waitpid(pid, 0)
    os.close(result_read)
    return "" if result == "-" else result or "nothing: its process dies"


def shared_namespaces(outer: Mapping[str, str]) -> str:
    """Name the namespaces that this process shares with one whose own are `outer`, by name."""
    return ", ".join(name for name in NAMESPACES if os.readlink(f"/proc/self/ns/{name}") == outer[name])


def main() -> None:
    """Print what each layer lets through."""
    order = json.loads(sys.argv[1])
    if "outer" in order:
        sys.stdout.write(json.dumps({"namespaces": shared_namespaces(order["outer"])}))
        return
    sys.stdout.write(json.dumps({layer: put_to_proof(layer, order["settings"]) for layer in order["layers"]}))


if __name__ == "__main__":
    main()
