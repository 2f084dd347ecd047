"""Which attacks each layer of the sandbox stops, alone and left away, as root and as an ordinary user.

`python tests/render/sandbox/layer_table.py` writes the table into docs/security.md, between its two marks; root's
part runs in a mount namespace of its own, because some attacks, where nothing stops them, mount. An ordinary user has
to be able to start the Python: `--nobodys-python PATH` names one where ours lies in root's home.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Collection
from itertools import chain
from pathlib import Path

from zerosight.render.sandbox.launch import confinement, start
from zerosight.render.sandbox.layers import LAYERS, offered

DOCUMENT = Path(__file__).parents[3] / "docs" / "security.md"
MARKS = ("<!-- layer table: begin -->", "<!-- layer table: end -->")
NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all")
PRIVATE_MOUNTS = ("unshare", "--mount", "--propagation", "private")

GUARD = """
import ctypes, fcntl, json, mmap, os, resource, signal, socket, sys, threading
from zerosight.render.sandbox.confine import Confinement
settings = json.loads(sys.stdin.buffer.readline())
layers = Confinement(settings)
if settings["limits"]:
    layers.limit(layers.mapped())
else:
    ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # no_new_privs, which the other layers need.
layers.landlock()
layers.seccomp()
try:
    {attempt}
    said = "done"
except BaseException as error:
    said = type(error).__name__
os.write(1, said.encode())
"""
CALL = "assert ctypes.CDLL(None).syscall({}) >= 0"

ATTACKS = {
    "files": {
        "read a secret": "open({folder!r} + '/secret').read()",
        "list a folder": "os.listdir({folder!r})",
        "read the account list": "open('/etc/passwd').read()",
        "read its parent's environment": "open(f'/proc/{{os.getppid()}}/environ').read()",
        "read its own memory map": "open('/proc/self/maps').read()",
        "write a file": "open({folder!r} + '/made', 'w').write('x')",
        "make a folder": "os.mkdir({folder!r} + '/folder')",
        "make a link": "os.symlink('/etc/passwd', {folder!r} + '/link')",
        "make a pipe": "os.mkfifo({folder!r} + '/pipe')",
        "rename a file": "os.rename({folder!r} + '/secret', {folder!r} + '/secret2')",
        "remove a file": "os.remove({folder!r} + '/secret')",
    },
    "kernel": {
        "fork": "os.fork() or os._exit(0)",
        "start a thread": "t = threading.Thread(target=int); t.start(); t.join()",
        "run a program": "os.execv('/bin/echo', ['echo', '-n', 'done'])",
        "open a TCP socket": "socket.socket()",
        "reach a server of this machine": "socket.create_connection(('127.0.0.1', {port}), 2)",
        "open a local socket": "socket.socket(socket.AF_UNIX)",
        "open a kernel socket": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "open a socket pair": "socket.socketpair()",
        "trace its parent": CALL.format("101, 0x4206, os.getppid(), 0, 0"),
        "keep code in anonymous memory": "os.memfd_create('x')",
        "make a user namespace": CALL.format("272, 0x10000000"),
        "mount": CALL.format("165, b'none', b'/tmp', b'tmpfs', 0, 0"),
        "change root": "os.chroot('/tmp')",
        "load a kernel program": CALL.format("321, 0, 0, 0"),
        "use io_uring": CALL.format("425, 8, (ctypes.c_char * 128)()"),
        "make a key of the kernel": CALL.format("248, b'user', b'x', b'y', 1, -3"),
        "change its user": "os.setuid(12345)",
    },
    "signals": {
        "signal another process": "os.kill({pid}, 0)",
        "signal by a descriptor": "fcntl.fcntl(1, fcntl.F_SETOWN, {pid}); fcntl.fcntl(1, 10, signal.SIGURG); "
        "fcntl.fcntl(1, fcntl.F_SETFL, os.O_WRONLY | os.O_ASYNC)",
        "change another's limits": "resource.prlimit({pid}, resource.RLIMIT_CORE, (0, 0))",
    },
    "greed": {
        "take a gigabyte": "x = bytearray(1 << 30)",
        "map a gigabyte": "mmap.mmap(-1, 1 << 30)",
        "open many files": "opened = [open(os.devnull) for _ in range(64)]",
        "raise its limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
    },
}


def result_of(code: str, layers: Collection[str]) -> str:
    """What became of `code` under `layers`: `done`, the name of what it raised, `killed`, or `hangs`."""
    confined = start([sys.executable, "-I", "-c", GUARD.format(attempt=textwrap.indent(code, "    ").lstrip())], layers)
    settings = {"memory_mb": 256, "limits": "limits" in layers} | confinement(layers)
    try:
        said, _ = confined.process.communicate(json.dumps(settings).encode() + b"\n", timeout=60)
    except subprocess.TimeoutExpired:
        return "hangs"
    finally:
        confined.kill()
    return said.decode() or "killed"


def choices() -> dict[str, tuple[str, ...]]:
    """The sets of layers that are tried, by their headings."""
    here = [layer for layer in LAYERS if layer in offered()]
    without = {f"without `{layer}`": tuple(other for other in here if other != layer) for layer in here}
    alone = {f"`{layer}` alone": (layer,) for layer in here}
    return {"all four": tuple(here), **without, **alone, "none": ()}


def passed_attacks() -> dict[str, dict[str, list[str]]]:
    """By set of layers and suite: the attacks that went through, for the user of this process."""
    import socket

    passed: dict[str, dict[str, list[str]]] = {}
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other,
    ):
        for heading, layers in choices().items():
            passed[heading] = {}
            for suite, attacks in ATTACKS.items():
                passed[heading][suite] = []
                for name, code in attacks.items():
                    with tempfile.TemporaryDirectory() as folder:
                        (Path(folder) / "secret").write_text("s")
                        filled = code.format(folder=folder, port=server.getsockname()[1], pid=other.pid)
                        if result_of(filled, layers) in ("done", "hangs"):
                            passed[heading][suite].append(name)
        other.communicate(b"\n")
    return passed


def table(by_user: dict[str, dict[str, dict[str, list[str]]]]) -> str:
    """The results of each user as Markdown."""
    sizes = {suite: len(attacks) for suite, attacks in ATTACKS.items()}
    columns = [f"{user}: {suite}" for user in by_user for suite in sizes]
    lines = ["| layers | " + " | ".join(columns) + " |", "| --- |" + " --: |" * len(columns)]
    for heading in next(iter(by_user.values())):
        counts = [f"{len(by_user[user][heading][suite])}/{size}" for user in by_user for suite, size in sizes.items()]
        lines.append(f"| {heading} | " + " | ".join(counts) + " |")
    lines += ["", "What went through, for `root` and, where it differs, for an ordinary user:", ""]
    for heading in next(iter(by_user.values())):
        names = [", ".join(chain(*results[heading].values())) or "nothing" for results in by_user.values()]
        rest = f"; an ordinary user: {names[1]}" if len(names) > 1 and names[1] != names[0] else ""
        lines.append(f"- {heading}: {names[0]}{rest}")
    return "\n".join(lines)


def results_by(command: tuple[str, ...]) -> dict[str, dict[str, list[str]]]:
    done = subprocess.run([*command, __file__, "--json"], capture_output=True, text=True, check=True, cwd="/")
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the results of this user alone")
    parser.add_argument("--nobodys-python", default=sys.executable, help="a Python that nobody may start")
    options = parser.parse_args()
    if options.json:
        print(json.dumps(passed_attacks()))  # noqa: T201
        return
    by_user = {"nobody": results_by((*NOBODY, options.nobodys_python, "-P", "-B"))}
    if os.geteuid() == 0:
        by_user = {"root": results_by((*PRIVATE_MOUNTS, sys.executable, "-P"))} | by_user
    text = DOCUMENT.read_text()
    before, after = text.partition(MARKS[0])[0], text.partition(MARKS[1])[2]
    DOCUMENT.write_text(f"{before}{MARKS[0]}\n{table(by_user)}\n{MARKS[1]}{after}")


if __name__ == "__main__":
    main()
