"""Hostile and lying matplotlib programs: what is read is what the picture shows, and the next program gets its own."""

import os
from collections.abc import Iterator

import numpy as np
import pytest
from chart_cases import CASES, HEAD

from zerosight.geometry.chart import Series
from zerosight.render import InfrastructureError, Rejected
from zerosight.render.chart.draw import DrawnChart
from zerosight.render.chart.pool import FigurePool
from zerosight.render.sandbox.layers import offered

GOOD = HEAD + "plt.bar(['a', 'b'], [1, 3], color='#123456')"


@pytest.fixture(scope="module")
def pool() -> Iterator[FigurePool]:
    with FigurePool(wall_s=6.0, cpu_s=2.0) as made:
        yield made


def drawn(pool: FigurePool, program: str, size: int = 461) -> DrawnChart | Rejected | InfrastructureError:
    (found,) = pool.run([HEAD + program], size)
    return found


def chart(pool: FigurePool, program: str) -> DrawnChart:
    found = drawn(pool, program)
    assert isinstance(found, DrawnChart), found
    return found


def series(found: DrawnChart, kind: str) -> list[Series]:
    return [one for panel in found.scene.panels for one in panel.series if one.kind == kind]


def numbers(found: DrawnChart, kind: str, name: str) -> list[float | str | None]:
    return [mark.values.get(name) for one in series(found, kind) for mark in one.marks]


def still_good(pool: FigurePool) -> bool:
    (found,) = pool.run([GOOD], 200)
    return isinstance(found, DrawnChart) and numbers(found, "bar", "high") == [1.0, 3.0]


def share_of(found: DrawnChart, colour: str) -> float:
    """Of the picture's pixels."""
    return float((found.picture.array == list(bytes.fromhex(colour[1:]))).all(axis=2).mean())


# --- lies: a program that reports other data than it draws


def test_patched_plotting_changes_picture_and_values_together(pool: FigurePool) -> None:
    lie = (
        "from matplotlib.axes import Axes\nreal = Axes.bar\n"
        "Axes.bar = lambda self, x, h, **k: real(self, x, [2 * v for v in h], **k)\n"
        "plt.bar(['a', 'b'], [1, 3], color='#ff0000')"
    )
    found = chart(pool, lie)
    assert numbers(found, "bar", "high") == [2.0, 6.0]
    rows = (found.picture.array == [255, 0, 0]).all(axis=2)
    heights = [rows[:, columns].sum(axis=0).max() for columns in (slice(0, 230), slice(230, 461))]
    assert heights[1] / heights[0] == pytest.approx(3, rel=0.03)


def test_patched_data_after_drawing_changes_nothing(pool: FigurePool) -> None:
    lie = (
        "from matplotlib.patches import Rectangle\nbars = plt.bar(['a', 'b'], [1, 3])\n"
        "Rectangle.get_height = lambda self: 50.0\nRectangle.__repr__ = lambda self: '50'"
    )
    assert numbers(chart(pool, lie), "bar", "high") == [1.0, 3.0]


def test_labels_that_lie_are_what_the_reader_reads(pool: FigurePool) -> None:
    """The viewer sees the labels and not the data: values are held against them."""
    lie = "plt.bar(['a', 'b'], [1, 3])\nplt.gca().yaxis.set_major_formatter(lambda v, p: f'{10 * v:g}')"
    assert numbers(chart(pool, lie), "bar", "high") == [10.0, 30.0]


def test_labels_out_of_order_give_no_numbers(pool: FigurePool) -> None:
    lie = "plt.bar(['a', 'b'], [1, 3])\nplt.yticks([0, 1, 2, 3], ['0', '3', '1', '2'])"
    assert not any(isinstance(value, float) for value in numbers(chart(pool, lie), "bar", "high"))


@pytest.mark.parametrize(
    "hide",
    [
        "for t in ax.get_yticklabels(): t.set_color('white')",
        "for t in ax.get_yticklabels(): t.set_alpha(0.02)",
        "for t in ax.get_yticklabels(): t.set_fontsize(0.5)",
        "for t in ax.get_yticklabels(): t.set_visible(False)",
        "fig.patches.append(plt.Rectangle((0, 0), 0.12, 1, color='white', transform=fig.transFigure, zorder=99))",
        "veil = dict(color='white', alpha=0.5, transform=fig.transFigure, zorder=99)\n"
        "for _ in range(6): fig.add_artist(plt.Rectangle((0, 0), 0.12, 1, **veil))",
        "fig.add_artist(plt.Line2D([0.06, 0.06], [0, 1], lw=60, color='white'))",
        "fig.text(0.0, 0.0, '\\u25a0', fontsize=900, color='white')",
        "ax.set_position([-0.1, 0.1, 0.9, 0.8])",
    ],
)
def test_labels_that_are_not_seen_are_not_read(hide: str, pool: FigurePool) -> None:
    outcome = drawn(pool, f"fig, ax = plt.subplots()\nax.bar(['a', 'b'], [1, 3])\n{hide}")
    if isinstance(outcome, Rejected):
        return
    assert isinstance(outcome, DrawnChart), outcome
    axis = outcome.scene.panels[0].axis("y")
    assert axis is None or axis.scale is None, axis
    assert not any(isinstance(value, float) for value in numbers(outcome, "bar", "high"))


def test_labels_far_from_their_ticks_are_not_read(pool: FigurePool) -> None:
    lie = "fig, ax = plt.subplots()\nax.bar(['a', 'b'], [1, 3])\nax.tick_params(axis='y', labelrotation=0)\n" + (
        "import matplotlib.transforms as mt\n"
        "for t in ax.get_yticklabels(): t.set_transform(t.get_transform() + mt.Affine2D().translate(0, 40))"
    )
    outcome = chart(pool, lie)
    found = numbers(outcome, "bar", "high")
    assert 3.0 not in found or outcome.scene.panels[0].axis("y") is None


@pytest.mark.parametrize(
    ("cover", "seen"),
    [
        ("plt.gca().add_patch(plt.Rectangle((0.5, -1), 2, 9, color='white', zorder=50))", 1),
        ("plt.gca().add_patch(plt.Rectangle((-1, -1), 9, 9, color='white', alpha=0.1, zorder=50))", 2),
        ("bars[1].set_visible(False)", 1),
        ("bars[1].set_alpha(0)", 1),
        ("bars[1].set_clip_path(plt.Circle((0, 0), 0.1, transform=plt.gca().transData))", 1),
    ],
)
def test_bars_that_are_not_seen_are_not_counted(cover: str, seen: int, pool: FigurePool) -> None:
    found = chart(pool, f"bars = plt.bar(['a', 'b'], [2, 3], color='#ff0000')\n{cover}")
    (one,) = [one for one in series(found, "bar") if one.colour == "#ff0000"]
    assert len(one.marks) == seen


@pytest.mark.parametrize("name", ["legend", "xtick", "matplotlib.axis", "text", "figure", "colorbar"])
def test_a_group_of_a_false_name_hides_nothing(name: str, pool: FigurePool) -> None:
    """Bars said to be part of a legend, a tick or an axis are bars all the same, or at least something left over."""
    lie = (
        "from matplotlib.patches import Patch\nreal = Patch.draw\n"
        "def draw(self, renderer):\n"
        f"    renderer.open_group({name!r}, None)\n    real(self, renderer)\n    renderer.close_group({name!r})\n"
        "Patch.draw = draw\nplt.bar(['a', 'b', 'c'], [1, 3, 2], color='#ff0000')"
    )
    found = chart(pool, lie)
    assert share_of(found, "#ff0000") > 0.1
    count = sum(len(one.marks) for one in series(found, "bar"))
    others = found.scene.others + sum(panel.others for panel in found.scene.panels)
    assert count == 3 or others > 0


def test_a_forged_display_list_is_drawn_and_read_alike(pool: FigurePool) -> None:
    """A program that writes the child's message itself has drawn with other means; its picture is what it wrote."""
    forged = (
        "import os, json, struct\n"
        "m = json.dumps({'width': 100.0, 'height': 100.0, 'vertices': 4, 'items': [['group', 'figure'],"
        "['group', 'axes'], ['path', 0, 4, 'AQICAg==', 0], ['end'], ['end']],"
        "'styles': [[[255, 0, 0, 255], None, 0, None, 'butt', 'miter', None, None, True]]}).encode()\n"
        "p = struct.pack('<8d', 10, 10, 60, 10, 60, 60, 10, 60)\n"
        "os.write(3, struct.pack('<II', len(m), len(p)) + m + p)\nos._exit(0)"
    )
    found = drawn(pool, forged)
    assert isinstance(found, DrawnChart)
    assert share_of(found, "#ff0000") == pytest.approx(0.25, abs=0.02)
    others = found.scene.others + sum(panel.others + len(panel.series) for panel in found.scene.panels)
    assert others > 0


STYLE = "[[255, 0, 0, 255], None, 0, None, 'butt', 'miter', None, None, True]"


@pytest.mark.parametrize(
    "change",
    [
        "m['width'] = float('nan')",
        "m['width'] = 1e9",
        "m['width'] = True",
        "m['vertices'] = 10**9",
        "m['vertices'] = -1",
        "m['items'][0][1] = 7",
        "m['items'][0][2] = -3",
        "m['items'][0][3] = 'BAQEBA=='",
        "m['items'][0][3] = '!!'",
        "m['items'][0][4] = 5",
        "m['items'] = [['end']]",
        "m['items'] = [['group', 'a']] * 50",
        "m['items'] = [['image', 0, [9, 9], 0, 0]]",
        "m['items'] = [['text', 0, 0, 'x' * 999, 10, False, False, 0, [0, 0, 0, 255], None]]",
        "m['items'] = [['text', 0, 0, '12', 10, False, False, 0, [0, 0, 0, 255], [6, 0]]]",
        "m['items'] = [['text', 0, 0, '12', 10, False, False, 0, [0, 0, 0, 999], None]]",
        "m['items'] = [['spell']]",
        "m['items'] = {'a': 1}",
        "m['styles'] = [3]",
        "m['styles'][0][2] = 1e9",
        "m = [1, 2]",
        "p = struct.pack('<8d', *[float('inf')] * 8)",
        "p = p[:9]",
    ],
)
def test_forged_nonsense_is_rejected(change: str, pool: FigurePool) -> None:
    forged = (
        "import os, json, struct\n"
        "m = {'width': 100.0, 'height': 100.0, 'vertices': 4, 'items': [['path', 0, 4, 'AQICAg==', 0]],"
        f"'styles': [{STYLE}]}}\np = struct.pack('<8d', 10, 10, 60, 10, 60, 60, 10, 60)\n{change}\n"
        "m = json.dumps(m).encode()\n"
        "os.write(3, struct.pack('<II', len(m), len(p)) + m + p)\nos._exit(0)"
    )
    outcome = drawn(pool, forged)
    assert isinstance(outcome, Rejected), outcome
    assert still_good(pool)


# --- wrong and greedy programs


@pytest.mark.parametrize(
    ("program", "code", "reason"),
    [
        ("x = 1", "no_figure", "leaves no figure"),
        ("plt.plot([1, 2], [1, 2, 3])", "error", "line 3: ValueError: x and y must have same first dimension"),
        ("plt.plott([1])", "error", "line 3: AttributeError"),
        ("plt.figure(figsize=(200, 3))\nplt.plot([1])", "size", "200 x 3 inches"),
        ("plt.figure(figsize=(0.01, 3))\nplt.plot([1])", "size", "0.01 x 3 inches"),
        ("plt.rcParams['text.usetex'] = True\nplt.title('a')", "", ""),
        ("plt.scatter(np.arange(9000), np.arange(9000), c=np.random.rand(9000, 3))", "size", "more than"),
        ("plt.plot(np.random.rand(200000))", "size", "more than 100000 points"),
        ("plt.imshow(np.random.rand(1500, 1500))", "size", "pixels"),
        ("for i in range(9000): plt.axvline(i)", "", ""),
        ("plt.plot([0, 1], [0, 1])\nplt.xticks(np.linspace(0, 1, 10**6))", "", ""),
        ("plt.gca().xaxis.set_major_locator(plt.MultipleLocator(1e-9))\nplt.plot([0, 1])", "", ""),
        ("plt.figure(dpi=10**7)\nplt.plot([1])\nplt.gcf().canvas.draw()", "", ""),
        ("figs = [plt.figure(figsize=(15, 15), dpi=300) for _ in range(400)]\nfor f in figs: f.canvas.draw()", "", ""),
        ("plt.text(0.5, 0.5, '\\u6f22\\u5b57')", "text", "which the font lacks"),
        ("plt.title('x' * 5000)", "", ""),
        ("plt.title('$' + '{' * 3000 + '}' * 3000 + '$')", "", ""),
        ("plt.plot([np.nan, np.inf], [1, 2])", "chart", ""),
        ("plt.plot([1e300, -1e300], [1e-300, 1e300])", "chart", ""),
        ("plt.subplots(60, 60)", "", ""),
    ],
)
def test_wrong_and_greedy_programs(program: str, code: str, reason: str, pool: FigurePool) -> None:
    outcome = drawn(pool, program)
    if code == "chart":
        assert isinstance(outcome, DrawnChart), outcome
    else:
        assert isinstance(outcome, Rejected), outcome
        assert code in ("", outcome.code) and reason in outcome.reason, outcome
    assert still_good(pool)


ATTACKS = {
    "write a file": "open('/tmp/x', 'w').write('x')",
    "read a file": "plt.title(open('/etc/passwd').read())",
    "read an image": "plt.imshow(plt.imread('/etc/passwd'))",
    "fetch an image": "import urllib.request; plt.imread(urllib.request.urlopen('http://example.com/a.png'))",
    "use another backend": "plt.switch_backend('pdf'); plt.plot([1]); plt.gcf().canvas.print_pdf('/tmp/x.pdf')",
    "run LaTeX": "import subprocess; subprocess.run(['latex'])",
    "set a font file": "import matplotlib.font_manager as f; f.fontManager.addfont('/etc/shadow')",
    "load a style": "plt.style.use('http://example.com/a.mplstyle')",
    "draw with code in a figure": "import pickle; assert pickle.loads(b'cos\\nsystem\\n(S\"id\"\\ntR.') == 0",
    "spin in a formatter": "plt.plot([1]); plt.gca().xaxis.set_major_formatter(lambda v, p: [0 for _ in iter(int, 1)])",
    "raise while drawing": "plt.plot([1]); plt.gca().draw = lambda r: 1 / 0",
    "leave while drawing": "import os; plt.plot([1]); plt.gca().draw = lambda r: os._exit(0)",
    "patch the recorder": "import zerosight.render.chart.recorder as f; f.Recorder = None; plt.plot([1])",
    "patch numpy": "np.array = None; plt.plot([1])",
}


def shared_files() -> set[str]:
    """Files in shared memory, without the semaphores of other tests that run beside this one."""
    return {name for name in os.listdir("/dev/shm") if not name.startswith("sem.mp-")}


@pytest.mark.sandbox
@pytest.mark.skipif(len(offered()) < 4, reason=f"this machine offers only {offered()}")
@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_contained(name: str, pool: FigurePool) -> None:
    pids, before = pool.pids, shared_files()
    outcome = drawn(pool, ATTACKS[name])
    assert isinstance(outcome, Rejected), outcome
    assert still_good(pool)
    assert not pids or pool.pids == pids
    assert shared_files() == before


def test_a_program_leaves_nothing_for_the_next(pool: FigurePool) -> None:
    assert isinstance(drawn(pool, "plt.rcParams['axes.facecolor'] = 'red'; plt.plot([1]); plt.plot([2])"), DrawnChart)
    found = chart(pool, "plt.plot([1, 2])")
    assert not np.all(found.picture.array == [255, 0, 0], axis=2).any()


def test_pictures_and_scenes_are_the_same_each_time(pool: FigurePool) -> None:
    first, second = pool.run([CASES["boxes"].program] * 2, 300)
    assert isinstance(first, DrawnChart) and isinstance(second, DrawnChart)
    assert first.scene.digest == second.scene.digest and first.picture.digest == second.picture.digest


# --- hints: what the program says of its artists decides between readings, and hides nothing

HINTS = (
    "background", "bar", "bar sideways", "area", "error", "spine", "span", "patch", "arrow", "table", "cells", "image",
    "violin", "baseline", "contour", "3D axes", "colour bar", "wedge", "shadow", "no such hint",
)  # fmt: skip


@pytest.mark.parametrize("hint", HINTS)
def test_a_false_hint_hides_nothing(hint: str, pool: FigurePool) -> None:
    """Bars with another artist's hint are bars all the same, or something that is said to be left over."""
    lie = (
        "from matplotlib.artist import Artist\nfrom matplotlib.patches import Rectangle\nreal = Artist.get_gid\n"
        f"Artist.get_gid = lambda self: {hint!r} if isinstance(self, Rectangle) and self.axes else real(self)\n"
        "plt.bar(['a', 'b', 'c'], [1, 3, 2], color='#ff0000')"
    )
    found = chart(pool, lie)
    assert share_of(found, "#ff0000") > 0.1
    count = sum(len(one.marks) for one in series(found, "bar"))
    others = found.scene.others + sum(panel.others for panel in found.scene.panels)
    assert count == 3 or others > 0


@pytest.mark.parametrize("hint", HINTS)
def test_axes_of_a_false_kind_hide_nothing(hint: str, pool: FigurePool) -> None:
    lie = (
        "from matplotlib.axes import Axes\nfrom matplotlib.artist import Artist\nreal = Artist.get_gid\n"
        f"Artist.get_gid = lambda self: {hint!r} if isinstance(self, Axes) else real(self)\n"
        "plt.bar(['a', 'b', 'c'], [1, 3, 2], color='#ff0000')"
    )
    found = chart(pool, lie)
    count = sum(len(one.marks) for one in series(found, "bar"))
    others = found.scene.others + sum(panel.others for panel in found.scene.panels)
    assert count == 3 or others > 0


def test_bars_in_the_group_of_a_text_are_no_text_box(pool: FigurePool) -> None:
    lie = (
        "from matplotlib.text import Text\nreal = Text.draw\nbars = plt.bar(['a', 'b'], [3, 2], color='#ff0000')\n"
        "def draw(self, renderer):\n"
        "    renderer.open_group('text', None)\n    [bar.draw(renderer) for bar in bars]\n"
        "    real(self, renderer)\n    renderer.close_group('text')\n"
        "note = plt.text(0, 1, 'note')\nnote.draw = draw.__get__(note)\n[bar.set_visible(True) for bar in bars]"
    )
    found = chart(pool, lie)
    assert len(numbers(found, "bar", "high")) >= 2


def test_a_span_that_says_it_is_a_bar_is_one(pool: FigurePool) -> None:
    """Nobody can tell it from a bar as high as its panel, and its ends are where they are read."""
    lie = (
        "bar = plt.bar([1, 2], [2, 3])\nspan = plt.axvspan(2.6, 3.4)\nplt.ylim(0, 4)\n"
        "from matplotlib.container import BarContainer\nplt.gca().add_container(BarContainer([span]))"
    )
    assert sorted(map(float, filter(None, numbers(chart(pool, lie), "bar", "high")))) == [2.0, 3.0, 4.0]


def test_a_line_that_is_covered_in_part_is_read_whole_or_not_at_all(pool: FigurePool) -> None:
    cover = "plt.gca().add_patch(plt.Rectangle((2.5, -9), 1, 99, color='white', zorder=50))"
    found = chart(pool, f"plt.plot([1, 2, 3, 4], [1, 2, 3, 2])\n{cover}")
    assert series(found, "line") == []
    assert "covered line" in found.scene.panels[0].unread
