"""The kinds of programs, and the modules that serve each in the workers.

A program module runs beside a program, in its child process. It has `warm()`, which imports what its programs use, and
`run(namespace, request, payload)`, which asks a program's namespace for its result and returns a message and a payload.

A drawing module runs in the trusted reader. It has `warm()`, which draws once, so that whatever the libraries load on
first use is there before the limits hold, and `draw(request, payload)`, which returns a message and a payload, or a
rejection as one.
"""

import importlib
from enum import Enum
from typing import Any


class Renderer(Enum):
    """A kind of program, with its modules in `zerosight.render`."""

    SVG = (None, "svg.draw")
    CHART = ("chart.program", "chart.draw")
    SOLID = ("solid.program", "solid.draw")
    EDIT = ("edit", None)

    @property
    def program_module(self) -> Any:
        """Module that runs beside a program."""
        return importlib.import_module(f"zerosight.render.{self.value[0]}")

    @property
    def drawing_module(self) -> Any:
        """Module that draws in the reader."""
        return importlib.import_module(f"zerosight.render.{self.value[1]}")
