"""The kinds of programs, and the modules that serve each in the workers.

A program module runs beside a program, in its child process. It has `warm()`, which imports what its programs use, and
`run(namespace, request, payload)`, which asks a program's namespace for its result and returns a message and a payload;
and `hint(error, program)`, which says what to do about an error that a program's text raised.

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
    CHART_TABLES = ("chart.tables", None)
    """The same with pandas, seaborn and scipy loaded."""
    SOLID = ("solid.program", "solid.draw")
    EDIT = ("edit", None)
    EDIT_VISION = ("vision", None)
    """The same with OpenCV, scikit-image and scipy loaded."""

    @property
    def program_module(self) -> Any:
        """Module that runs beside a program."""
        return importlib.import_module(f"zerosight.render.{self.value[0]}")

    @property
    def drawing_module(self) -> Any:
        """Module that draws in the reader."""
        return importlib.import_module(f"zerosight.render.{self.value[1]}")
