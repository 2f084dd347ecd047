"""Workers start whatever way leads to Python: folders up and back, links, links to links."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from zerosight.render.sandbox import paths
from zerosight.render.sandbox.layers import LAYERS, offered
from zerosight.render.sandbox.paths import interpreter, readable

DRAW = """
import sys
from zerosight.render import RenderPool
with RenderPool(layers=sys.argv[1:]) as pool:
    print(type(pool.render(['<svg viewBox="0 0 8 8"><circle r="3"/></svg>'])[0]).__name__)
"""


def ways(folder: Path) -> dict[str, str]:
    """Paths to this Python, by what is odd about them."""
    real_bin = Path(sys.executable).parent
    (folder / "there").mkdir()
    (folder / "environment").symlink_to(real_bin.parent)
    (folder / "again").symlink_to("environment")
    up_and_back = os.path.relpath(sys.executable, real_bin.parent)
    name = Path(sys.executable).name
    return {
        "up and back": f"{real_bin.parent}/../{real_bin.parent.name}/{up_and_back}",
        "up from a folder beside it": f"{folder}/there/../environment/bin/{name}",
        "dots and slashes": f"{real_bin.parent}/./{real_bin.name}//{name}",
        "a link to its environment": f"{folder}/environment/bin/{name}",
        "a link to a link": f"{folder}/again/bin/{name}",
        "a way back through a link": f"{folder}/environment/bin/../bin/{name}",
    }


WAYS = (
    "up and back",
    "up from a folder beside it",
    "dots and slashes",
    "a link to its environment",
    "a link to a link",
    "a way back through a link",
)


@pytest.mark.sandbox
@pytest.mark.parametrize("way", WAYS)
def test_workers_start_by_any_way_to_python(way: str, tmp_path: Path) -> None:
    python = ways(tmp_path)[way]
    done = subprocess.run([python, "-c", DRAW, *offered()], capture_output=True, text=True, timeout=120, cwd="/")
    assert done.stdout.strip() == "RenderedSvg", (done.stdout, done.stderr[-1000:])


def test_the_interpreters_path_goes_nowhere_and_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "a" / "python").symlink_to("/usr/bin/true")
    for way in ("a/python", "a/../a/python", "link/python", "link/../link/./python"):
        monkeypatch.setattr(paths.sys, "executable", f"{tmp_path}/{way}")
        assert interpreter() == f"{tmp_path}/a/python"


def test_links_and_folders_on_the_way_are_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "real" / "inner").mkdir(parents=True)
    (tmp_path / "aside").mkdir()
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to(tmp_path / "real")
    monkeypatch.setattr(paths.sys, "prefix", f"{tmp_path}/aside/../one/inner")
    shown = readable()
    assert str(tmp_path / "real" / "inner") in shown.contents
    assert {(str(tmp_path / "one"), "two"), (str(tmp_path / "two"), str(tmp_path / "real"))} <= set(shown.links)
    assert str(tmp_path / "aside") in shown.folders


def test_nothing_is_shown_twice() -> None:
    contents = readable().contents
    assert not [(a, b) for a in contents for b in contents if a != b and b.startswith(f"{a}/")]
    assert all(os.path.realpath(path) == path for path in contents)
    assert set(LAYERS) >= set(offered())
