"""Chart programs that use pandas, seaborn or scipy: as all others, in a worker that has loaded these libraries.

What such a program is allowed, and how its figure is recorded and read, is that of `program.py`.
"""

import datetime
import sys
from typing import Any

from . import program
from .program import hint, run

__all__ = ["hint", "run", "warm"]

_LEFT_OUT = ("pyarrow", "numexpr", "bottleneck", "numba")
"""Libraries that pandas works with where they are and without where not. They start threads, which a program's process
may not, and hold readers of their own; and a table is the same wherever Zerosight is installed."""
_WARM = """
import numpy as np
import pandas as pd
import seaborn as sns
import matplotlib.pyplot as plt
import scipy.interpolate, scipy.optimize, scipy.signal, scipy.stats
table = pd.DataFrame({"kind": ["a", "b", "a", "b"], "size": [1.0, 2.0, 3.0, 5.0],
                      "day": pd.date_range("2024-01-01", periods=4)})
fig, axes = plt.subplots(2, 3)
table.plot(x="day", y="size", ax=axes[0, 0])
table.groupby("kind")["size"].mean().plot(kind="bar", ax=axes[0, 1])
table["size"].plot.hist(ax=axes[0, 2])
sns.barplot(data=table, x="kind", y="size", hue="kind", ax=axes[1, 0])
sns.heatmap(table[["size"]].T, annot=True, ax=axes[1, 1])
sns.regplot(data=table, x="size", y="size", ax=axes[1, 2])
sns.histplot(data=table, x="size", kde=True, ax=axes[0, 2])
"""


def warm() -> None:
    """Import what programs use and draw once with each, so that nothing is loaded in a child."""
    for name in _LEFT_OUT:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    program.warm()
    import pandas
    from matplotlib import pyplot

    _fix_now(pandas.Timestamp)
    namespace: dict[str, Any] = {}
    exec(_WARM, namespace)  # noqa: S102 - our own text
    pyplot.gcf().canvas.draw()
    pyplot.close("all")
    # They come back with the first plot of a table, as for a program that is run on its own.
    pandas.plotting.deregister_matplotlib_converters()


def _fix_now(timestamp: Any) -> None:
    """Let pandas' `timestamp` class take now and today from `datetime`, whose clock is fixed for programs."""

    def now(cls: Any, tz: Any = None) -> Any:
        return cls(datetime.datetime.now(tz))

    timestamp.now = timestamp.today = classmethod(now)
