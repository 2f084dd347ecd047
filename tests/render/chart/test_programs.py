"""How programs save, show and end, and what of older libraries still works."""

import time
from collections.abc import Iterator

import pytest

from zerosight.render import FigurePool, Rejected
from zerosight.render.chart.draw import DrawnChart

HEAD = "import numpy as np\nimport matplotlib.pyplot as plt\n"
BARS = "plt.bar(['a', 'b'], [2, 3])\n"


@pytest.fixture(scope="module")
def pool() -> Iterator[FigurePool]:
    with FigurePool(wall_s=60.0, memory_mb=768) as made:
        yield made


def heights(pool: FigurePool, program: str) -> list[object]:
    (found,) = pool.run([HEAD + program], 200)
    assert isinstance(found, DrawnChart), found
    return [mark.values["high"] for panel in found.scene.panels for one in panel.series for mark in one.marks]


@pytest.mark.parametrize(
    "ending",
    [
        "plt.savefig('a.png'); plt.clf()",
        "plt.savefig('a.png'); plt.cla(); plt.bar(['z'], [9])",
        "plt.gcf().savefig('a.png'); plt.close('all')",
        "plt.savefig('a.png'); plt.ylim(0, 99); plt.title('later')",
        "plt.savefig('a.png'); plt.figure(); plt.bar(['z'], [9])",
        "plt.savefig('a.png'); plt.show(); plt.bar(['z'], [9]); plt.show()",
        "plt.show()",
        "plt.show(); plt.close()",
        "plt.show(); plt.savefig('a.png')",
        "plt.show(); plt.bar(['z'], [9])",
        "plt.ion(); plt.show(); plt.pause(0.1); plt.ioff()",
        "plt.show(block=False); plt.pause(5)",
        "plt.gcf().show()",
        "plt.gcf().canvas.print_figure('a.png')",
        "import io; plt.savefig(io.BytesIO(), format='png')",
        "fig = plt.gcf(); plt.close(); fig.savefig('a.png')",
        "",
    ],
)
def test_a_figure_is_what_it_was_when_it_was_saved_or_shown(ending: str, pool: FigurePool) -> None:
    assert heights(pool, BARS + ending) == [2.0, 3.0]


@pytest.mark.parametrize("program", ["plt.figure()", "plt.bar(['a'], [1]); plt.clf()", "plt.savefig('a.png')"])
def test_an_empty_figure_is_refused(program: str, pool: FigurePool) -> None:
    (found,) = pool.run([HEAD + program], 200)
    assert isinstance(found, Rejected) and found.code == "no_figure"


@pytest.mark.parametrize(
    "line",
    [
        "import matplotlib; matplotlib.use('TkAgg'); matplotlib.use('Qt5Agg')",
        "plt.switch_backend('WebAgg')",
        "import os; os.makedirs('out/charts', exist_ok=True); os.mkdir('x')",
        "from pathlib import Path; Path('out').mkdir(parents=True)",
        "import warnings; warnings.filterwarnings('ignore'); import os.path; os.path.join('a', 'b')",
        "colour_map = plt.cm.get_cmap('tab10'); plt.get_cmap('viridis', 4); colour_map(0)",
        "import matplotlib.cm as cm; cm.register_cmap('mine', plt.get_cmap('viridis'))",
        "plt.style.use('seaborn'); plt.style.use('seaborn-poster'); plt.style.use('default')",
        "np.float(1); np.int(2); np.bool_(1); np.NaN; np.Inf; np.trapz([1, 2]); np.product([1, 2])",
        "plt.grid(b=True, axis='y')",
        "plt.gcf().canvas.set_window_title('a')",
        "plt.gcf().canvas.manager.set_window_title('a')",
    ],
)
def test_what_has_no_place_here_is_harmless(line: str, pool: FigurePool) -> None:
    assert heights(pool, f"{line}\n{BARS}") == [2.0, 3.0]


@pytest.mark.parametrize(
    ("program", "kinds"),
    [
        ("plt.boxplot([1, 2, 3], labels=['a'], vert=False)", {"box"}),
        ("plt.hist([1, 2, 2, 3], bins=3, normed=True)", {"histogram"}),
        ("plt.gca().plot_date([19000, 19010], [1, 2], '-')", {"line"}),
        ("legend = plt.plot([1, 2], label='n') and plt.legend(); legend.legendHandles[0]", {"line"}),
        ("plt.bar([1, 2], [2, 3]); plt.colorbar(plt.cm.ScalarMappable())", {"bar"}),
        ("cs = plt.contour(np.eye(3)); [c.set_linewidth(2) for c in cs.collections]", set()),
        ("plt.tricontourf([0, 1, 0, 1], [0, 0, 1, 1], [1, 2, 3, 4])", set()),
    ],
)
def test_older_api_still_works(program: str, kinds: set[str], pool: FigurePool) -> None:
    (found,) = pool.run([HEAD + program], 200)
    assert isinstance(found, DrawnChart), found
    assert {one.kind for panel in found.scene.panels for one in panel.series} == kinds


def test_too_much_memory_is_the_programs_doing(pool: FigurePool) -> None:
    (found,) = pool.run([HEAD + "x = np.zeros((60000, 60000)) + 1\nplt.plot(x[0])"], 200)
    assert isinstance(found, Rejected) and found.code == "resources"


def test_reading_takes_time_in_proportion() -> None:
    """Eight times the points take less than 32 times as long, on a busy machine; a quadratic reader takes 64 times."""
    from zerosight.render.chart import program
    from zerosight.render.chart.draw import draw_figure

    seconds = []
    for count in (500, 4000):
        from matplotlib.figure import Figure

        figure = Figure()
        steps = [(-1) ** i * (i % 17) for i in range(count)]
        figure.add_subplot().plot(range(count), steps)
        message, payload = program.run({"figure": figure}, {}, b"")
        started = time.process_time()
        assert isinstance(draw_figure(message, payload, 320), DrawnChart)
        seconds.append(time.process_time() - started)
    assert seconds[1] < 32 * seconds[0], seconds
