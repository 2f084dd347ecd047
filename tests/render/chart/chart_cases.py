"""matplotlib programs with what their authors meant: the values that a chart shows, to compare what is read with."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

Values = Mapping[str, float | str]


class Case(NamedTuple):
    """A program, and the marks of one kind in its panels in turn."""

    program: str
    panels: list[dict[str, list[Values]]]
    """For each panel, by kind, the values of its marks; what is not named is not compared."""


HEAD = "import numpy as np\nimport matplotlib.pyplot as plt\n"


def bars(names: list[str], heights: list[float], start: float = 0.0) -> list[Values]:
    return [
        {"at": n, "low": min(start, start + h), "high": max(start, start + h)}
        for n, h in zip(names, heights, strict=True)
    ]


def xy(xs: list[float], ys: list[float]) -> list[Values]:
    return [{"x": x, "y": y} for x, y in zip(xs, ys, strict=True)]


def spans(found: Iterable[tuple[float | str, float, float]]) -> list[Values]:
    return [{"at": at, "low": low, "high": high} for at, low, high in found]


def area(lows: list[float], highs: list[float]) -> list[Values]:
    return [{"x": x, "low": low, "high": high} for x, (low, high) in enumerate(zip(lows, highs, strict=True))]


def cells(found: Iterable[tuple[float | str, float | str, float]]) -> list[Values]:
    return [{"x": x, "y": y, "value": value} for x, y, value in found]


NAMES = ["oak", "elm", "ash", "fir"]
CASES = {
    "bars": Case(
        "fig, ax = plt.subplots()\nax.bar(['oak', 'elm', 'ash', 'fir'], [3.25, 7.5, 1.75, 12.0])\nax.set_ylabel('m')",
        [{"bar": bars(NAMES, [3.25, 7.5, 1.75, 12.0])}],
    ),
    "negative bars": Case(
        "plt.bar(['oak', 'elm', 'ash', 'fir'], [-3, 7, -11, 2], color='teal')\nplt.axhline(0, color='k')",
        [{"bar": bars(NAMES, [-3, 7, -11, 2])}],
    ),
    "grouped bars": Case(
        "x = np.arange(3)\nfig, ax = plt.subplots()\n"
        "ax.bar(x - 0.2, [12, 30, 21], 0.4, label='2023')\nax.bar(x + 0.2, [17, 26, 33], 0.4, label='2024')\n"
        "ax.set_xticks(x, ['north', 'south', 'east'])\nax.legend(title='Year')",
        [{"bar": bars(["north", "south", "east"], [12, 30, 21]) + bars(["north", "south", "east"], [17, 26, 33])}],
    ),
    "stacked bars": Case(
        "a, b = np.array([4., 2.5]), np.array([3., 6.])\nplt.bar(['p', 'q'], a, label='in')\n"
        "plt.bar(['p', 'q'], b, bottom=a, label='out', hatch='//')\nplt.legend()",
        [{"bar": [*bars(["p", "q"], [4, 2.5]), *bars(["p"], [3], 4), *bars(["q"], [6], 2.5)]}],
    ),
    "horizontal bars": Case(
        "fig, ax = plt.subplots(figsize=(5, 3))\nax.barh(['oak', 'elm', 'ash', 'fir'], [110, 240, 85, 160])\n"
        "ax.invert_yaxis()\nax.grid(axis='x')",
        [{"bar": bars(NAMES, [110, 240, 85, 160])}],
    ),
    "bars on a log axis": Case(
        "plt.bar(['a', 'b', 'c'], [20, 3000, 450000])\nplt.yscale('log')\nplt.ylim(1, 1e6)",
        [{"bar": [{"at": n, "high": h} for n, h in zip("abc", [20, 3000, 450000], strict=True)]}],
    ),
    "cut bars": Case(
        "plt.bar(['a', 'b'], [52, 57])\nplt.ylim(50, 60)",
        [{"bar": [{"at": "a", "high": 52}, {"at": "b", "high": 57}]}],
    ),
    "lines": Case(
        "x = [0, 1, 2, 3.5, 5]\nplt.plot(x, [2, 4, 3, 8, 6], label='one')\n"
        "plt.plot(x, [1, 1.5, 5, 4.5, 9], '--', label='two')\nplt.legend()\nplt.title('Two lines')",
        [{"line": xy([0, 1, 2, 3.5, 5], [2, 4, 3, 8, 6]) + xy([0, 1, 2, 3.5, 5], [1, 1.5, 5, 4.5, 9])}],
    ),
    "marked line": Case(
        "plt.plot(['Mon', 'Tue', 'Wed'], [3, 9, 4], 'o-', color='purple')\nplt.grid(True)",
        [{"line": [{"x": d, "y": y} for d, y in zip(["Mon", "Tue", "Wed"], [3, 9, 4], strict=True)]}],
    ),
    "large numbers": Case(
        "plt.plot([1, 2, 3], [1.5e6, 4.25e6, 2.0e6])",
        [{"line": xy([1, 2, 3], [1.5e6, 4.25e6, 2.0e6])}],
    ),
    "small differences": Case(
        "plt.plot([1, 2, 3], [100000.2, 100000.7, 100000.4])",
        [{"line": xy([1, 2, 3], [100000.2, 100000.7, 100000.4])}],
    ),
    "log axes": Case(
        "plt.loglog([1, 10, 100, 1000], [5, 40, 300, 2500], 's-')",
        [{"line": xy([1, 10, 100, 1000], [5, 40, 300, 2500])}],
    ),
    "half log": Case(
        "plt.scatter([1, 2, 3, 4], [10, 150, 2000, 30000])\nplt.yscale('log')",
        [{"points": xy([1, 2, 3, 4], [10, 150, 2000, 30000])}],
    ),
    "dates": Case(
        "from datetime import datetime as d\n"
        "plt.plot([d(2024, 1, 15), d(2024, 3, 1), d(2024, 6, 20)], [5, 7, 6], 'o-')\nplt.gcf().autofmt_xdate()",
        [{"line": xy([19737, 19783, 19894], [5, 7, 6])}],
    ),
    "concise dates": Case(
        "from datetime import datetime as d\nimport matplotlib.dates as md\nfig, ax = plt.subplots()\n"
        "ax.plot([d(2023, 11, 5), d(2024, 1, 10), d(2024, 4, 2)], [1, 3, 2])\n"
        "ax.xaxis.set_major_formatter(md.ConciseDateFormatter(ax.xaxis.get_major_locator()))",
        [{"line": xy([19666, 19732, 19815], [1, 3, 2])}],
    ),
    "scatter": Case(
        "rng = np.random.default_rng(3)\nx, y = rng.uniform(-5, 5, 25), rng.uniform(0, 80, 25)\n"
        "plt.scatter(x, y, c=['red', 'blue'] * 12 + ['red'], s=30, alpha=0.7)\nplt.xlabel('dose')",
        [{}],
    ),
    "triangles": Case(
        "plt.plot([1, 2, 3, 4], [4, 1, 3, 2], '^', ms=8)\nplt.plot([1.5, 2.5], [1.5, 3.5], '*', ms=10)",
        [{"points": xy([1, 2, 3, 4, 1.5, 2.5], [4, 1, 3, 2, 1.5, 3.5])}],
    ),
    "pie": Case(
        "plt.pie([15, 30, 45, 10], labels=['oak', 'elm', 'ash', 'fir'], autopct='%1.1f%%', explode=(0, 0.1, 0, 0))",
        [{"wedge": [{"label": n, "share": s} for n, s in zip(NAMES, [0.15, 0.3, 0.45, 0.1], strict=True)]}],
    ),
    "donut": Case(
        "plt.pie([2, 3, 5], labels=['x', 'y', 'z'], startangle=90, counterclock=False, wedgeprops={'width': 0.4})\n"
        "plt.title('Shares')",
        [{"wedge": [{"label": n, "share": s} for n, s in zip("xyz", [0.2, 0.3, 0.5], strict=True)]}],
    ),
    "histogram": Case(
        "plt.hist([1, 1, 2, 3, 3, 3, 4, 7, 8, 8], bins=[0, 2, 4, 6, 8, 10], edgecolor='white')",
        [{"histogram": [{"left": 2 * i, "right": 2 * i + 2, "high": h} for i, h in enumerate((2, 4, 1, 1, 2))]}],
    ),
    "boxes": Case(
        "data = [[1, 2, 3, 4, 5, 6, 7], [2, 4, 4, 5, 6, 9, 20]]\nplt.boxplot(data)\nplt.xticks([1, 2], ['A', 'B'])",
        [
            {
                "box": [
                    {"at": "A", "low": 1, "q1": 2.5, "median": 4, "q3": 5.5, "high": 7},
                    {"at": "B", "low": 2, "q1": 4, "median": 5, "q3": 7.5, "high": 9},
                ],
                "points": [{"x": "B", "y": 20}],
            }
        ],
    ),
    "horizontal filled boxes": Case(
        "plt.boxplot([[1, 2, 3, 4, 5, 6, 7]], orientation='horizontal', patch_artist=True)",
        [{"box": [{"low": 1, "q1": 2.5, "median": 4, "q3": 5.5, "high": 7}]}],
    ),
    "heat map": Case(
        "fig, ax = plt.subplots()\nim = ax.imshow([[1, 2, 3], [4, 5, 9]], cmap='viridis')\nfig.colorbar(im)\n"
        "ax.set_xticks([0, 1, 2], ['a', 'b', 'c'])\nax.set_yticks([0, 1], ['p', 'q'])",
        [{"cell": cells(zip("abcabc", "pppqqq", [1, 2, 3, 4, 5, 9], strict=True))}],
    ),
    "mesh": Case(
        "plt.pcolormesh([[0.0, 10.0], [5.0, 7.5]], cmap='plasma')\nplt.colorbar(orientation='horizontal')",
        [{"cell": cells([(0.5, 0.5, 0), (1.5, 0.5, 10), (0.5, 1.5, 5), (1.5, 1.5, 7.5)])}],
    ),
    "steps": Case(
        "plt.step([0, 1, 2, 3], [1, 3, 2, 4], where='post')",
        [{"step": xy([0, 1, 1, 2, 2, 3, 3], [1, 1, 3, 3, 2, 2, 4])}],
    ),
    "area": Case(
        "x = [0, 1, 2, 3]\nplt.fill_between(x, [1, 2, 1, 3], [4, 5, 3, 6], color='orange')",
        [{"area": area([1, 2, 1, 3], [4, 5, 3, 6])}],
    ),
    "stacked areas": Case(
        "plt.stackplot([0, 1, 2], [1, 2, 3], [2, 2, 1], labels=['low', 'high'])\nplt.legend(loc='upper left')",
        [{"area": area([0, 0, 0], [1, 2, 3]) + area([1, 2, 3], [3, 4, 4])}],
    ),
    "error bars": Case(
        "plt.errorbar([1, 2, 3], [5, 7, 4], yerr=[0.5, 1, 0.75], fmt='o', capsize=4)",
        [{"points": xy([1, 2, 3], [5, 7, 4]), "error": spans([(1, 4.5, 5.5), (2, 6, 8), (3, 3.25, 4.75)])}],
    ),
    "bars with errors": Case(
        "plt.bar(['a', 'b'], [5, 8], yerr=[1, 0.5], capsize=5)",
        [{"bar": bars(["a", "b"], [5, 8]), "error": spans([("a", 4, 6), ("b", 7.5, 8.5)])}],
    ),
    "polar line": Case(
        "ax = plt.subplot(projection='polar')\nax.plot(np.radians([0, 60, 150, 290]), [1, 3, 2, 4], 'o-')",
        [{"line": xy([0, 60, 150, 290], [1, 3, 2, 4])}],
    ),
    "compass": Case(
        "ax = plt.subplot(projection='polar')\nax.set_theta_zero_location('N')\nax.set_theta_direction(-1)\n"
        "ax.bar(np.radians([45, 135, 270]), [10, 25, 15], width=0.5)",
        [{"bar": spans([(45, 0, 10), (135, 0, 25), (270, 0, 15)])}],
    ),
    "subplots": Case(
        "fig, (a, b) = plt.subplots(2, 1, sharex=True)\na.plot([0, 5, 10], [1, 4, 2])\nb.bar([2, 4, 8], [30, 10, 20])\n"
        "a.set_title('above')\nb.set_title('below')\nfig.suptitle('Both')\nfig.tight_layout()",
        [
            {"line": xy([0, 5, 10], [1, 4, 2])},
            {"bar": spans([(2, 0, 30), (4, 0, 10), (8, 0, 20)])},
        ],
    ),
    "twin axes": Case(
        "fig, ax = plt.subplots()\nax.bar([1, 2, 3], [10, 20, 15], color='silver')\n"
        "right = ax.twinx()\nright.plot([1, 2, 3], [0.1, 0.5, 0.3], 'r-')\nright.set_ylabel('share')",
        [
            {"bar": spans([(1, 0, 10), (2, 0, 20), (3, 0, 15)])},
            {"line": xy([1, 2, 3], [0.1, 0.5, 0.3])},
        ],
    ),
    "per cent": Case(
        "from matplotlib.ticker import PercentFormatter\nplt.bar(['a', 'b'], [25, 60])\n"
        "plt.gca().yaxis.set_major_formatter(PercentFormatter())",
        [{"bar": bars(["a", "b"], [25, 60])}],
    ),
    "annotated": Case(
        "fig, ax = plt.subplots()\nax.plot([0, 1, 2], [1, 5, 2])\n"
        "ax.annotate('peak', (1, 5), (1.4, 4.5), arrowprops={'arrowstyle': '->'})\nax.text(0.2, 4, 'note')\n"
        "ax.axvline(0.5, color='r', ls=':')",
        [{"line": xy([0, 1, 2], [1, 5, 2]), "rule": [{"x": 0.5}]}],
    ),
    "no frame": Case(
        "fig, ax = plt.subplots()\nax.bar(['u', 'v'], [3, 6])\nax.spines[['top', 'right']].set_visible(False)",
        [{"bar": bars(["u", "v"], [3, 6])}],
    ),
    "saved and closed": Case(
        "plt.plot([0, 1], [0, 2])\nplt.savefig('out.png', dpi=300, bbox_inches='tight')\nplt.close()",
        [{"line": xy([0, 1], [0, 2])}],
    ),
}
CASES = {name: Case(HEAD + case.program, case.panels) for name, case in CASES.items()}
