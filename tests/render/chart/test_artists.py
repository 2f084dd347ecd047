"""Every artist of matplotlib is read, or said not to be: the table in docs/matplotlib.md, run."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from zerosight.render import FigurePool
from zerosight.render.chart.draw import DrawnChart

DOCUMENT = (Path(__file__).parents[3] / "docs" / "matplotlib.md").read_text()
HEAD = (
    "import numpy as np\nimport matplotlib.pyplot as plt\n"
    "from matplotlib import collections, offsetbox, patches\n"
    "X, Y = np.meshgrid(np.arange(5.0), np.arange(5.0))\nZ = X + 2 * Y + 0.5\nfig, ax = plt.subplots()\n"
)
ROW = re.compile(r"^\| (.+?) \| `(.+?)` \| (.*?) ?\| (.*?) ?\|$", re.MULTILINE)
ROWS = [
    pytest.param(example, re.findall("`(.+?)`", read), re.findall("`(.+?)`", unread), id=example)
    for _, example, read, unread in ROW.findall(DOCUMENT)
]
BASES = {
    # Classes that only others derive from, and one that is private by its name.
    "_AxesBase", "_CollectionWithSizes", "_ColorbarSpine", "_ImageBase", "Collection", "ColorizingArtist",
    "FigureBase", "Patch", "PackerBase",
    # Of toolkits that replace axes by others of the same looks.
    "AxesHostAxes", "AxesParasite", "SimpleAxisArtist",
}  # fmt: skip


@pytest.fixture(scope="module")
def pool() -> Iterator[FigurePool]:
    with FigurePool(workers=2, wall_s=60.0, memory_mb=768) as made:
        yield made


@pytest.mark.parametrize(("example", "read", "unread"), ROWS)
def test_artist_is_read_or_said_not_to_be(pool: FigurePool, example: str, read: list[str], unread: list[str]) -> None:
    (found,) = pool.run([HEAD + example], 320)
    assert isinstance(found, DrawnChart), found
    scene = found.scene
    # A panel that nothing is drawn in, as beside a subfigure, does not count.
    assert scene.others == 0 and scene.unread == ()
    assert sorted({series.kind for panel in scene.panels for series in panel.series}) == sorted(read)
    assert sorted({kind for panel in scene.panels for kind in panel.unread}) == sorted(unread)
    assert all(bool(panel.others) == bool(panel.unread) for panel in scene.panels)


def test_every_artist_is_in_the_table() -> None:
    import matplotlib.pyplot  # noqa: F401
    import mpl_toolkits.mplot3d  # noqa: F401
    from matplotlib.artist import Artist

    named = set(re.findall(r"`(\w+)`", " ".join(artists for artists, *_ in ROW.findall(DOCUMENT))))
    known = {artist.__name__ for artist in subclasses(Artist) if artist.__module__.startswith(("matplotlib", "mpl_"))}
    assert known - named - BASES == set()


def subclasses(cls: type) -> Iterator[type]:
    for derived in cls.__subclasses__():
        yield derived
        yield from subclasses(derived)
