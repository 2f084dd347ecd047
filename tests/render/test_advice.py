"""Hints for programs that were written for something else: they name what is here, and mislead nobody."""

import pytest

from zerosight.render import edit
from zerosight.render.chart import program as chart
from zerosight.render.solid import advice

SCENE = "import trimesh\nscene = trimesh.Scene(trimesh.creation.box([1, 1, 1]))\n"


def missing(name: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize(
    "name", ["cadquery", "bpy", "build123d", "solid2", "pyvista.plotting", "vtk", "OCC.Core", "stl"]
)
def test_other_modellers_have_their_trimesh_calls(name: str) -> None:
    hint = advice.hint(missing(name), f"import {name}")
    assert hint is not None and hint.startswith("use trimesh: ") and len(hint) < 500


def test_an_unknown_module_is_answered_by_those_that_are_here() -> None:
    assert advice.hint(missing("humpty"), "import humpty") == "use trimesh, numpy, scipy or shapely"
    assert "OpenCV" in str(edit.hint(missing("mahotas"), "import mahotas"))
    assert "seaborn" in str(chart.hint(missing("squarify"), "import squarify"))


@pytest.mark.parametrize(
    "program",
    [
        "cube([10, 10, 10], center=true);",
        "$fn = 64;\nsphere(r = 5);",
        "module leg(h) {\n  cylinder(h = h, r = 2);\n}\nleg(10);",
        "difference() {\n  cube(4); // block\n  sphere(3);\n}",
    ],
)
def test_openscad_is_known_by_its_statements(program: str) -> None:
    with pytest.raises((SyntaxError, NameError)) as raised:
        exec(compile(program, "<program>", "exec"), {})
    assert "not OpenSCAD" in str(advice.hint(raised.value, program))


@pytest.mark.parametrize(
    "program", ["cube = 3\nprint(cub)", "sphere(3)", f"{SCENE}for i in range(3)\n    pass", "d = {\n  'a': b\n}"]
)
def test_python_that_is_wrong_is_not_called_openscad(program: str) -> None:
    with pytest.raises((SyntaxError, NameError)) as raised:
        exec(compile(program, "<program>", "exec"), {})
    assert advice.hint(raised.value, program) is None


def test_meshes_in_files_are_to_be_written_into_the_program() -> None:
    error = ValueError("string is not a file: `part.stl`")
    assert "io.StringIO" in str(advice.hint(error, "import trimesh\nm = trimesh.load('part.stl')"))
    assert advice.hint(error, "import io, trimesh\nm = trimesh.load(io.StringIO(text), file_type='stl')") is None


def test_a_modeller_that_is_installed_is_named_where_no_scene_is_left() -> None:
    assert "create_box" in str(advice.other_modeller("import open3d as o3d\nmesh = o3d.geometry.TriangleMesh()"))
    assert advice.other_modeller("import trimesh\nopen3d = 3") is None


def test_files_and_pages_of_charts() -> None:
    assert "write the data into the program" in str(chart.hint(FileNotFoundError("sales.csv"), ""))
    assert chart.hint(ValueError("x and y must have same first dimension"), "") is None
    assert edit.hint(RuntimeError("Unable to open /dev/urandom"), "import torch\n") is not None
    assert edit.hint(ValueError("torch"), "x = 1  # import torch") is None
