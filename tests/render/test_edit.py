"""Image transforms: right programs give right pictures, wrong ones reasons, hostile ones nothing."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from zerosight.render import InfrastructureError, Rejected
from zerosight.render.edit import MAX_SIDE, Edit, EditPool
from zerosight.render.raster import Picture
from zerosight.render.sandbox.layers import offered
from zerosight.render.sandbox.pool import MAX_PROGRAM

IMAGE = np.random.default_rng(5).integers(0, 256, (48, 64, 3), dtype=np.uint8)
GOOD = "def edit(image, turns=1):\n    return image.rotate(90 * turns, expand=True)"


@pytest.fixture(scope="module")
def pool() -> Iterator[EditPool]:
    with EditPool(workers=1, wall_s=2.0, cpu_s=0.5, memory_mb=256) as made:
        yield made


def edit(pool: EditPool, program: str, **params: object) -> Picture | Rejected | InfrastructureError:
    (outcome,) = pool.run([Edit(program, IMAGE, params)])
    return outcome


def still_good(pool: EditPool) -> bool:
    outcome = edit(pool, GOOD, turns=3)
    return isinstance(outcome, Picture) and np.array_equal(outcome.array, np.rot90(IMAGE, 3))


# --- right programs

EDITS = {
    "crop": ("def edit(image, box):\n    return image.crop(box)", {"box": [8, 4, 40, 30]}, IMAGE[4:30, 8:40]),
    "flip": ("from PIL import ImageOps\ndef edit(image):\n    return ImageOps.mirror(image)", {}, IMAGE[:, ::-1]),
    "array": ("import numpy as np\ndef edit(image):\n    return 255 - np.asarray(image)", {}, 255 - IMAGE),
    "grey": (
        "def edit(image):\n    return image.convert('L')",
        {},
        np.asarray(ImageOps.grayscale(Image.fromarray(IMAGE)).convert("RGB")),
    ),
    "exit": ("import sys\ndef edit(image):\n    return image\nsys.exit(0)", {}, IMAGE),
    "grey array": (
        "def edit(image):\n    import numpy as np\n    return np.asarray(image)[..., 0]",
        {},
        IMAGE[..., :1].repeat(3, axis=2),
    ),
    "with alpha": ("def edit(image):\n    import numpy as np\n    return np.asarray(image.convert('RGBA'))", {}, IMAGE),
    # Large enough for a library to share it out among threads, which a child cannot start.
    "matrices": (
        "import numpy as np\ndef edit(image):\n    a = np.eye(400)\n"
        "    return np.asarray(image) * round(float(np.linalg.inv(a @ a).max())) // np.uint8(1)",
        {},
        IMAGE,
    ),
    "tiles": (
        "import numpy as np\ndef edit(image, order):\n    tiles = np.split(np.asarray(image), 4, axis=1)\n"
        "    return np.concatenate([tiles[i] for i in order], axis=1)",
        {"order": [2, 0, 3, 1]},
        np.concatenate([IMAGE[:, 16 * i : 16 * i + 16] for i in (2, 0, 3, 1)], axis=1),
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_edits_do_what_they_say(name: str, pool: EditPool) -> None:
    program, params, expected = EDITS[name]
    outcome = edit(pool, program, **params)
    assert isinstance(outcome, Picture), outcome
    assert np.array_equal(outcome.array, expected)


def test_outcomes_come_in_order_from_any_number_of_workers() -> None:
    edits = [Edit(GOOD, IMAGE, {"turns": turns}) for turns in range(40)]
    with EditPool(workers=2) as two:
        outcomes = two.run(edits)
    for turns, outcome in enumerate(outcomes):
        assert isinstance(outcome, Picture)
        assert np.array_equal(outcome.array, np.rot90(IMAGE, turns))


def test_a_program_leaves_nothing_for_the_next(pool: EditPool) -> None:
    mark = "import PIL.Image\nPIL.Image.marked = True\ndef edit(image):\n    return image"
    look = "import PIL.Image\ndef edit(image):\n    return image if not hasattr(PIL.Image, 'marked') else 1"
    assert isinstance(edit(pool, mark), Picture)
    assert isinstance(edit(pool, look), Picture)


# --- wrong programs: what and where


@pytest.mark.parametrize(
    ("program", "code", "reason"),
    [
        ("def edit(image:\n    pass", "error", "line 1:"),
        ("x = 1\ny = x.z", "error", "line 2: AttributeError: 'int' object has no attribute 'z'"),
        ("def edit(image):\n    a = 1\n    return image.nothing()", "error", "line 3: AttributeError"),
        ("def edit(image, angle):\n    return image", "error", "TypeError"),
        ("import torch", "error", "line 1: "),
        ("def edit(image):\n    raise SystemExit(3)", "error", "line 2: SystemExit: 3"),
        ("def edit(image):\n    return edit(image)", "error", "line 2: RecursionError"),
        ("", "no_edit", "defines no function edit"),
        ("edit = 3", "no_edit", "defines no function edit"),
        ("def edit(image):\n    return 3", "result", "edit returned int"),
        ("def edit(image):\n    return None", "result", "NoneType"),
        ("import numpy as np\ndef edit(image):\n    return np.asarray(image) / 255", "result", "float64 [48, 64, 3]"),
        ("import numpy as np\ndef edit(image):\n    return np.asarray(image)[:0]", "size", "64 x 0 px"),
        (f"def edit(image):\n    return image.resize(({MAX_SIDE + 1}, 4))", "size", f"{MAX_SIDE + 1} x 4 px"),
        ("#" * (MAX_PROGRAM + 1), "size", f"{MAX_PROGRAM + 1} characters"),
        (
            "import select\ndef edit(image):\n    select.select([], [], [], 60)",
            "resources",
            "waits for something that never comes",
        ),
        ("def edit(image):\n    while True: pass", "resources", "processor time"),
        ("def edit(image):\n    return bytearray(1 << 33)", "resources", "memory"),
        ("import os\nos._exit(0)", "no_result", "ended without a result"),
        ("import ctypes\nctypes.string_at(0)", "crash", "SIGSEGV"),
        ("import os\nos.abort()", "crash", "ended with SIG"),
    ],
)
def test_rejections_say_what_and_where(program: str, code: str, reason: str, pool: EditPool) -> None:
    outcome = edit(pool, program)
    assert isinstance(outcome, Rejected), outcome
    assert outcome.code == code and reason in outcome.reason, outcome
    assert "\n" not in outcome.reason
    assert still_good(pool)


@pytest.mark.parametrize(
    "image", [IMAGE.astype(float), IMAGE[..., 0], IMAGE[..., :2], np.zeros((4, MAX_SIDE + 1, 3), np.uint8)]
)
def test_an_image_that_is_none_is_the_callers_error(image: np.ndarray, pool: EditPool) -> None:
    with pytest.raises(ValueError, match="an image must be uint8"):
        pool.run([Edit(GOOD, image, {})])


# --- hostile programs: each must come to a rejection, and the next program to its picture

HEAD = "import os, sys, signal, ctypes, gc, socket, subprocess, threading, mmap\ndef edit(image):\n    "
ATTACKS = {
    "read the accounts": "return open('/etc/passwd').read()",
    "read the memory map": "open('/proc/self/maps').read()",
    "read the parent's environment": "open(f'/proc/{os.getppid()}/environ').read() + 1",
    "read the parent's memory": "open(f'/proc/{os.getppid()}/mem', 'rb').read(1)",
    "list the root": "os.listdir('/root')",
    "list the home folder": "os.listdir(os.path.expanduser('~root'))",
    "find a secret in the environment": "return dict(os.environ)['PATH']",
    "write a file": "open('/made', 'w')",
    "write to a temporary file": "open('/tmp' + '/made', 'w')",
    "write beside Python": "open(os.__file__ + '2', 'w')",
    "make a link": "os.symlink('/etc', '/dev/shm/x')",
    "make a hard link": "os.link(os.__file__, '/dev/shm/x')",
    "make a pipe": "os.mkfifo('/dev/shm/x')",
    "make a folder": "os.mkdir('/dev/shm/x')",
    "change a mode": "os.chmod(os.__file__, 0o777)",
    "fork": "os.fork()",
    "bomb with forks": "while True: os.fork()",
    "bomb with threads": "while True: threading.Thread(target=threading.Event().wait).start()",
    "run a shell": "subprocess.run('id')",
    "execute": "os.execv(sys.executable, ['python', '-c', 'print(1)'])",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "connect by TCP": "socket.create_connection(('127.0.0.1', 80), 1)",
    "connect by UDP": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 53))",
    "connect by IPv6": "socket.socket(socket.AF_INET6)",
    "connect locally": "socket.socket(socket.AF_UNIX)",
    "talk to the kernel": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "talk in raw packets": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "look up a name": "socket.gethostbyname('example.com')",
    "fetch a page": "import urllib.request; urllib.request.urlopen('http://example.com')",
    "kill the worker": "os.kill(os.getppid(), signal.SIGKILL) or int('')",
    "stop the worker": "os.kill(os.getppid(), signal.SIGSTOP) or int('')",
    "kill everyone": "os.kill(-1, signal.SIGKILL)",
    "stop itself": "os.kill(os.getpid(), signal.SIGSTOP)",
    "kill itself": "os.kill(os.getpid(), signal.SIGKILL)",
    "touch memory": "return bytearray(1 << 32)",
    "map memory": "mmap.mmap(-1, 1 << 32)[:]",
    "fill memory by numpy": "import numpy; numpy.ones((1 << 20, 1 << 12)).sum()",
    "fill memory by Pillow": "image.resize((60000, 60000))",
    "fill an anonymous file": "os.memfd_create('x')",
    "fill memory by text": "return 'x' * (1 << 33)",
    "loop": "while True: pass",
    "loop in C": "sum(range(10 ** 12))",
    "count high": "9 ** 9 ** 9",
    "match for ever": "import re; re.match('(a+)+$', 'a' * 40 + 'b')",
    "sort for ever": "sorted(iter(int, 1))",
    "sleep": "import time; time.sleep(1000)",
    "sleep in the kernel": "import select; select.select([], [], [], 1000)",
    "wait for a lock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "wait for input": "sys.stdin.read() + 1",
    "ignore the limit": "signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n    while True: pass",
    "recurse": "f = lambda g: g(g); f(f)",
    "recurse in C": "x = []\n    for _ in range(10 ** 6): x = [x]\n    return repr(x)",
    "break the interpreter": "ctypes.string_at(0)",
    "abort": "os.abort()",
    "leave": "os._exit(0)",
    "leave at exit": "import atexit; atexit.register(os._exit, 0); sys.exit()",
    "flood the output": "while True: os.write(1, b'x' * 65536)",
    "flood the result": "while True: os.write(3, b'x' * 65536)",
    "forge a result": "os.write(3, b'\\x02\\x00\\x00\\x00\\x00\\x00\\x00\\x00{}'); os._exit(0)",
    "forge nonsense": "os.write(3, b'\\xff' * 64); os._exit(0)",
    "forge a huge picture": (
        "b = b'{\"shape\":[99999,99999,3]}'; os.write(3, len(b).to_bytes(4, 'little') + bytes(4) + b); os._exit(0)"
    ),
    "forge our failure": "b = b'{\"failed\":1}'; os.write(3, len(b).to_bytes(4, 'little') + bytes(4) + b); os._exit(0)",
    "close everything": "os.closerange(0, 99)",
    "hand back a pickle": "class P:\n        def __reduce__(self): return (os.system, ('true',))\n    return P()",
    "hand back a lying array": (
        "class A:\n        dtype, ndim, shape = 'uint8', 3, (4, 4, 3)\n"
        "        def __array__(self, *a, **k): return self\n    return A()"
    ),
    "hand back objects": "import numpy; return numpy.array([[[object()] * 3]])",
    "open many files": "return [open('/dev/null') for _ in range(99)]",
    "raise its limits": "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "load a library": "ctypes.CDLL('libcrypt.so.1').system(b'true') or int('')",
    "make a namespace": "int('' if ctypes.CDLL(None).unshare(0x10000000) else '')",
    "trace the worker": "int('' if ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) else '')",
    "mount": "int('' if ctypes.CDLL(None).mount(b'none', b'/dev', b'tmpfs', 0, 0) else '')",
    "patch the protocol": "import json; json.dumps = None; return image",
    "patch its judge": (
        "f = sys._getframe()\n    while f:\n        f.f_globals['Rejected'] = None; f = f.f_back\n    return 1"
    ),
    "hook imports": "import builtins; builtins.__import__ = None; import colorsys",
}


def shared_files() -> set[str]:
    """Files in shared memory, without the semaphores of other tests that run beside this one."""
    return {name for name in os.listdir("/dev/shm") if not name.startswith("sem.mp-")}


@pytest.mark.sandbox
@pytest.mark.skipif(len(offered()) < 4, reason=f"this machine offers only {offered()}")
@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_contained(name: str, pool: EditPool) -> None:
    pool.run([Edit(GOOD, IMAGE, {})])
    pids, before = pool.pids, shared_files()
    outcome = edit(pool, HEAD + ATTACKS[name])
    # Never our failure: that would spare the program its bad reward.
    assert isinstance(outcome, Rejected), outcome
    assert still_good(pool)
    assert pool.pids == pids, "the worker did not survive"
    assert shared_files() == before


@pytest.mark.sandbox
def test_a_program_is_left_no_descriptor_but_its_results(pool: EditPool) -> None:
    look = (
        "import os\ndef edit(image):\n    found = []\n    for number in range(256):\n        try:\n"
        "            os.fstat(number)\n            found.append(number)\n        except OSError: pass\n    return found"
    )
    outcome = edit(pool, look.replace("return found", "raise ValueError(found)"))
    # 0, 1 and 2 are nothing; neither the worker's pipes nor what its confinement was prepared with is left.
    assert isinstance(outcome, Rejected) and "[0, 1, 2, 3]" in outcome.reason, outcome


@pytest.mark.sandbox
def test_a_lying_program_only_changes_its_own_picture(pool: EditPool) -> None:
    lie = (
        "import numpy as np, PIL.Image\nreal = np.asarray\n"
        "np.asarray = lambda *a, **k: np.zeros((5, 7, 3), np.uint8)\n"
        "PIL.Image.Image.convert = lambda self, *a: self\ndef edit(image):\n    return image"
    )
    outcome = edit(pool, lie)
    assert isinstance(outcome, Picture)
    # What we show and what we measure is what came over the pipe, whatever the program believes to have returned.
    assert outcome.array.shape == (5, 7, 3) and not outcome.array.any()


# --- broken workers are ours


def test_a_worker_killed_from_outside_is_replaced(pool: EditPool) -> None:
    assert still_good(pool)
    (pid,) = pool.pids
    os.kill(pid, signal.SIGKILL)
    assert still_good(pool)
    assert pool.pids != [pid]


def test_closing_leaves_no_process() -> None:
    with EditPool(workers=2) as two:
        two.run([Edit(GOOD, IMAGE, {})] * 2)
        pids = two.pids
    assert len(pids) == 2 and not any(Path(f"/proc/{pid}").exists() for pid in pids)
