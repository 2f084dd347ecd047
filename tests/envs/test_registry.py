import sys
import warnings
from importlib.metadata import EntryPoint

import pytest

from zerosight.envs import PluginError, UnknownEnvironmentError, list_environments, make, register, registry
from zerosight.envs.shapes.canvas import CanvasV1

PLUGIN = """
from zerosight.envs.shapes.canvas import CanvasV1
class Other(CanvasV1):
    id = "plug/Other-v1"
"""


@pytest.fixture
def plugins(monkeypatch, tmp_path):
    """Installs modules as plugins, by id, and forgets them after the test."""
    monkeypatch.setattr(registry, "_factories", dict(registry._factories))
    monkeypatch.syspath_prepend(str(tmp_path))
    points: list[EntryPoint] = []
    monkeypatch.setattr(registry, "entry_points", lambda group: [each for each in points if each.group == group])

    def install(env_id: str, source: str, name: str = "Other") -> None:
        module = f"zs_plugin_{len(points)}"
        (tmp_path / f"{module}.py").write_text(source)
        points.append(EntryPoint(env_id, f"{module}:{name}", registry.GROUP))

    make.cache_clear()
    yield install
    make.cache_clear()
    for point in points:
        sys.modules.pop(point.value.partition(":")[0], None)


def test_built_in_environment_is_listed_and_made_once():
    assert "shapes/Canvas-v1" in list_environments()
    assert make("shapes/Canvas-v1") is make("shapes/Canvas-v1")
    assert make("shapes/Canvas-v1").id == "shapes/Canvas-v1"


@pytest.mark.parametrize("near", ["shape/Canvas-v1", "Canvas-v1", "shapes/canvas-v1", "shapes/Canva-v1"])
def test_unknown_id_suggests_the_closest(near):
    with pytest.raises(UnknownEnvironmentError) as caught:
        make(near)
    message = str(caught.value)
    assert f"unknown environment {near!r}; did you mean 'shapes/Canvas-v1'?" in message
    assert "known: " in message and not message.startswith(("'", '"'))


def test_unknown_id_far_from_all_says_where_to_look():
    with pytest.raises(UnknownEnvironmentError, match="see `zerosight env list`"):
        make("qqqqqq")


@pytest.mark.parametrize(
    "env_id",
    ["", "Canvas", "Canvas-v1", "shapes/Canvas", "shapes/-v1", "/Canvas-v1", "shapes/Canvas-v", "shapes/Canvas-vx"],
)
def test_malformed_id_is_refused(plugins, env_id):
    with pytest.raises(ValueError, match="must have the form family/Name-vN, such as shapes/Canvas-v1"):
        register(env_id, CanvasV1)


def test_id_is_not_given_twice(plugins):
    register("shapes/Canvas-v1", CanvasV1)  # the same factory again is no conflict
    with pytest.raises(ValueError, match=r"'shapes/Canvas-v1' is registered already; raise its version"):
        register("shapes/Canvas-v1", lambda: CanvasV1())


def test_plugin_is_listed_without_being_imported_and_made_on_demand(plugins, tmp_path):
    plugins("plug/Other-v1", f"open({str(tmp_path / 'loaded')!r}, 'w').close()\n{PLUGIN}")
    assert "plug/Other-v1" in list_environments()
    assert not (tmp_path / "loaded").exists()
    assert make("plug/Other-v1").id == "plug/Other-v1"
    assert (tmp_path / "loaded").exists()


@pytest.mark.parametrize(
    ("source", "name", "says"),
    [
        ("import surely_not_installed", "Other", "surely_not_installed"),
        ("x = 1", "Missing", "Missing"),
        ("def f(:", "Other", "syntax"),
    ],
    ids=["missing dependency", "missing class", "syntax error"],
)
def test_broken_plugin_warns_when_listed_and_fails_when_made(plugins, source, name, says):
    plugins("plug/Broken-v1", source, name)
    plugins("plug/Other-v1", PLUGIN)
    assert {"plug/Broken-v1", "plug/Other-v1", "shapes/Canvas-v1"} <= set(list_environments())
    with pytest.warns(UserWarning, match="'plug/Broken-v1' from 'zs_plugin_0:"):
        broken = registry.broken_plugins()
    assert set(broken) == {"plug/Broken-v1"} and says in broken["plug/Broken-v1"]
    with pytest.raises(PluginError, match="does not load") as caught:
        make("plug/Broken-v1")
    assert caught.value.__cause__ is not None
    assert make("shapes/Canvas-v1").id == "shapes/Canvas-v1"  # the others are not harmed


@pytest.mark.parametrize(
    "source",
    ["1 / 0", "undefined_name", f"{PLUGIN}\n    def __init__(self): raise ValueError('no config')"],
    ids=["raises", "undefined name", "fails when made"],
)
def test_plugin_that_fails_otherwise_is_a_plugin_error_too(plugins, source):
    plugins("plug/Broken-v1", source)
    with pytest.raises(PluginError):
        make("plug/Broken-v1")


def test_plugin_with_a_malformed_id_does_not_stop_the_listing(plugins):
    plugins("NoVersion", PLUGIN)
    with pytest.warns(UserWarning, match="NoVersion"):
        assert "NoVersion" in registry.broken_plugins()


def test_sound_plugins_give_no_warning(plugins):
    plugins("plug/Other-v1", PLUGIN)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert registry.broken_plugins() == {}
