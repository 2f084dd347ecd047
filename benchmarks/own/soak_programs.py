"""Programs of every kind for the endurance test: harmless ones by number, and hostile ones.

Begin at `harmless` and `HOSTILE`.
"""

import random
from typing import NamedTuple

import numpy as np

from ...render.edit import Edit

IMAGE = np.random.default_rng(2).integers(0, 256, (24, 32, 3), dtype=np.uint8)
SHARES = {"svg": 0.88, "edit": 0.06, "chart": 0.04, "solid": 0.02}
"""Of each kind among the programs: the cheap ones are many."""
VARIANTS = {"svg": 400, "edit": 40, "chart": 24, "solid": 12}
"""Different harmless programs of each kind."""


class SoakProgram(NamedTuple):
    """A program, told from all others by kind and name."""

    kind: str
    name: str
    text: str

    def edit(self) -> Edit:
        """Return it as an edit of `IMAGE`."""
        return Edit(self.text, IMAGE, {})


def harmless(kind: str, number: int) -> SoakProgram:
    """Return the program `number` of a `kind`; each draws something else."""
    return SoakProgram(kind, f"harmless {number}", _MAKERS[kind](number))


def _svg(number: int) -> str:
    shapes = "".join(
        f'<circle cx="{8 + (number * 7 + k * 13) % 48}" cy="{8 + (number * 5 + k * 11) % 48}" '
        f'r="{3 + (number + k) % 6}" fill="#{(number * 37 + k * 1001) % 4096:03x}"/>'
        for k in range(1 + number % 5)
    )
    return f'<svg viewBox="0 0 64 64"><rect x="{number % 40}" y="9" width="20" height="9" fill="teal"/>{shapes}</svg>'


def _edit(number: int) -> str:
    return (
        f"from PIL import ImageOps\ndef edit(image):\n    image = image.rotate({number * 9}, expand=True)\n"
        f"    return ImageOps.mirror(image).resize(({20 + number}, 24))"
    )


def _chart(number: int) -> str:
    values = [1 + (number * k * 7 + 3 * k) % 11 for k in range(1, 6)]
    drawing = ("plt.bar(list('abcde'), {})", "plt.plot({}, 'o--')", "plt.scatter(range(5), {})")[number % 3]
    # Names in a set: the order of their objects is the same in every worker.
    return (
        f"import matplotlib.pyplot as plt\n{drawing.format(values)}\nclass A: pass\n"
        f"plt.title('{number} ' + ''.join(sorted({{'x', 'y', 'z'}})) + str(len({{A(), A()}})))"
    )


def _solid(number: int) -> str:
    return (
        "import trimesh\nscene = trimesh.Scene()\n"
        f"scene.add_geometry(trimesh.creation.box([1, {1 + number % 4}, 1]), geom_name='red box')\n"
        f"ball = trimesh.creation.icosphere(1, 0.{3 + number % 6})\nball.apply_translation([2, {number % 3}, 0])\n"
        "scene.add_geometry(ball, geom_name='ball')"
    )


_MAKERS = {"svg": _svg, "edit": _edit, "chart": _chart, "solid": _solid}

_SVG_ATTACKS = {
    "an entity bomb": '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    '<svg viewBox="0 0 9 9"><desc>&b;</desc></svg>',
    "a script": '<svg viewBox="0 0 9 9"><script>alert(1)</script></svg>',
    "a number of 9000 digits": f'<svg viewBox="0 0 9 9"><rect x="{"1" * 9000}x"/></svg>',
    "a thousand groups": '<svg viewBox="0 0 9 9">' + "<g>" * 1000 + "</g>" * 1000 + "</svg>",
    "an own pattern": '<svg viewBox="0 0 9 9"><pattern id="p" width="1" height="1"><circle r="3" fill="url(#p)"/>'
    '</pattern><circle r="3" fill="url(#p)"/></svg>',
    "half a text": "<svg viewBox=",
    "a lone surrogate": '<svg viewBox="0 0 9 9"><text>\ud800</text></svg>',
    "infinities": '<svg viewBox="0 0 1e999 9"><rect width="1e999" height="NaN"/></svg>',
}
_SAY = """import os, struct
body = {body}
whole = memoryview(struct.pack("<II", len(body), 0) + body)
while whole: whole = whole[os.write(3, whole):]
os._exit(0)"""
_ATTACKS = {
    "a terminal's commands": "raise SystemError('\\x1b]52;c;cm0=\\x07\\x1b[2J')",
    "half a character": "raise SystemError('\\ud800')",
    "an exit": "import os\nos._exit(3)",
    "a fork": "import os\nos.fork()",
    "a thousand forks": "import os\nwhile True:\n    os.fork()",
    "a socket": "import socket\nsocket.socket()",
    "a secret": "open('/etc/passwd').read()",
    "a signal to its parent": "import os\nos.kill(os.getppid(), 9)",
    "a signal to everyone": "import os\nos.kill(-1, 9)",
    "a signal to itself": "import os\nos.kill(os.getpid(), 9)",
    "a broken pointer": "import ctypes\nctypes.string_at(1)",
    "too much memory": "x = [bytearray(1 << 28) for _ in range(99)]",
    "endless recursion": "def f(): f()\nf()",
    "a loop": "while True: pass",
    "a long sleep": "import select\nselect.select([], [], [], 60)",
    "a flood": "import os\nwhile True: os.write(3, bytes(65536))",
    "a neighbour's program": "import sys\nf = sys._getframe()\nwhile f: jobs = f.f_locals['jobs']; f = f.f_back",
    "a claim of brackets": _SAY.format(body="b'[' * 3000000"),
    "a claim of infinities": _SAY.format(
        body='b\'{"width":1e999,"height":72.0,"vertices":1e999,"styles":[],"items":[]}\''
    ),
    "our failure": _SAY.format(body='b\'{"failed":"no"}\''),
}
RARE = ("a loop", "a long sleep", "too much memory", "a flood", "a thousand forks")
"""Attacks that take a second of their own."""
HOSTILE = (
    *(SoakProgram("svg", name, text) for name, text in _SVG_ATTACKS.items()),
    *(SoakProgram(kind, name, text) for kind in ("edit", "chart", "solid") for name, text in _ATTACKS.items()),
)


def drawn_program(rng: random.Random, hostile_share: float) -> SoakProgram:
    """Draw a program with `rng`: of any kind by `SHARES`, and by `hostile_share` a hostile one."""
    if rng.random() < hostile_share:
        attack = rng.choice(HOSTILE)
        return attack if attack.name not in RARE or rng.random() < 0.1 else rng.choice(HOSTILE[: len(_SVG_ATTACKS)])
    (kind,) = rng.choices(list(SHARES), list(SHARES.values()))
    return harmless(kind, rng.randrange(VARIANTS[kind]))
